"""Whether the last rehearsal of a kind is one to rely on."""

from datetime import UTC, datetime, timedelta

import pytest

from apgms_ops.environment.types import Limit
from apgms_ops.evidence.rehearsal import RESTORE_DATABASE, RESTORE_TOPIC, VERIFY_BACKUPS, Rehearsal
from apgms_ops.probes.rehearsals import Rehearsals

NOW = datetime(2026, 11, 27, 5, 0, tzinfo=UTC)
WEEK = Limit(value=timedelta(days=7), source="test")


def record(ago: timedelta = timedelta(days=1), *problems: str, kind: str = RESTORE_DATABASE) -> Rehearsal:
    """Return a record."""
    ended = NOW - ago
    return Rehearsal(kind, "production", "apgms", ended - timedelta(seconds=9), ended, problems, {}, "kim")


def seen(*found: Rehearsal, invalid: tuple[str, ...] = (), deleted: tuple[str, ...] = ()) -> Rehearsals:
    """Return what was seen of an archive."""
    return Rehearsals(NOW, "s3://evidence/drills/production/", found, invalid, deleted)


def test_one_that_passed_lately_is_good() -> None:
    """Within the policy, and nothing was found."""
    assert not seen(record()).overdue(RESTORE_DATABASE, WEEK)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ((), "was never done"),
        ((record(kind=RESTORE_TOPIC),), "was never done"),
        ((record(timedelta(days=8)),), "longer ago than 7d (test)"),
        ((record(timedelta(days=-1)),), "in the future"),
        ((record(timedelta(days=1), "a gap", "a hole"),), "failed: a gap and 1 more"),
    ],
)
def test_one_that_is_not_is_told_of(found: tuple[Rehearsal, ...], told: str) -> None:
    """None, one of another kind, an old one, one of the future or a failed one: each is told of."""
    assert any(told in one for one in seen(*found).overdue(RESTORE_DATABASE, WEEK))


def test_one_of_something_else_is_told_of() -> None:
    """A restore of another stanza says nothing of this one."""
    assert not seen(record()).overdue(RESTORE_DATABASE, WEEK, "apgms")
    assert "that is not ledger" in seen(record()).overdue(RESTORE_DATABASE, WEEK, "ledger")[0]


def test_a_newer_record_that_does_not_verify_is_told_of() -> None:
    """A forged record beside a good one is a finding of its kind, and of no other."""
    name = "drills/production/restore-database/20261127T045900.000000Z.json"
    facts = seen(record(), record(kind=VERIFY_BACKUPS), invalid=(f"{name}: not signed",))
    assert "does not verify" in facts.overdue(RESTORE_DATABASE, WEEK)[0]
    assert not facts.overdue(VERIFY_BACKUPS, WEEK)


def test_a_deleted_record_is_told_of() -> None:
    """Whoever deletes the record of a failure does not make it pass."""
    name = "drills/production/restore-database/20261127T045900.000000Z.json"
    assert "was deleted" in seen(record(), deleted=(name,)).overdue(RESTORE_DATABASE, WEEK)[0]
