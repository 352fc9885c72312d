"""What Allure is given: the ledger's verdicts, the recorded observations, and nothing that no digest covers."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.errors import EvidenceInvalid, ReportError
from apgms_ops.evidence.run import read_run
from apgms_ops.probes.error_budgets import error_budgets
from apgms_ops.reports.html.results import write_history, write_results
from tests.reports.recorded import CATALOGUE, planned, write_run
from tests.reports.seen import START, observed, refused

HOSTILE = "<script>x</script><img src=x onerror=x>"


def results(run: Path, folder: Path) -> list[dict[str, Any]]:
    """Return what is written of a run."""
    folder.mkdir()
    count = write_results(read_run(run), folder)
    found = [json.loads(path.read_text()) for path in sorted(folder.glob("*-result.json"))]
    assert len(found) == count
    return found


def values(result: dict[str, Any], name: str) -> list[str]:
    """Return the values of a label."""
    return [label["value"] for label in result["labels"] if label["name"] == name]


def test_every_verdict_is_told_in_our_words_and_allures(tmp_path: Path) -> None:
    """The title begins with the verdict unless it is PASS, and WAIVED and UNKNOWN are no kind of passed."""
    verdicts = {0: "WAIVED", 1: "UNKNOWN", 2: "FAIL", 4: "SKIPPED"}
    found = results(write_run(tmp_path / "runs", verdicts=verdicts), tmp_path / "results")
    assert [one["status"] for one in found] == ["failed", "broken", "failed", "passed", "skipped", "passed"]
    assert [one["name"].partition(" · ")[0] for one in found[:3]] == ["WAIVED", "UNKNOWN", "FAIL"]
    assert found[3]["name"] == "No payment waits for its reconciliation as long as the limit. (payments)"
    assert [values(one, "verdict") for one in found[:3]] == [["WAIVED"], ["UNKNOWN"], ["FAIL"]]
    assert "the executor is being resized" in found[0]["statusDetails"]["message"]
    assert "raw verdict FAIL" in found[0]["descriptionHtml"]


def test_a_check_stands_under_its_step_its_service_and_its_controls(tmp_path: Path) -> None:
    """The report groups by all three, and what has no service or no control is found as well."""
    checks = planned()
    checks[5]["controls"] = []
    found = results(write_run(tmp_path / "runs", checks=checks), tmp_path / "results")
    assert values(found[1], "group") == [
        "Runbook · daily-checks 4. Error budget",
        "Service · api-gateway",
        "Control · security-monitoring",
    ]
    assert "Service · of the whole platform" in values(found[0], "group")
    assert "Control · none" in values(found[5], "group")


def test_a_check_shows_promise_sight_limit_step_and_evidence(tmp_path: Path) -> None:
    """All that an auditor asks of one check stands in its description, and what was seen is attached."""
    run = write_run(tmp_path / "runs", verdicts={0: "FAIL"}, observations=observed(behind=412))
    found = results(run, tmp_path / "results")
    shown = found[0]["descriptionHtml"]
    digest = read_run(run).observations["consumer_lag"]
    for words in (
        CATALOGUE[0][1],
        "<b>FAIL</b>",
        "payments-executor is 412 messages behind",
        "consumer lag: 200 (runbook: Daily Checks, step 3)",
        "daily-checks, step 3: Kafka consumer lag",
        f"observations/{digest}.json",
        "prometheus apgms-production",
        "data:image/svg+xml;base64,",
    ):
        assert words in shown
    assert "api-gateway, latency: quantile 95%, limit 250ms" in found[2]["descriptionHtml"]
    raw = next(one for one in found[0]["attachments"] if one["name"] == "consumer_lag: observation")
    recorded = json.loads((run / "observations" / f"{digest}.json").read_text())
    assert json.loads((tmp_path / "results" / raw["source"]).read_text()) == recorded


def test_hostile_text_is_text_in_the_description(tmp_path: Path) -> None:
    """No tag of a promise or of what was seen is one in the HTML that we write."""
    run = write_run(tmp_path / "runs", verdicts={0: "FAIL"}, seen=HOSTILE, checks=planned(hostile=HOSTILE))
    for one in results(run, tmp_path / "results"):
        assert "<script" not in one["descriptionHtml"]
        assert "<img src=x" not in one["descriptionHtml"]


def test_a_check_without_a_verdict_is_unknown(tmp_path: Path) -> None:
    """What was planned and not judged is shown, and is not green."""
    folder = write_run(tmp_path / "runs", closed=False)
    ledger = folder / "ledger.jsonl"
    ledger.write_text("".join(f"{line}\n" for line in ledger.read_text().splitlines()[:-1]))
    last = results(folder, tmp_path / "results")[-1]
    assert last["status"] == "broken"
    assert "no verdict was recorded" in last["statusDetails"]["message"]


def test_an_altered_observation_is_named_and_not_shown(tmp_path: Path) -> None:
    """Nothing of it is drawn or attached; its check says why."""
    run = write_run(tmp_path / "runs", observations=observed())
    file = run / "observations" / f"{read_run(run).observations['consumer_lag']}.json"
    file.write_text(file.read_text().replace("payments", "nobodies"))
    shown = results(run, tmp_path / "results")[0]
    assert "its content does not match its name (it was altered)" in shown["descriptionHtml"]
    assert shown["attachments"] == []


def test_a_probe_that_saw_nothing_says_why(tmp_path: Path) -> None:
    """The cause stands beside the probe's name."""
    run = write_run(tmp_path / "runs", verdicts={1: "UNKNOWN"}, observations=[refused(error_budgets)])
    assert "no answer: Prometheus refused the token" in results(run, tmp_path / "results")[1]["descriptionHtml"]


def test_an_altered_environment_is_no_source_of_limits(tmp_path: Path) -> None:
    """Limits that the ledger does not name are shown to nobody."""
    run = write_run(tmp_path / "runs")
    file = run / "environment.json"
    file.write_text(file.read_text().replace('"value":200', '"value":500'))
    with pytest.raises(EvidenceInvalid, match=r"environment\.json"):
        results(run, tmp_path / "results")


def test_what_allure_pytest_wrote_is_not_read(tmp_path: Path) -> None:
    """A result in the run's folder that says passed changes nothing."""
    run = write_run(tmp_path / "runs", verdicts={0: "FAIL"})
    (run / "allure-results").mkdir()
    greener = {"uuid": "x", "fullName": CATALOGUE[0][0], "name": "all is well", "status": "passed"}
    (run / "allure-results" / "x-result.json").write_text(json.dumps(greener))
    assert [one["status"] for one in results(run, tmp_path / "results")].count("passed") == 5


def test_a_plan_without_checks_is_no_report(tmp_path: Path) -> None:
    """An empty page would look like a green one."""
    with pytest.raises(ReportError, match="planned no check"):
        results(write_run(tmp_path / "runs", checks=[]), tmp_path / "results")


def test_the_history_is_that_of_the_ledgers(tmp_path: Path) -> None:
    """Each earlier run is a point, the oldest first, with the verdict of each check under the name Allure looks for."""
    runs = [
        read_run(write_run(tmp_path / "runs", START - timedelta(days=days), verdicts={0: verdict}))
        for days, verdict in ((1, "UNKNOWN"), (2, "FAIL"))
    ]
    file = tmp_path / "history.jsonl"
    assert write_history(runs, file) == 2
    points = [json.loads(line) for line in file.read_text().splitlines()]
    assert [point["name"] for point in points] == ["2026-11-21 02:00 UTC", "2026-11-22 02:00 UTC"]
    first = [next(iter(point["testResults"].values()))["status"] for point in points]
    assert first == ["failed", "broken"]
