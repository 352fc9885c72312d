"""The run before a run."""

from pathlib import Path

from apgms_ops.evidence.earlier import earlier_runs
from apgms_ops.reports.model import Previous
from apgms_ops.verdict import Verdict


def previous_run(runs: Path, environment: str, before: str) -> Previous | None:
    """Return the newest of the environment's earlier runs, or None if there is none."""
    run = next(earlier_runs(runs, environment, before), None)
    if run is None:
        return None
    return Previous(run.path.name, {check: Verdict(body["verdict"]) for check, body in run.verdicts.items()})
