"""Run one service: `python -m apgms_ops.sandbox.service_process SETTINGS`, until SIGTERM."""

import importlib
import signal
import sys
import threading
from pathlib import Path
from typing import Final

from apgms_ops.sandbox.service_process.frame import Frame
from apgms_ops.sandbox.service_process.settings import Settings

_MODULES: Final = {
    "api-gateway": "gateway",
    "registries": "registries",
    "audit": "audit",
    "payments": "payments",
    "bank": "bank",
    "abr": "abr",
}
"""Service → its module, which has SWITCHES, a Spec, and `build`, which adds the service to a Frame."""


def main(path: Path) -> None:
    """Run, with the settings in a file, until SIGTERM."""
    asked_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: asked_to_end.set())
    settings = Settings.read(path)
    module = importlib.import_module(f"{__package__}.{_MODULES[settings.service]}")
    frame = Frame(settings, module.SWITCHES)
    module.build(frame)
    frame.run(asked_to_end)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
