"""Run the stand-in of PagerDuty: `python -m apgms_ops.sandbox.pagerduty_process SETTINGS`, until SIGTERM."""

import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from apgms_ops.sandbox.pagerduty_process.api import Api
from apgms_ops.sandbox.pagerduty_process.control import Control
from apgms_ops.sandbox.pagerduty_process.events import Events
from apgms_ops.sandbox.pagerduty_process.gate import Gate
from apgms_ops.sandbox.pagerduty_process.incidents import Incidents
from apgms_ops.sandbox.pagerduty_process.records import Records
from apgms_ops.sandbox.pagerduty_process.seed import seed
from apgms_ops.sandbox.pagerduty_process.settings import Settings
from apgms_ops.sandbox.pagerduty_process.web import api_server, control_server


def _now() -> datetime:
    return datetime.now(UTC)


def main(path: Path) -> None:
    """Run, with the settings in a file, until SIGTERM."""
    settings = Settings.read(path)
    asked_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: asked_to_end.set())
    records = Records(Path(settings.state_file), seed())
    api = Api(records, settings.account, settings.url, _now)
    gate = Gate(api, Events(records, Incidents(records, _now), _now), records, settings)
    for server in (api_server(settings.port, gate), control_server(settings.control_port, Control(records))):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    asked_to_end.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
