"""From a run's folder to one file."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ReportError
from apgms_ops.evidence.run import RecordedRun, read_run
from apgms_ops.reports.html import Renderer
from tests.reports.recorded import altered, write_run
from tests.reports.seen import START

DRAWN = '<html><head><meta charset="utf-8"><title>x</title></head><body><script>draw()</script></body></html>'


class Tool:
    """Draws a fixed page, and keeps what it was given."""

    def __init__(self, page: str = DRAWN) -> None:
        """Take the page."""
        self.page = page
        self.trend: list[str] = []
        self.metadata = ""

    def generate(self, staged: Path, output: Path, name: str, deadline: Deadline) -> None:
        """Draw."""
        assert name == "apgms-ops: production"
        assert deadline.remaining > 0
        self.trend = [json.loads(line)["name"] for line in (staged / "history.jsonl").read_text().splitlines()]
        self.metadata = (staged / "results" / "environment.properties").read_text()
        output.mkdir()
        (output / "index.html").write_text(self.page)


def run_of(runs: Path, day: int = 0, **changed: object) -> RecordedRun:
    """Write a run so many days before the last, and read it."""
    return read_run(write_run(runs, START - timedelta(days=day), **changed))  # type: ignore[arg-type]


def test_the_report_is_written_with_its_runs_time_as_title(tmp_path: Path) -> None:
    """Environment and time stand in the title; folders on the way to the file are made; the run is only read."""
    run = run_of(tmp_path / "runs")
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    output = tmp_path / "new" / "report.html"
    assert Renderer(Tool()).render(run, output, Deadline(10)) == 6
    assert "<title>apgms-ops: production, 2026-11-23 02:00:00 UTC</title>" in output.read_text()
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


def test_the_report_says_whether_the_run_is_evidence(tmp_path: Path) -> None:
    """An unsealed run says so; a seal is not said to hold, since nobody verified it here."""
    for sealed, words in ((False, "UNSEALED: a record, and no evidence"), (True, "sealed (not verified here)")):
        tool = Tool()
        Renderer(tool).render(run_of(tmp_path / str(sealed), sealed=sealed), tmp_path / "r.html", Deadline(10))
        assert f"Seal={words}" in tool.metadata


def test_a_report_that_cannot_be_drawn_leaves_the_old_one(tmp_path: Path) -> None:
    """What was there stays whole where the new page is refused, and no draft is left beside it."""
    output = tmp_path / "report.html"
    output.write_text("old")
    leaky = DRAWN.replace("<body>", '<body><img src="https://a.example/x">')
    with pytest.raises(ReportError):
        Renderer(Tool(leaky)).render(run_of(tmp_path / "runs"), output, Deadline(10))
    assert output.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["report.html"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """An output below a file: one line, and no traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="cannot be written"):
        Renderer(Tool()).render(run_of(tmp_path / "runs"), tmp_path / "file" / "report.html", Deadline(10))


def test_the_trend_is_made_of_this_environments_verified_runs(tmp_path: Path) -> None:
    """Another environment's runs, replays, later runs and altered ones are no part of it; as many as are asked for."""
    runs = tmp_path / "runs"
    for day in (5, 4, 3):
        run_of(runs, day)
    write_run(runs, START - timedelta(days=2), name="staging")
    run_of(runs, 1, replay_of="20261119T020000.000Z-production-aaaaaa")
    altered(write_run(runs, START - timedelta(hours=5)))
    run_of(runs, -1)
    tool = Tool()
    Renderer(tool, 2).render(run_of(runs), tmp_path / "report.html", Deadline(10))
    assert tool.trend == ["2026-11-19 02:00 UTC", "2026-11-20 02:00 UTC"]
