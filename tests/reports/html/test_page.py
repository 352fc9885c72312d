"""From a run's folder to one file."""

import json
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ReportError
from apgms_ops.evidence.ledger import CLOSE
from apgms_ops.evidence.run import RecordedRun, RunFolder, read_run
from apgms_ops.reports.html import Renderer

DRAWN = '<html><head><meta charset="utf-8"><title>x</title></head><body><script>draw()</script></body></html>'


class Tool:
    """Draws a fixed page, and keeps what it was given."""

    def __init__(self, page: str = DRAWN) -> None:
        """Take the page."""
        self.page = page
        self.trend: list[str] = []

    def generate(self, results: Path, output: Path, name: str, deadline: Deadline) -> None:
        """Draw."""
        assert name == "apgms-ops: toy"
        assert deadline.remaining > 0
        self.trend = [point["reportName"] for point in json.loads((results / "history/history-trend.json").read_text())]
        output.mkdir()
        (output / "index.html").write_text(self.page)


def make(runs: Path, name: str, environment: str = "toy", replay_of: str | None = None) -> RecordedRun:
    """Make a finished run with one result."""
    folder = RunFolder(runs / name)
    folder.ledger.begin({"environment": environment, "checks": [], "replay_of": replay_of})
    folder.ledger.append(CLOSE, {"planned": 1})
    (folder.path / "allure-results").mkdir()
    result = {"uuid": "a", "historyId": "h", "name": "a", "status": "passed"}
    (folder.path / "allure-results" / "a-result.json").write_text(json.dumps(result))
    return read_run(folder.path)


def test_the_report_is_written_with_its_runs_time_as_title(tmp_path: Path) -> None:
    """Environment and time stand in the title; folders on the way to the file are made."""
    run = make(tmp_path / "runs", "20261123T020000Z-toy-aaaaaa")
    output = tmp_path / "new" / "report.html"
    assert Renderer(Tool()).render(run, output, Deadline(10)) == 1
    assert "<title>apgms-ops: toy, 2026-11-23 02:00:00 UTC</title>" in output.read_text()


def test_a_report_that_cannot_be_drawn_leaves_the_old_one(tmp_path: Path) -> None:
    """What was there stays whole where the new page is refused, and no draft is left beside it."""
    run = make(tmp_path / "runs", "20261123T020000Z-toy-aaaaaa")
    output = tmp_path / "report.html"
    output.write_text("old")
    leaky = DRAWN.replace("<body>", '<body><img src="https://a.example/x">')
    with pytest.raises(ReportError):
        Renderer(Tool(leaky)).render(run, output, Deadline(10))
    assert output.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["report.html"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """An output below a file: one line, and no traceback."""
    run = make(tmp_path / "runs", "20261123T020000Z-toy-aaaaaa")
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="cannot be written"):
        Renderer(Tool()).render(run, tmp_path / "file" / "report.html", Deadline(10))


def test_the_trend_is_made_of_this_environments_verified_runs(tmp_path: Path) -> None:
    """Another environment's runs, replays, later runs and altered ones are no part of it; the newest comes first."""
    runs = tmp_path / "runs"
    make(runs, "20261119T020000Z-toy-aaaaaa")
    make(runs, "20261120T020000Z-toy-bbbbbb")
    make(runs, "20261120T030000Z-other-cccccc", environment="other")
    make(runs, "20261120T040000Z-toy-dddddd", replay_of="20261119T020000Z-toy-aaaaaa")
    altered = make(runs, "20261120T050000Z-toy-eeeeee").path / "ledger.jsonl"
    altered.write_text(altered.read_text().replace('"planned":1', '"planned":2'))
    make(runs, "20261124T020000Z-toy-ffffff")
    run = make(runs, "20261123T020000Z-toy-999999")
    tool = Tool()
    Renderer(tool).render(run, tmp_path / "report.html", Deadline(10))
    assert tool.trend == ["20261120T020000Z-toy-bbbbbb", "20261119T020000Z-toy-aaaaaa"]
