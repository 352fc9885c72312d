"""What Allure's renderer is given."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.errors import ReportError
from apgms_ops.reports.html.staging import Earlier, read_results, stage


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """An empty folder of results."""
    folder = tmp_path / "allure-results"
    folder.mkdir()
    return folder


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """Where the copy goes."""
    folder = tmp_path / "staged"
    folder.mkdir()
    return folder


def write(folder: Path, name: str, status: str = "passed", **attached: str) -> None:
    """Write a result, with a text attached under each name."""
    attachments = []
    for title, text in attached.items():
        kind = "image/svg+xml" if text.startswith("<svg") else "text/csv"
        source = f"{name}-{title}-attachment.csv"
        (folder / source).write_text(text)
        attachments.append({"name": title, "source": source, "type": kind})
    result = {"uuid": name, "historyId": f"h-{name}", "name": name, "status": status, "start": 1, "stop": 3}
    (folder / f"{name}-result.json").write_text(
        json.dumps(result | {"description": "<b>what</b>", "attachments": attachments})
    )


def read(folder: Path, name: str) -> dict[str, Any]:
    """Return a staged result."""
    data: dict[str, Any] = json.loads((folder / f"{name}-result.json").read_text())
    return data


def test_the_runs_own_files_stay_as_they_are(results: Path, staged: Path) -> None:
    """Staging reads the evidence and writes beside it."""
    write(results, "a", table="x,y", picture="<svg/>")
    write(results, "b", table="x,y")
    before = {path.name: path.read_bytes() for path in results.iterdir()}
    assert stage(results, staged, ()) == 2
    assert {path.name: path.read_bytes() for path in results.iterdir()} == before


def test_what_two_checks_attach_alike_is_there_once(results: Path, staged: Path) -> None:
    """The same text under the same name is one file; another name, or another text, is a file of its own."""
    write(results, "a", table="x,y", other="x,y")
    write(results, "b", table="x,y")
    write(results, "c", table="x,z")
    stage(results, staged, ())
    sources = {name: [a["source"] for a in read(staged, name)["attachments"]] for name in "abc"}
    assert sources["a"][0] == sources["b"][0]
    assert len({*sources["a"], *sources["c"]}) == 3
    assert len(list(staged.glob("*-attachment.csv"))) == 3


def test_a_picture_is_shown_as_an_image_beside_escaped_words(results: Path, staged: Path) -> None:
    """A drawing is in the description as an image, in which no script runs; the description itself is text."""
    write(results, "a", lag="<svg><script>x</script></svg>")
    stage(results, staged, ())
    shown = read(staged, "a")["descriptionHtml"]
    assert shown.startswith("<p>&lt;b&gt;what&lt;/b&gt;</p>\n<p><img alt=")
    assert "<script" not in shown


def test_no_message_can_be_taken_for_html(results: Path, staged: Path) -> None:
    """Allure shows messages and traces as HTML: nothing in them opens a tag, in steps and history neither."""
    write(results, "a")
    said = {"message": "lag < 200, <b>green</b> <!-- </pre> <?x", "trace": "<img src=x>"}
    data = read(results, "a") | {"statusDetails": said, "steps": [{"name": "<i>", "statusDetails": said}]}
    (results / "a-result.json").write_text(json.dumps(data))
    stage(results, staged, [Earlier("run-1", ({"historyId": "h-a", "status": "failed", "statusDetails": said},))])
    told = read(staged, "a")
    history = json.loads((staged / "history" / "history.json").read_text())
    for shown in (told["statusDetails"], told["steps"][0]["statusDetails"]):
        assert not re.search("<[A-Za-z/!?]", shown["message"] + shown["trace"])
        assert {key: text.replace("\u2060", "") for key, text in shown.items()} == said
    assert not re.search("<[A-Za-z/!?]", history["h-a"]["items"][0]["statusDetails"])


def test_an_attachment_outside_of_the_folder_is_not_read(results: Path, staged: Path, tmp_path: Path) -> None:
    """A source that points elsewhere, or is a link, brings nothing into the report."""
    (tmp_path / "secret").write_text("hunter22")
    (results / "link-attachment.csv").symlink_to(tmp_path / "secret")
    write(results, "a")
    data = read(results, "a")
    data["attachments"] = [
        {"name": "x", "source": "../secret", "type": "image/svg+xml"},
        {"name": "y", "source": "link-attachment.csv", "type": "image/svg+xml"},
    ]
    (results / "a-result.json").write_text(json.dumps(data))
    stage(results, staged, ())
    assert not any("hunter22" in path.read_text() for path in staged.rglob("*") if path.is_file())
    assert "descriptionHtml" not in read(staged, "a")


def test_earlier_runs_become_the_trend(results: Path, staged: Path) -> None:
    """Counts by status, the newest first, and each check's own past under its history id."""
    write(results, "a", status="failed")
    earlier = [
        Earlier("run-2", ({"historyId": "h-a", "status": "broken", "start": 5, "stop": 9},)),
        Earlier("run-1", ({"historyId": "h-a", "status": "passed", "start": 1, "stop": 2},)),
    ]
    stage(results, staged, earlier)
    trend = json.loads((staged / "history" / "history-trend.json").read_text())
    assert [(point["buildOrder"], point["data"]["broken"], point["data"]["total"]) for point in trend] == [
        (2, 1, 1),
        (1, 0, 1),
    ]
    history = json.loads((staged / "history" / "history.json").read_text())
    assert [item["status"] for item in history["h-a"]["items"]] == ["broken", "passed"]
    assert history["h-a"]["statistic"]["total"] == 2
    assert json.loads((staged / "executor.json").read_text())["buildOrder"] == 3


def test_history_passes_over_what_it_cannot_read(results: Path) -> None:
    """An earlier result that is damaged costs its own point in the trend, and no more."""
    write(results, "a")
    (results / "b-result.json").write_text("{")
    (results / "c-result.json").write_text('["not", "a", "result"]')
    (results / "d-result.json").write_text('{"historyId": "x", "status": "green"}')
    assert [result["name"] for result in read_results(results)] == ["a"]


@pytest.mark.parametrize("damaged", ["{", "[]"])
def test_a_damaged_result_of_the_run_itself_stops_the_report(results: Path, staged: Path, damaged: str) -> None:
    """A result that Allure would leave out in silence would make the report greener than the run."""
    write(results, "a")
    (results / "b-result.json").write_text(damaged)
    with pytest.raises(ReportError, match=r"b-result\.json is not .*damaged"):
        stage(results, staged, ())


def test_no_results_are_an_error(tmp_path: Path, results: Path, staged: Path) -> None:
    """A report of nothing is not drawn: neither without the folder nor from an empty one."""
    with pytest.raises(ReportError, match="holds no results"):
        stage(results, staged, ())
    with pytest.raises(ReportError, match="does not exist"):
        stage(tmp_path / "nowhere", staged, ())
