"""Run the stand-in of PagerDuty: `python -m apgms_ops.sandbox.pagerduty_process SETTINGS`, until SIGTERM."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from apgms_ops.sandbox.pagerduty_process.api import Api
from apgms_ops.sandbox.pagerduty_process.events import Events
from apgms_ops.sandbox.pagerduty_process.gate import Gate
from apgms_ops.sandbox.pagerduty_process.incidents import Incidents
from apgms_ops.sandbox.pagerduty_process.records import Records
from apgms_ops.sandbox.pagerduty_process.seed import seed
from apgms_ops.sandbox.pagerduty_process.settings import Settings
from apgms_ops.sandbox.standin.control import Control
from apgms_ops.sandbox.standin.web import api_server, control_server, run


def _now() -> datetime:
    return datetime.now(UTC)


def main(path: Path) -> None:
    """Run, with the settings in a file, until SIGTERM."""
    settings = Settings.read(path)
    records = Records(Path(settings.state_file), seed())
    api = Api(records, settings.account, settings.url, _now)
    gate = Gate(api, Events(records, Incidents(records, _now), _now), records, settings)
    run(api_server(settings.port, "PagerDuty", gate), control_server(settings.control_port, Control(records)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
