"""What is said of resolved incidents and their files: nothing that is missing passes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apgms_ops.environment.model import IncidentRules
from apgms_ops.environment.types import Limit
from apgms_ops.probes.incident_facts import Filed, Incidents, Resolved

HOUR = timedelta(hours=1)
AT = datetime(2026, 11, 27, 1, 0, tzinfo=UTC)
RULES = IncidentRules(
    folder="incidents",
    looked_back=Limit[timedelta](value=90 * 24 * HOUR, source="test"),
    reviewed=Limit[timedelta](value=48 * HOUR, source="runbook"),
)
ONE = Resolved("PA", 7, "Payments stop", "payments", AT - 100 * HOUR)
FILE = Filed(
    name="2026-11-22-payments-stop.md",
    incident="PA",
    resolved=ONE.resolved_at,
    breach=False,
    notified=None,
    scheduled=ONE.resolved_at + 20 * HOUR,
    held=ONE.resolved_at + 20 * HOUR,
    reviewed=100,
    problems=(),
)


def seen(*files: Filed, one: Resolved = ONE) -> Incidents:
    """Return what a probe would have seen."""
    return Incidents(AT, AT - 90 * 24 * HOUR, "incidents", (one,), files)


def findings(found: Incidents) -> list[str]:
    """Return everything that is said."""
    return [*found.unwritten(), *found.unsound(), *found.unreviewed(RULES), *found.unnotified()]


def test_an_incident_that_is_written_down_and_reviewed_is_fine() -> None:
    """Nothing is said of it."""
    assert findings(seen(FILE)) == []


def test_no_incident_is_no_finding() -> None:
    """A quarter in which nothing broke is a good one."""
    assert findings(Incidents(AT, AT, "incidents", (), ())) == []


def test_an_incident_without_a_file_has_no_review_either() -> None:
    """Both are said."""
    found = seen(replace(FILE, incident="PB"))
    assert "incident 7 (Payments stop, resolved" in found.unwritten()[0]
    assert "is overdue since" in found.unreviewed(RULES)[0]


def test_two_files_of_one_incident_are_a_finding() -> None:
    """Which of them holds?"""
    assert "has 2 files" in seen(FILE, replace(FILE, name="2026-11-22-b.md")).unwritten()[0]


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (47 * HOUR, ""),
        (48 * HOUR, ""),
        (49 * HOUR, "was held 49 h after its resolution"),
        (-1 * HOUR, "before it was resolved"),
        (101 * HOUR, "which is yet to come"),
        (None, "is overdue since"),
    ],
)
def test_a_review_is_held_within_48_hours_of_the_resolution(held: timedelta | None, said: str) -> None:
    """Counted from the resolution that PagerDuty tells, to the minute."""
    file = replace(FILE, held=None if held is None else ONE.resolved_at + held)
    found = seen(file).unreviewed(RULES)
    assert (said in " ".join(found)) if said else not found


@pytest.mark.parametrize(
    ("ago", "scheduled", "said"),
    [
        (20 * HOUR, 26 * HOUR, ""),
        (20 * HOUR, None, ""),
        (20 * HOUR, 72 * HOUR, "is planned for"),
        (48 * HOUR, 26 * HOUR, ""),
        (49 * HOUR, 26 * HOUR, "is overdue since"),
    ],
)
def test_a_review_that_is_to_come(ago: timedelta, scheduled: timedelta | None, said: str) -> None:
    """It is fine until hour 48, unless it is planned for later: that is red at once."""
    one = replace(ONE, resolved_at=AT - ago)
    planned = None if scheduled is None else one.resolved_at + scheduled
    found = seen(replace(FILE, resolved=one.resolved_at, held=None, scheduled=planned), one=one).unreviewed(RULES)
    assert (said in " ".join(found)) if said else not found


def test_a_review_without_an_outcome_is_none() -> None:
    """A line that says "held" is not a review."""
    assert "not what it came to" in seen(replace(FILE, reviewed=0)).unreviewed(RULES)[0]


def test_a_file_that_contradicts_pagerduty_is_a_finding() -> None:
    """A later resolution would make a late review look timely; none at all is said as well."""
    assert "PagerDuty at" in seen(replace(FILE, resolved=ONE.resolved_at + HOUR)).unsound()[0]
    assert not seen(replace(FILE, resolved=ONE.resolved_at + timedelta(minutes=10))).unsound()
    assert "does not say when" in seen(replace(FILE, resolved=None)).unsound()[0]


def test_what_is_wrong_with_a_file_is_told_in_part() -> None:
    """Three problems are told, and how many more there are."""
    (said,) = seen(replace(FILE, problems=("a", "b", "c", "d", "e"))).unsound()
    assert said == "2026-11-22-payments-stop.md: a; b; c (and 2 more)"


@pytest.mark.parametrize(
    ("breach", "notified", "said"),
    [
        (True, AT - HOUR, ""),
        (True, None, "nothing says when the ATO was notified"),
        (True, AT + HOUR, "yet to come"),
        (False, None, ""),
    ],
)
def test_a_breach_names_when_the_ato_was_notified(breach: bool, notified: datetime | None, said: str) -> None:  # noqa: FBT001 — parametrised
    """Of every file, whether PagerDuty tells of its incident or not."""
    found = seen(replace(FILE, incident="PB", breach=breach, notified=notified)).unnotified()
    assert (said in " ".join(found)) if said else not found
