"""Runs checks on a sandbox as a person would, and reads what they came to."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from apgms_ops.evidence.run import read_run
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict, exit_code

ROOT = Path(__file__).parents[2]
LOOKS = 3

Verdicts = Mapping[str, tuple[Verdict, str]]
"""Node id of a check → what it came to, with what was seen."""


def look(
    sandbox: World,
    *checks: str,
    release: str | None = None,
    seconds: float | None = None,
    environment: str = "sandbox",
) -> Verdicts:
    """Run checks on the sandbox, as a person would, and return the verdicts with what was seen.

    Args:
        sandbox: What is looked at.
        checks: Folders or ids of checks; every one if none is named.
        release: The release that the checks are told to find.
        seconds: For which every probe has time, instead of its own.
        environment: The environment that is looked at, or its file.
    """
    environ = os.environ | {"APGMS_SANDBOX": str(sandbox.root)}
    chosen = checks or ("checks/", "smoke/")
    command = [sys.executable, "-m", "pytest", *chosen, "--env", environment, "-q", "-p", "no:cacheprovider"]
    command += ["-p", "no:hypothesispytest"]  # a person's run has no such plugin, whose import takes seconds
    if release is not None:
        command += ["--release", release]
    if seconds is not None:
        command += ["--deadline", f"{seconds:g}s"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=180, check=False)
    line = next((line for line in done.stdout.splitlines() if line.startswith("evidence ")), None)
    assert line is not None, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    run = read_run(ROOT / line.split()[1].rstrip(","))
    verdicts = {check: (Verdict(body["verdict"]), body["seen"]) for check, body in run.verdicts.items()}
    assert done.returncode == exit_code(verdict for verdict, _ in verdicts.values())
    return verdicts


def function_of(check: str) -> str:
    """Return a node id without its parameters."""
    return check.partition("[")[0]


def red(verdicts: Verdicts) -> dict[str, str]:
    """Return what is not PASS, with what was seen."""
    return {check: f"{verdict}: {seen}" for check, (verdict, seen) in verdicts.items() if verdict is not Verdict.PASS}


def settled(sandbox: World, *checks: str) -> dict[str, str]:
    """Look until all is PASS, three times at most: what heals may rebalance once more while it is being looked at."""
    for _ in range(LOOKS - 1):
        if not red(look(sandbox, *checks)):
            return {}
    return red(look(sandbox, *checks))
