"""From a run's folder to one HTML file."""

import tempfile
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ReportError
from apgms_ops.evidence.earlier import earlier_runs
from apgms_ops.evidence.run import RecordedRun
from apgms_ops.reports.allure import write_environment
from apgms_ops.reports.html.offline import offline
from apgms_ops.reports.html.results import environment_of, write_history, write_results
from apgms_ops.reports.sealing import sealing
from apgms_ops.reports.told import began, outcome, told

HISTORY: Final = 30
"""Earlier runs in the trend, unless another number is asked for."""


class Tool(Protocol):
    """What turns a folder with Allure's results and their history into `output/index.html`."""

    def generate(self, staged: Path, output: Path, name: str, deadline: Deadline) -> None:
        """Draw the report, or raise ReportError."""


class Renderer:
    """Draws the reports of runs. A run's own files are only read."""

    def __init__(self, tool: Tool, history: int = HISTORY) -> None:
        """Take what draws, and how many earlier runs the trend shows."""
        self._tool = tool
        self._history = history

    def render(self, run: RecordedRun, output: Path, deadline: Deadline) -> int:
        """Draw the report of a run into the file `output`, and return how many results it shows.

        Raises:
            ReportError: It could not be drawn; then `output` is as it was before.
        """
        name = f"apgms-ops: {run.environment}"
        with tempfile.TemporaryDirectory(prefix="apgms-report-") as folder:
            staged, drawn = Path(folder) / "staged", Path(folder) / "drawn"
            results = staged / "results"
            results.mkdir(parents=True)
            count = write_results(run, results)
            write_environment(results, metadata(run))
            earlier = earlier_runs(run.path.parent, run.environment, run.path.name)
            write_history(islice(earlier, self._history), staged / "history.jsonl")
            self._tool.generate(staged, drawn, name, deadline)
            page = offline((drawn / "index.html").read_text(encoding="utf-8"), f"{name}, {_time(began(run))}")
        write_page(output, page)
        return count


def metadata(run: RecordedRun) -> dict[str, str]:
    """Return what the report says of the run as a whole."""
    came = outcome(run, told(run))
    counts = ", ".join(f"{number} {verdict}" for verdict, number in came.counts.items())
    values = {
        "Environment": run.environment,
        "Outcome": f"{came.verdict} ({counts})" + (f": {came.why}" if came.why else ""),
        "Seal": sealing(run.path),
        "Run": run.path.name,
        "Planned": _time(began(run)),
        "Release": str(run.plan.get("release") or "not told"),
        "Ledger head": run.head,
    }
    if run.is_replay:
        values["Replay of"] = str(run.plan["replay_of"])
    environment = environment_of(run)
    if environment is not None:
        values |= {f"Note {number}": note for number, note in enumerate(environment.notes, 1)}
    return values


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def write_page(output: Path, page: str) -> None:
    """Write a page so that nobody sees half of it.

    Raises:
        ReportError: It cannot be written; then what was there is as it was.
    """
    # Beside its place and then moved: whoever opens it meanwhile sees the old one, and never half a page.
    draft = output.with_name(f".{output.name}.draft")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(page, encoding="utf-8")
            draft.replace(output)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        msg = f"{output} cannot be written: {error.strerror or error}"
        raise ReportError(msg) from error
