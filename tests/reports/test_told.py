"""What a run came to, as its ledger tells it: never greener than its worst entry."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.ledger import VERDICT, Ledger
from apgms_ops.evidence.run import read_run
from apgms_ops.reports.told import began, outcome, told
from apgms_ops.verdict import Verdict
from tests.reports.recorded import planned, write_run


@pytest.mark.parametrize(
    ("verdicts", "code", "came"),
    [
        ({}, None, Verdict.PASS),
        ({0: "FAIL", 1: "UNKNOWN"}, None, Verdict.FAIL),
        ({1: "UNKNOWN", 2: "WAIVED"}, None, Verdict.UNKNOWN),
        ({0: "WAIVED"}, None, Verdict.WAIVED),
        ({4: "SKIPPED"}, None, Verdict.PASS),
        (dict.fromkeys(range(6), "SKIPPED"), None, Verdict.UNKNOWN),
        (dict.fromkeys(range(6), "SKIPPED"), 10, Verdict.UNKNOWN),
        ({}, 10, Verdict.UNKNOWN),
        ({}, 2, Verdict.UNKNOWN),
    ],
)
def test_a_run_is_as_good_as_its_worst_check_and_its_exit_code(
    tmp_path: Path, verdicts: dict[int, str], code: int | None, came: Verdict
) -> None:
    """A run that is green by its verdicts and was not closed as green is UNKNOWN; nothing but SKIPPED is too."""
    run = read_run(write_run(tmp_path, verdicts=verdicts, exit_code=code))
    assert outcome(run, told(run)).verdict is came


def test_a_run_closed_as_green_with_a_red_check_contradicts_itself(tmp_path: Path) -> None:
    """Exit 0 beside a FAIL is no run that anybody should believe."""
    run = read_run(write_run(tmp_path, verdicts={0: "FAIL"}, exit_code=0))
    with pytest.raises(EvidenceInvalid, match="closed as green"):
        outcome(run, told(run))


def test_a_run_without_its_end_is_never_green(tmp_path: Path) -> None:
    """Every check may have PASSED: what was to come is not known."""
    run = read_run(write_run(tmp_path, closed=False))
    came = outcome(run, told(run))
    assert (came.verdict, came.finished) == (Verdict.UNKNOWN, False)


def test_a_verdict_on_what_was_not_planned_is_refused(tmp_path: Path) -> None:
    """It would count for nothing, and somebody put it there."""
    folder = write_run(tmp_path, checks=planned()[:1], closed=False)
    Ledger(folder / "ledger.jsonl").append(VERDICT, {"check": "another", "verdict": "PASS", "seen": "", "took": 0})
    with pytest.raises(EvidenceInvalid, match="another, which was not planned"):
        told(read_run(folder))


@pytest.mark.parametrize("body", [{"verdict": "GREEN"}, {"verdict": "WAIVED"}, {"verdict": "WAIVED", "waiver": {}}])
def test_a_verdict_that_is_none_of_ours_is_refused(tmp_path: Path, body: dict[str, object]) -> None:
    """An unknown word, and a WAIVED without its waiver and its raw FAIL, is no verdict."""
    folder = write_run(tmp_path, checks=planned()[:1], closed=False)
    lines = (folder / "ledger.jsonl").read_text().splitlines(keepends=True)
    (folder / "ledger.jsonl").write_text(lines[0])
    Ledger(folder / "ledger.jsonl").append(VERDICT, {"check": planned()[0]["id"], "seen": "", "took": 0, **body})
    with pytest.raises(EvidenceInvalid, match="malformed"):
        told(read_run(folder))


def test_a_run_in_a_folder_of_another_name_is_refused(tmp_path: Path) -> None:
    """A copy under a later name would pass for a run that did not happen."""
    folder = write_run(tmp_path)
    assert began(read_run(folder)) == datetime(2026, 11, 23, 2, tzinfo=UTC)
    copy = folder.rename(tmp_path / "20261124T020000.000Z-production-aaaaaa")
    with pytest.raises(EvidenceInvalid, match="is that of run 20261123T"):
        began(read_run(copy))
