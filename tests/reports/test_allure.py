"""What the Allure report is given beside the results."""

import json
from pathlib import Path

import pytest

from apgms_ops.redact import Redactor
from apgms_ops.reports import allure
from apgms_ops.reports.model import CheckResult
from apgms_ops.reports.tables import tables
from apgms_ops.secret import Secret
from apgms_ops.verdict import Verdict


def test_a_property_is_one_line_however_hostile_its_value(tmp_path: Path) -> None:
    """Line breaks, backslashes and foreign letters in keys and values are escaped as Java reads them."""
    allure.write_environment(tmp_path, {"Note 1": "a\nb\\c é 😀", "k=v:#": "x=y"})
    assert (tmp_path / "environment.properties").read_text() == (
        "Note\\ 1=a\\u000ab\\\\c \\u00e9 \\ud83d\\ude00\nk\\=v\\:\\#=x=y\n"
    )


def test_the_sweep_masks_texts_and_leaves_numbers(tmp_path: Path) -> None:
    """Known secrets, tokens and tax file numbers are masked in every text; a typed number that looks like one stays."""
    (tmp_path / "a-result.json").write_text(json.dumps({"message": "hunter22 and 123 456 782", "start": 123456782}))
    (tmp_path / "b-attachment.csv").write_text("group,lag\nhunter22,5\n")
    assert allure.sweep(tmp_path, Redactor([Secret("hunter22")])) == 2
    assert json.loads((tmp_path / "a-result.json").read_text())["start"] == 123456782
    everything = "".join(file.read_text() for file in tmp_path.iterdir())
    assert "hunter22" not in everything
    assert "123 456 782" not in everything


def test_a_ci_run_links_its_job(tmp_path: Path) -> None:
    """Under GitHub Actions the executor names the workflow and links the run; elsewhere it says that it was local."""
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "apgms/ops",
        "GITHUB_RUN_ID": "77",
        "GITHUB_WORKFLOW": "daily",
        "GITHUB_ACTOR": "ann",
    }
    allure.write_executor(tmp_path, "run-1", environ)
    executor = json.loads((tmp_path / "executor.json").read_text())
    assert executor["buildUrl"] == "https://github.example/apgms/ops/actions/runs/77"
    assert executor["name"] == "daily (ann)"
    allure.write_executor(tmp_path, "run-1", {})
    assert json.loads((tmp_path / "executor.json").read_text())["name"] == "local run"


def test_every_status_has_its_category(tmp_path: Path) -> None:
    """Failed, could not be observed, waived and absent are told apart in the report."""
    allure.write_categories(tmp_path)
    categories = json.loads((tmp_path / "categories.json").read_text())
    assert {status for category in categories for status in category["matchedStatuses"]} == {
        "failed",
        "broken",
        "skipped",
    }


def test_records_become_tables_and_no_formulas() -> None:
    """Every list of records in the facts is a CSV table, and a text that a spreadsheet would run is made harmless."""
    facts = {
        "at": "x",
        "groups": [{"name": "=cmd()", "lag": -3, "topics": ["a", "b"], "rows": [{"p": 0}]}, {"name": "b"}],
    }
    assert dict(tables(facts)) == {"groups": "name,lag,topics\n'=cmd(),-3,a b\nb,,\n"}


def test_lists_of_alike_records_are_one_table() -> None:
    """Lists by name are one table that tells whose each row is; lists of other records are tables of their own."""
    alike = {"pay": [{"seq": 1}, {"seq": 2}], "close": [], "log-in": [{"seq": 3}]}
    assert dict(tables({"events": alike})) == {"events": "of,seq\npay,1\npay,2\nlog-in,3\n"}
    assert dict(tables({"of": {"pods": [{"name": "a"}], "runs": [{"id": 1}]}})) == {
        "of.pods": "name\na\n",
        "of.runs": "id\n1\n",
    }
    assert dict(tables({"pods": [{"id": 1}], "runs": [{"id": 2}]})) == {"pods": "id\n1\n", "runs": "id\n2\n"}


@pytest.mark.parametrize(
    ("verdict", "status", "message"),
    [
        (Verdict.PASS, "passed", None),
        (Verdict.FAIL, "failed", "FAIL: 480 behind"),
        (Verdict.WAIVED, "failed", "WAIVED: 480 behind"),
        (Verdict.UNKNOWN, "broken", "UNKNOWN: 480 behind"),
        (Verdict.SKIPPED, "skipped", "SKIPPED: 480 behind"),
    ],
)
@pytest.mark.parametrize("written", ["passed", "failed", "broken", "skipped"])
def test_the_report_shows_the_ledgers_verdict(
    tmp_path: Path, verdict: Verdict, status: str, message: str | None, written: str
) -> None:
    """Whatever status was written while the checks ran, a result has that of its verdict, with what was seen."""
    labels = [
        {"name": "control", "value": "x"},
        {"name": allure.CHECK_LABEL, "value": "checks/a.py::b"},
        {"name": allure.RUN_LABEL, "value": "r1"},
    ]
    details = {"message": "assert not 480 behind\n + where 480 behind = ConsumerLag(...)", "trace": "t" * 20_000}
    file = tmp_path / "a-result.json"
    file.write_text(json.dumps({"status": written, "labels": labels, "statusDetails": details}))
    check = CheckResult("checks/a.py::b", "B.", verdict, "480 behind", "daily-checks", 3, "Kafka lag", 0.1)
    allure.write_verdicts(tmp_path, "r1", [check])
    result = json.loads(file.read_text())
    assert result["status"] == status
    assert result.get("statusDetails", {}).get("message") == message
    assert ("trace" in result.get("statusDetails", {})) == (verdict is Verdict.UNKNOWN)
    assert len(file.read_text()) < 10_000


def test_results_of_no_planned_check_are_left_alone(tmp_path: Path) -> None:
    """A result without our label, or that is no result at all, stays as whoever wrote it left it."""
    texts = {"a-result.json": '{"status": "passed"}', "b-result.json": "{", "c-result.json": "[]"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    allure.write_verdicts(tmp_path, "r1", [])
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == texts
