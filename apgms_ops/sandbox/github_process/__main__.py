"""Run the stand-in of GitHub: `python -m apgms_ops.sandbox.github_process SETTINGS`, until SIGTERM."""

import sys
from pathlib import Path

from apgms_ops.sandbox.github_process.actions import Actions
from apgms_ops.sandbox.github_process.api import Api
from apgms_ops.sandbox.github_process.gate import Gate
from apgms_ops.sandbox.github_process.git import Git
from apgms_ops.sandbox.github_process.pulls import Pulls
from apgms_ops.sandbox.github_process.records import Records
from apgms_ops.sandbox.github_process.settings import Settings
from apgms_ops.sandbox.standin.control import Control
from apgms_ops.sandbox.standin.web import api_server, control_server, run


def main(path: Path) -> None:
    """Run, with the settings in a file, until SIGTERM."""
    settings = Settings.read(path)
    records, git = Records(Path(settings.state_file)), Git(settings.repository)
    actions = Actions(records, git, settings)
    actions.begin()
    gate = Gate(Api(records, git, actions, settings), records, settings)
    # What people do with pull requests is an order as well: with one token there is one person to be.
    people = Pulls(records, git).order
    control = Control(records, dict.fromkeys(("/pulls", "/reviews", "/close"), people))
    run(api_server(settings.port, "github.com", gate), control_server(settings.control_port, control))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
