"""What is written when a run is over: the result that is shown, and what Allure's report needs beside the results."""

import os
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from apgms_ops.environment import loading
from apgms_ops.errors import EvidenceInvalid, SecretUnreadable
from apgms_ops.evidence.run import RecordedRun, read_run
from apgms_ops.observation import Observation
from apgms_ops.plugin.options import Options
from apgms_ops.plugin.session import CheckRun
from apgms_ops.redact import Redactor
from apgms_ops.reports import allure
from apgms_ops.reports.history import previous_run
from apgms_ops.reports.model import CheckResult, ProbeResult, RunResult
from apgms_ops.secret import Secret


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
    )


def write_allure(run: CheckRun, folder: str, checks: tuple[CheckResult, ...]) -> None:
    """Complete the folder of Allure results, and redact it once more.

    Args:
        run: The run.
        folder: Where allure-pytest wrote.
        checks: Every planned check; those that have no result yet are given one.
    """
    results = Path(folder)
    results.mkdir(parents=True, exist_ok=True)
    environment = run.environment
    values = {"Environment": environment.name, "Run": run.folder.id}
    values |= {f"Note {number}": note for number, note in enumerate(environment.notes, 1)}
    values |= {f"Identity of {i.system}": i.id for o in _observations(run) for i in o.identities}
    values["apgms-ops"] = version("apgms-ops")
    allure.write_categories(results)
    allure.write_environment(results, values)
    allure.write_executor(results, run.folder.id, os.environ)
    there = allure.write_verdicts(results, run.folder.id, checks)
    for check in checks:
        if check.id not in there:
            allure.write_missing(results, check, environment.name, int(time.time() * 1000))
    allure.sweep(results, Redactor(_readable_secrets(run)))


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


def _readable_secrets(run: CheckRun) -> Iterator[Secret]:
    # The controller of pytest -n reads no secrets for itself: the workers do, each those that its checks need.
    for reference in loading.secrets_of(run.environment):
        try:
            yield reference.read(os.environ)
        except SecretUnreadable:
            continue
