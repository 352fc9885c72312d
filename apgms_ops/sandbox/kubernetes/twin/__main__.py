"""`python -m apgms_ops.sandbox.kubernetes.twin`: have the real control plane's programs, so that nobody waits later.

Ends with 0 where they are here, and with 1 and the reason where they cannot be had.
"""

import signal
import sys
import tempfile
from pathlib import Path

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.kubernetes.twin.programs import Programs
from apgms_ops.sandbox.world import World

_BUILDING = 3600.0
"""Seconds; about ten minutes on two cores."""


def main() -> int:
    """Build what is missing; told to end, take the compilers down as well."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="apgms-ops-") as folder:
        world = World(Path(folder) / "world", report=_say)
        programs = Programs(world.cache)
        try:
            programs.ensure(world, Deadline(_BUILDING))
        except SandboxError as error:
            _say(f"no real Kubernetes, and so no contract tests on one: {error}")
            return 1
    _say(f"{programs}: its programs are here")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
