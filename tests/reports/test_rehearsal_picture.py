"""The last rehearsal of each kind, as a drawing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from apgms_ops.environment.limits import Limits
from apgms_ops.evidence.rehearsal import RESTORE_DATABASE, Rehearsal
from apgms_ops.probes.rehearsals import Rehearsals
from apgms_ops.reports import rehearsal_picture

AT = datetime(2026, 11, 27, 5, tzinfo=UTC)
PASSED = Rehearsal(
    kind=RESTORE_DATABASE,
    environment="production",
    target="apgms",
    began=AT - timedelta(minutes=9),
    ended=AT,
    problems=(),
    figures={
        "restored": "20261127-051000F, a backup of 31.5 MB",
        "recovery time": "8.1 min (limit: 1h at most)",
        "recovery point": "12.3 s (limit: 5m at most)",
    },
    by="kim on drill-1",
)
FOUND = Rehearsals(AT, "s3://evidence/drills/production/", (PASSED,), (), ())


def drawn(found: Rehearsals) -> str:
    """Return the drawing."""
    return rehearsal_picture.draw(found, Limits())


def test_recovery_point_and_time_stand_first() -> None:
    """How much a restore loses and how long it takes is there, above whatever else was measured."""
    text = drawn(FOUND)
    point, time, more = (text.index(part) for part in ("12.3 s (limit", "8.1 min (limit", "a backup of 31.5 MB"))
    assert point < time < more
    assert "passed: apgms" in text


def test_a_rehearsal_that_failed_says_why() -> None:
    """Its problems are drawn."""
    text = drawn(replace(FOUND, newest=(replace(PASSED, problems=("amcheck: <corrupt>",)),)))
    assert "FAILED: apgms" in text
    assert "amcheck: &lt;corrupt&gt;" in text


def test_what_was_never_rehearsed_is_drawn_as_such() -> None:
    """A kind without a record is no empty space, and records that do not count are told of."""
    text = drawn(replace(FOUND, invalid=("a.json: not signed",), deleted=("b.json",)))
    assert text.count("no record") == 2
    assert "a.json: not signed" in text
    assert "deleted: b.json" in text
