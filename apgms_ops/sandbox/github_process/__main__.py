"""Run the stand-in of GitHub: `python -m apgms_ops.sandbox.github_process SETTINGS`, until SIGTERM."""

import signal
import sys
import threading
from pathlib import Path

from apgms_ops.sandbox.github_process.actions import Actions
from apgms_ops.sandbox.github_process.api import Api
from apgms_ops.sandbox.github_process.control import Control
from apgms_ops.sandbox.github_process.gate import Gate
from apgms_ops.sandbox.github_process.git import Git
from apgms_ops.sandbox.github_process.pulls import Pulls
from apgms_ops.sandbox.github_process.records import Records
from apgms_ops.sandbox.github_process.settings import Settings
from apgms_ops.sandbox.github_process.web import api_server, control_server


def main(path: Path) -> None:
    """Run, with the settings in a file, until SIGTERM."""
    settings = Settings.read(path)
    asked_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: asked_to_end.set())
    records, git = Records(Path(settings.state_file)), Git(settings.repository)
    actions = Actions(records, git, settings)
    actions.begin()
    gate = Gate(Api(records, git, actions, settings), records, settings)
    control = Control(records, Pulls(records, git))
    for server in (api_server(settings.port, gate), control_server(settings.control_port, control)):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    asked_to_end.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
