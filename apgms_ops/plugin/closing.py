"""What is written when a run is over: the result that is shown, and what Allure's report needs beside the results."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from apgms_ops.compliance.waivers import troubles
from apgms_ops.environment import loading
from apgms_ops.errors import EvidenceInvalid, SecretUnreadable
from apgms_ops.evidence.run import RecordedRun, read_run
from apgms_ops.observation import Identity, Observation
from apgms_ops.plugin.options import Options
from apgms_ops.plugin.session import CheckRun
from apgms_ops.redact import Redactor
from apgms_ops.reports import allure
from apgms_ops.reports.history import previous_run
from apgms_ops.reports.model import CheckResult, ProbeResult, RunResult
from apgms_ops.secret import Secret
from apgms_ops.verdict import EXIT_GREEN, EXIT_UNKNOWN, Verdict, exit_code


def result(run: CheckRun, options: Options, checks: tuple[CheckResult, ...], code: int, head: str) -> RunResult:
    """Return what the terminal shows."""
    probes = [ProbeResult(o.probe, o.took, None if o.failure is None else o.failure.cause) for o in _observations(run)]
    return RunResult(
        run=run.folder.id,
        environment=run.environment.name,
        checks=checks,
        probes=tuple(probes),
        previous=previous_run(options.runs, run.environment.name, run.folder.id),
        replay_of=None if options.recorded is None else options.recorded.path.name,
        exit_code=code,
        head=head,
        folder=os.path.relpath(run.path),
        waivers=tuple(troubles(run.waivers, {check.id: str(check.verdict) for check in checks}, datetime.now(UTC))),
    )


def exit_of(status: int, checks: tuple[CheckResult, ...], failed: int, stopped: str, *, strangers: bool) -> int:
    """Return the exit code of a run.

    Args:
        status: Pytest's own.
        checks: What became of each planned check.
        failed: How many tests pytest counts as failed.
        stopped: Why the run was stopped; empty where it was not.
        strangers: Whether something was reported that was not planned.
    """
    code = exit_code(check.verdict for check in checks)
    stopped_by_maxfail = status == pytest.ExitCode.INTERRUPTED and "stopping after" in stopped
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and not stopped_by_maxfail:
        return status
    waived = sum(check.verdict is Verdict.WAIVED for check in checks)
    if code == EXIT_GREEN and (failed > waived or strangers):
        # Something went wrong outside the planned checks: a collection error that was told to be ignored.
        return EXIT_UNKNOWN
    return code


def write_allure(run: CheckRun, folder: str, checks: tuple[CheckResult, ...], seal: str) -> None:
    """Complete the folder of Allure results, and redact it once more.

    Args:
        run: The run.
        folder: Where allure-pytest wrote.
        checks: Every planned check; those that have no result yet are given one.
        seal: What the report says of the run's seal.
    """
    results = Path(folder)
    results.mkdir(parents=True, exist_ok=True)
    environment = run.environment
    allure.write_categories(results)
    write_allure_environment(run, folder, seal)
    allure.write_executor(results, run.folder.id, os.environ)
    there = allure.write_verdicts(results, run.folder.id, checks)
    for check in checks:
        if check.id not in there:
            allure.write_missing(results, check, environment.name, int(time.time() * 1000))
    allure.sweep(results, Redactor(readable_secrets(run)))


def write_allure_environment(run: CheckRun, folder: str, seal: str) -> None:
    """Write what the report says of the run as a whole; again, where a seal did not come about."""
    environment = run.environment
    values = {"Environment": environment.name, "Run": run.folder.id, "Seal": run.redact(seal)}
    values |= {f"Note {number}": note for number, note in enumerate(environment.notes, 1)}
    values |= {f"Identity of {identity.system}": identity.id for identity in identities(run)}
    values["apgms-ops"] = version("apgms-ops")
    allure.write_environment(Path(folder), values)


def identities(run: CheckRun) -> list[Identity]:
    """Return which systems answered, as the observations of the run have it."""
    return list(dict.fromkeys(identity for o in _observations(run) for identity in o.identities))


def _observations(run: CheckRun) -> Iterator[Observation]:
    recorded: RecordedRun = read_run(run.path)
    for name in recorded.observations:
        try:
            observation = recorded.observation(name)
        except EvidenceInvalid:
            # Its check has said so already; the summary of the rest is still worth having.
            continue
        if observation is not None:
            yield observation


def readable_secrets(run: CheckRun) -> Iterator[Secret]:
    """Yield every secret of the environment that can be read here."""
    # The controller of pytest -n reads no secrets for itself: the workers do, each those that its checks need.
    for reference in loading.secrets_of(run.environment):
        try:
            yield reference.read(os.environ)
        except SecretUnreadable:
            continue
