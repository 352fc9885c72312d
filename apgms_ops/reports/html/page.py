"""From a run's folder to one HTML file."""

import tempfile
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ReportError
from apgms_ops.evidence.earlier import earlier_runs
from apgms_ops.evidence.run import RecordedRun
from apgms_ops.reports.html.offline import offline
from apgms_ops.reports.html.staging import Earlier, read_results, stage

RESULTS: Final = "allure-results"
_HISTORY: Final = 20
"""Earlier runs in the trend."""


class Tool(Protocol):
    """What turns a folder of Allure results into `output/index.html`."""

    def generate(self, results: Path, output: Path, name: str, deadline: Deadline) -> None:
        """Draw the report, or raise ReportError."""


class Renderer:
    """Draws the reports of runs. A run's own files are only read."""

    def __init__(self, tool: Tool) -> None:
        """Take what draws."""
        self._tool = tool

    def render(self, run: RecordedRun, output: Path, deadline: Deadline) -> int:
        """Draw the report of a run into the file `output`, and return how many results it shows.

        Raises:
            ReportError: It could not be drawn; then `output` is as it was before.
        """
        name = f"apgms-ops: {run.environment}"
        with tempfile.TemporaryDirectory(prefix="apgms-report-") as folder:
            results, drawn = Path(folder) / "results", Path(folder) / "drawn"
            results.mkdir()
            count = stage(run.path / RESULTS, results, islice(_earlier(run), _HISTORY))
            self._tool.generate(results, drawn, name, deadline)
            page = offline((drawn / "index.html").read_text(encoding="utf-8"), f"{name}, {_began(run.path.name)}")
        _write(output, page)
        return count


def _earlier(run: RecordedRun) -> Iterator[Earlier]:
    for before in earlier_runs(run.path.parent, run.environment, run.path.name):
        results = tuple(read_results(before.path / RESULTS))
        if results:
            yield Earlier(before.path.name, results)


def _began(run: str) -> str:
    """Return when a run began, from its id; the id itself where it does not say."""
    try:
        at = datetime.fromisoformat(run.partition("-")[0])
    except ValueError:
        return run
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _write(output: Path, page: str) -> None:
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
