"""Runs pytest as a child process over checks that a test writes: exit codes and crashes are only real that way."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from apgms_ops.evidence.run import RecordedRun, read_run

ENVIRONMENT = """
name = "toy"
[services.api-gateway]
deployment = "api-gateway"
replicas = 2
objectives = [{ kind = "availability", target = "99.9%", window = "30d", source = "runbook: Service Overview" }]
[services.audit]
deployment = "audit"
replicas = 1
objectives = [{ kind = "persistence", target = "100%", source = "runbook: Service Overview" }]
"""
PROBES = '''
from dataclasses import dataclass
from apgms_ops.probes import probe

@dataclass(frozen=True, slots=True)
class Number:
    value: int

@probe(deadline=20)
def one() -> Number:
    """The number one."""
    return Number(1)
'''
MARK = 'import pytest\npytestmark = pytest.mark.runbook("daily-checks", 3)\n'
INI = "[pytest]\naddopts = --import-mode=importlib --strict-markers -p no:cacheprovider\nverbosity_assertions = 2\n"


@dataclass(frozen=True)
class Finished:
    """A child process that is over."""

    code: int
    output: str
    folder: Path

    @property
    def run(self) -> RecordedRun:
        """The newest run of the folder, verified."""
        # By time, not by name: of two runs within one second, the names sort by environment.
        runs = (self.folder / "reports" / "runs").iterdir()
        return read_run(max(runs, key=lambda run: (run / "ledger.jsonl").stat().st_mtime_ns))

    @property
    def verdicts(self) -> dict[str, str]:
        """Name of each check, without its file → its verdict in the ledger."""
        return {check.partition("::")[2]: body["verdict"] for check, body in self.run.verdicts.items()}

    @property
    def seen(self) -> dict[str, str]:
        """Name of each check → what the ledger says was seen."""
        return {check.partition("::")[2]: body["seen"] for check, body in self.run.verdicts.items()}

    def allure(self) -> list[dict[str, Any]]:
        """The results that the newest run wrote for Allure."""
        results = self.run.path / "allure-results"
        return [json.loads(file.read_text()) for file in results.glob("*-result.json")]


class Site:
    """A folder with an environment, probes and checks, in which pytest is run."""

    def __init__(self, folder: Path) -> None:
        """Make a site with one environment and one probe."""
        self.folder = folder
        self.write("pytest.ini", INI)
        self.write("environments/toy.toml", ENVIRONMENT)
        self.write("conftest.py", PROBES)

    def write(self, name: str, text: str) -> None:
        """Write a file of the site."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")

    def probes(self, text: str) -> None:
        """Add probes."""
        self.write("conftest.py", PROBES + dedent(text))

    def checks(self, text: str, name: str = "test_checks.py") -> None:
        """Write checks, all of one step of the runbook."""
        self.write(name, MARK + dedent(text))

    def start(self, *arguments: str, environ: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """Start pytest."""
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME") or k.startswith("COVERAGE_")}
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=self.folder,
            env=kept | {"COLUMNS": "200", **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def finish(self, process: "subprocess.Popen[str]") -> Finished:
        """Wait for a child's end."""
        output, _ = process.communicate(timeout=90)
        return Finished(process.returncode, output, self.folder)

    def run(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Finished:
        """Run pytest to its end."""
        return self.finish(self.start(*arguments, environ=environ))

    def interrupt_when(self, condition: Callable[[], bool], *arguments: str) -> Finished:
        """Run pytest, and press Ctrl-C once the condition holds."""
        # Under nohup, or behind `&` in a script, Ctrl-C is ignored, and children inherit that.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            process = self.start(*arguments)
        finally:
            signal.signal(signal.SIGINT, before)
        until = time.monotonic() + 60
        while not condition() and time.monotonic() < until and process.poll() is None:
            time.sleep(0.05)
        # As a terminal does it: to every process of the group.
        os.killpg(process.pid, signal.SIGINT)
        return self.finish(process)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A folder in which checks can be run."""
    return Site(tmp_path)
