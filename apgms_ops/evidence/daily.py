"""Which runs count as the daily checks of an environment, and whether the next one is overdue."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from apgms_ops.evidence.earlier import earlier_runs
from apgms_ops.evidence.run import RecordedRun
from apgms_ops.verdict import EXIT_FAIL, EXIT_GREEN, EXIT_UNKNOWN

SECTION: Final = "daily-checks"
AFTER_ALL: Final = "~"
"""Sorts behind the name of every run."""
SKEW: Final = timedelta(minutes=5)
"""How far in the future a run may lie: clocks differ."""
_CAME_TO_AN_END: Final = (EXIT_GREEN, EXIT_FAIL, EXIT_UNKNOWN)


@dataclass(frozen=True, slots=True)
class Daily:
    """A run that counts."""

    run: str
    at: datetime
    """When it was planned."""


def counts(run: RecordedRun, steps: frozenset[int]) -> bool:
    """Whether a verified run is one of the daily checks: all of their steps, to the end, and not judged anew.

    Args:
        run: The run.
        steps: The steps of the runbook's daily checks that have checks: a run of some of them is none.
    """
    if run.close is None or run.is_replay or run.close.get("exit") not in _CAME_TO_AN_END:
        return False
    planned = {check["runbook"][1] for check in run.plan["checks"] if check["runbook"][0] == SECTION}
    return bool(steps) and steps <= planned


def began(run: RecordedRun) -> datetime:
    """Return when a run was planned."""
    return datetime.fromisoformat(run.plan["planned_at"])


def newest(runs: Path, environment: str, steps: frozenset[int], now: datetime) -> Daily | None:
    """Return the newest run of the daily checks; None where there is none.

    A run that lies in the future counts for nothing: a clock was wrong, and nobody knows when it was.

    Args:
        runs: The folder of runs.
        environment: Whose.
        steps: See `counts`.
        now: The present.
    """
    for run in earlier_runs(runs, environment, AFTER_ALL):
        if counts(run, steps) and began(run) <= now + SKEW:
            return Daily(run.path.name, began(run))
    return None


def environment_of(folder: Path) -> str:
    """Return the environment of a run, as its folder is called."""
    return folder.name.partition("-")[2].rpartition("-")[0]


def environments(runs: Path) -> Iterator[str]:
    """Yield the environments of which there are runs, as their folders are called, each once."""
    if not runs.is_dir():
        return
    seen: set[str] = set()
    for folder in sorted(runs.iterdir()):
        name = environment_of(folder)
        if name and name not in seen and (folder / "ledger.jsonl").is_file():
            seen.add(name)
            yield name
