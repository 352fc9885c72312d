"""How a control stands: gaps are gaps."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.compliance.controls import Control
from apgms_ops.compliance.coverage import Check
from apgms_ops.compliance.supplied import Supplied
from apgms_ops.evidence.standing import Seen, Standing, each_last_seen, last_seen, standings
from apgms_ops.verdict import Verdict
from tests.reports.recorded import CATALOGUE, altered, write_run

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CHECKED = Control(name="audit-logging", asks="Logs are kept.", evidence="Checks.")
BY_HAND = Control(name="personnel-security", asks="A policy.", evidence="By hand.", by_hand=True)
LAG = Check("checks/daily/test_lag.py::test_lag", "It keeps up.", "daily-checks", 3, ("audit-logging",))
POLICY = Supplied(
    control="personnel-security",
    title="Screening policy",
    owner="people team",
    file="policy.pdf",
    sha256="0" * 64,
    issued=NOW - DAY,
    expires=NOW + DAY,
)


def standing(control: Control, seen: Seen | None = None, trouble: str | None = None) -> Standing:
    """Return how one control stands on one check and one document."""
    documents = [] if trouble is None else [(POLICY, trouble)]
    there = {} if seen is None else {LAG.id: seen}
    (found,) = standings([control], [LAG], there, documents, now=NOW, fresh=DAY)
    return found


def test_a_check_that_passed_lately_evidences_its_control() -> None:
    """PASS within the time that evidence is fresh leaves no gap."""
    assert standing(CHECKED, Seen(Verdict.PASS, NOW - HOUR, "run")).gaps == ()


@pytest.mark.parametrize(
    ("seen", "gap"),
    [
        (None, "never seen in a run"),
        (Seen(Verdict.FAIL, NOW, "run-1"), "FAIL in run-1"),
        (Seen(Verdict.UNKNOWN, NOW, "run-1"), "UNKNOWN in run-1"),
        (Seen(Verdict.WAIVED, NOW, "run-1"), "WAIVED in run-1"),
        (Seen(Verdict.SKIPPED, NOW, "run-1"), "SKIPPED in run-1"),
        (Seen(Verdict.PASS, NOW - 2 * DAY, "run-1"), "stale, last seen 2026-11-24 12:00 UTC"),
    ],
)
def test_everything_else_is_a_gap(seen: Seen | None, gap: str) -> None:
    """What was never seen, is not PASS, or was seen too long ago does not evidence a control."""
    (found,) = standing(CHECKED, seen).gaps
    assert found.startswith(gap)


@pytest.mark.parametrize(
    ("trouble", "gaps"),
    [(None, 1), ("", 0), ("expired at 2026-11-25", 2)],
    ids=["nothing supplied", "a document that holds", "one that does not"],
)
def test_what_people_supply_counts_while_it_holds(trouble: str | None, gaps: int) -> None:
    """Without a document that holds, a control that no check can evidence is a gap."""
    assert len(standing(BY_HAND, trouble=trouble).gaps) == gaps


def test_a_document_that_was_renewed_is_no_gap() -> None:
    """An expired document counts no more once one of the same title holds; one of another title is still missed."""
    old, other = (POLICY, "expired at 2026-11-25"), (POLICY.model_copy(update={"title": "Other"}), "expired")
    (found,) = standings([BY_HAND], [], {}, [old, (POLICY, "")], now=NOW, fresh=None)
    assert found.gaps == ()
    (found,) = standings([BY_HAND], [], {}, [other, (POLICY, "")], now=NOW, fresh=None)
    assert found.gaps == ("Other: expired",)


def test_a_control_without_anything_is_a_gap() -> None:
    """No check and no document is not "nothing to complain of"."""
    (found,) = standings([CHECKED], [], {}, [], now=NOW, fresh=None)
    assert found.gaps == ("no check evidences it, and no document is registered",)


def test_the_newest_run_that_counts_tells(tmp_path: Path) -> None:
    """Altered, unfinished, future and replayed runs are passed over; of a check's parameters the worst counts."""
    checks = [Check(row[0].partition("[")[0], row[1], row[2], row[3], row[6]) for row in CATALOGUE]
    old = write_run(tmp_path, NOW - 5 * HOUR, verdicts={2: "FAIL"})
    altered(write_run(tmp_path, NOW - 4 * HOUR))
    write_run(tmp_path, NOW - 3 * HOUR, closed=False)
    write_run(tmp_path, NOW - 2 * HOUR, replay_of=old.name)
    write_run(tmp_path, NOW + 2 * HOUR)
    write_run(tmp_path, NOW - HOUR, name="staging")
    seen = last_seen(tmp_path, "production", checks, NOW)
    assert set(seen) == {check.id for check in checks}
    assert {one.run for one in seen.values()} == {old.name}
    assert seen[checks[2].id].verdict is Verdict.FAIL
    assert seen[checks[0].id].verdict is Verdict.PASS


def of_plan(name: str) -> dict[str, Any]:
    """Return a check as a plan has it."""
    check = {"id": f"checks/x.py::{name}", "promise": "It.", "runbook": ["daily-checks", 3], "step_title": ""}
    return check | {"controls": ["audit-logging"], "probes": [], "clients": [], "service": None, "absent": None}


def test_a_run_of_one_parameter_hides_nothing_of_another(tmp_path: Path) -> None:
    """Each parameter counts by its own newest verdict until a run of the whole section is without it."""
    one, other, beside = (of_plan(name) for name in ("test_p[audit]", "test_p[payments]", "test_q"))
    checks = [Check(f"checks/x.py::{name}", "It.", "daily-checks", 3) for name in ("test_p", "test_q")]
    red = write_run(tmp_path, NOW - 5 * HOUR, checks=[one, other, beside], verdicts={0: "FAIL"})
    write_run(tmp_path, NOW - 2 * HOUR, checks=[other])
    write_run(tmp_path, NOW - HOUR, checks=[other])
    found = last_seen(tmp_path, "production", checks, NOW)[checks[0].id]
    assert found == Seen(Verdict.FAIL, NOW - 5 * HOUR, red.name)
    whole = write_run(tmp_path, NOW, checks=[other, beside])
    assert {one.run for one in last_seen(tmp_path, "production", checks, NOW).values()} == {whole.name}


def test_the_oldest_parameter_tells_how_fresh_a_check_is(tmp_path: Path) -> None:
    """A parameter that passed today does not freshen one that passed last week."""
    old = write_run(tmp_path, NOW - 7 * DAY, checks=[of_plan("test_p[audit]")])
    write_run(tmp_path, NOW - HOUR, checks=[of_plan("test_p[payments]")])
    check = Check("checks/x.py::test_p", "It.", "daily-checks", 3)
    assert last_seen(tmp_path, "production", [check], NOW)[check.id] == Seen(Verdict.PASS, NOW - 7 * DAY, old.name)


def test_what_does_not_count_is_passed_over_for_what_does(tmp_path: Path) -> None:
    """With UNKNOWN left out, the last that was observed tells; a run that wrote nothing skips what it left out."""
    one, other = of_plan("test_p"), of_plan("test_q")
    checks = [Check(f"checks/x.py::{name}", "It.", "daily-checks", 3) for name in ("test_p", "test_q")]
    whole = write_run(tmp_path, NOW - 3 * HOUR, checks=[one, other])
    blind = write_run(tmp_path, NOW - 2 * HOUR, checks=[one, other], verdicts={0: "UNKNOWN"})
    found = each_last_seen(tmp_path, "production", checks, NOW, counting={Verdict.PASS})
    assert [found[check.id][check.id].run for check in checks] == [whole.name, blind.name]
    assert last_seen(tmp_path, "production", checks, NOW)[checks[0].id].run == blind.name
    write_run(tmp_path, NOW - HOUR, checks=[one, other], verdicts={0: "SKIPPED"}, read_only=True)
    assert last_seen(tmp_path, "production", checks, NOW)[checks[0].id].run == blind.name


def test_looking_ends_where_it_is_told_to(tmp_path: Path) -> None:
    """A run that began before then is not looked at; one that began just then is."""
    checks = [Check("checks/x.py::test_p", "It.", "daily-checks", 3)]
    write_run(tmp_path, NOW - 2 * HOUR, checks=[of_plan("test_p")])
    assert each_last_seen(tmp_path, "production", checks, NOW, back_to=NOW - HOUR) == {}
    assert each_last_seen(tmp_path, "production", checks, NOW, back_to=NOW - 2 * HOUR) != {}
