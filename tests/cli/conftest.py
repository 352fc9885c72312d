"""A site with checks in all three folders of the gate, on which the real command is run as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from apgms_ops.cli.gate import FOLDERS
from apgms_ops.evidence.run import RecordedRun, read_run
from tests.plugin.conftest import MARK, Site

COMMAND = "import sys; from apgms_ops.cli import main; sys.exit(main())"
GREEN = '''
def test_sees(one):
    """It sees one."""
    assert one.value == 1
'''
RED = '''
def test_sees(one):
    """It sees two."""
    assert one.value == 2, "one is 1 (limit 2)"
'''
UNKNOWN = '''
def test_sees(one):
    """It is blind."""
    raise OSError("no route")
    assert one.value == 1
'''


@dataclass(frozen=True)
class Gated:
    """A gate that is over."""

    code: int
    out: str
    err: str


class GateSite(Site):
    """A site with one check in each folder of the gate."""

    def __init__(self, folder: Path) -> None:
        """Make it green."""
        super().__init__(folder)
        for name in FOLDERS:
            self.folder_of_checks(name, GREEN)

    def folder_of_checks(self, name: str, text: str) -> None:
        """Write the checks of one folder."""
        self.write(f"{name}/test_{name.replace('/', '_')}.py", MARK + text)

    def start_gate(self, *options: str, environ: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """Start the command."""
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME") or k.startswith("COVERAGE_")}
        return subprocess.Popen(
            [sys.executable, "-c", COMMAND, "gate", *options],
            cwd=self.folder,
            env=kept | {"COLUMNS": "200", **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def gate(self, *options: str, environ: Mapping[str, str] | None = None) -> Gated:
        """Run the command to its end, for release v1.4.2 of the toy unless the options say otherwise."""
        given = options if any(o.startswith("--release") for o in options) else ("--release", "v1.4.2", *options)
        given = given if any(o.startswith("--env") for o in given) else ("--env", "toy", *given)
        return self.ended(self.start_gate(*given, environ=environ))

    def ended(self, process: "subprocess.Popen[str]") -> Gated:
        """Wait for its end."""
        out, err = process.communicate(timeout=90)
        return Gated(process.returncode, out, err)

    def signalled(self, number: signal.Signals, condition: Callable[[], bool], *options: str) -> Gated:
        """Run the command, and send it alone a signal once the condition holds: the child must hear of it from it."""
        process = self.start_gate("--env", "toy", "--release", "v1.4.2", *options)
        until = time.monotonic() + 60
        while not condition() and time.monotonic() < until and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(number)
        return self.ended(process)

    def recorded(self) -> list[RecordedRun]:
        """Every run that is kept, in order."""
        return [read_run(folder) for folder in sorted((self.folder / "reports" / "runs").iterdir())]


@pytest.fixture
def gate_site(tmp_path: Path) -> GateSite:
    """A site that is green."""
    return GateSite(tmp_path)
