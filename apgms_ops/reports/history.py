"""The runs of an environment that are kept on this machine."""

from collections.abc import Iterator
from pathlib import Path

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.run import RecordedRun, read_run
from apgms_ops.reports.model import Previous
from apgms_ops.verdict import Verdict


def earlier_runs(runs: Path, environment: str, before: str) -> Iterator[RecordedRun]:
    """Yield the finished runs of the environment before the run `before`, the newest first; replays are none.

    A run whose ledger does not verify or was never closed says nothing, and is passed over.
    """
    if not runs.is_dir():
        return
    # A run's name starts with its time, so the names sort by age.
    for folder in sorted((f for f in runs.iterdir() if f.name < before), reverse=True):
        if f"-{environment}-" not in folder.name:
            continue
        try:
            run = read_run(folder)
        except EvidenceInvalid:
            continue
        if run.close is None or run.is_replay or run.environment != environment:
            continue
        yield run


def previous_run(runs: Path, environment: str, before: str) -> Previous | None:
    """Return the newest of the environment's earlier runs, or None if there is none."""
    run = next(earlier_runs(runs, environment, before), None)
    if run is None:
        return None
    return Previous(run.path.name, {check: Verdict(body["verdict"]) for check, body in run.verdicts.items()})
