"""What a restored database must be, line by line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apgms_ops.drills import judging
from apgms_ops.drills.looking import Noted, Restored
from apgms_ops.environment.types import Limit
from apgms_ops.probes.audit_chain import BrokenRow, Link

AT = datetime(2026, 11, 27, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = Limit(value=timedelta(minutes=1), source="test")
HASH, OTHER = "a" * 64, "b" * 64
NOTED = Noted(
    at=AT,
    system_id="1",
    heartbeat=AT - SECOND,
    head=Link(7, HASH),
    segment="000000010000000000000009",
    filled=frozenset({"public.audit_log", "public.ledger"}),
)
WELL = Restored(
    system_id="1",
    heartbeat=AT + SECOND,
    rows=8,
    broken=(),
    broken_count=0,
    head=Link(8, OTHER),
    noted_hash=HASH,
    counts={"public.audit_log": 8, "public.ledger": 3, "public.periods": 0},
    checksums=True,
    checksum_failures=0,
)
STOPPED = AT - timedelta(minutes=9)


def test_what_came_back_whole_is_well() -> None:
    """Of a database that came back whole no line tells of a problem."""
    lines = (
        judging.lost(AT + 5 * SECOND, WELL.heartbeat, MINUTE),
        judging.took(12 * SECOND, MINUTE),
        judging.replayed("00000001000000000000000A", NOTED.segment),
        judging.identity(NOTED, WELL),
        judging.heartbeat(NOTED, WELL, STOPPED),
        judging.chain(WELL),
        judging.head(NOTED, WELL, OTHER),
        judging.tables(NOTED, WELL),
        judging.amcheck(()),
        judging.pages(WELL, ()),
    )
    assert list(judging.problems(lines)) == []


def test_the_recovery_point_is_what_would_have_been_lost() -> None:
    """It is the time from the newest heartbeat that came back to the end of the replay, held to its limit."""
    assert judging.lost(AT + 5 * SECOND, AT, MINUTE).measured == "5.0 s"
    assert judging.lost(AT, AT + 5 * SECOND, MINUTE).measured == "0.0 s"
    assert judging.lost(AT + 60 * SECOND, AT, MINUTE).problem is None
    assert "loses 61.0 s, and may lose 1m (test)" in str(judging.lost(AT + 61 * SECOND, AT, MINUTE).problem)
    assert judging.lost(AT, None, MINUTE).problem is not None


def test_a_restore_that_takes_too_long_is_told_of() -> None:
    """At the limit it is good, beyond it is not."""
    assert judging.took(60 * SECOND, MINUTE).problem is None
    assert "takes 60.1 s, and may take 1m" in str(judging.took(60.1 * SECOND, MINUTE).problem)


@pytest.mark.parametrize(
    ("segment", "problem"),
    [
        ("000000010000000000000009", False),
        ("00000002000000000000000A", False),
        ("000000010000000000000008", True),
        (None, True),
    ],
)
def test_a_replay_that_ends_before_the_archive_does_is_told_of(segment: str | None, *, problem: bool) -> None:
    """PostgreSQL takes a missing segment for the end: what was in the archive must have been replayed."""
    assert (judging.replayed(segment, NOTED.segment).problem is not None) is problem


@pytest.mark.parametrize(
    ("restored", "told"),
    [
        (replace(WELL, heartbeat=None), "no row came back that was committed after the backup"),
        (replace(WELL, heartbeat=STOPPED), "no row came back that was committed after the backup"),
        (replace(WELL, heartbeat=AT - 2 * SECOND), "written before the drill began, and did not come back"),
    ],
)
def test_a_heartbeat_that_did_not_come_back_is_told_of(restored: Restored, told: str) -> None:
    """One after the backup must be there, and the one that was noted before all began."""
    assert told in str(judging.heartbeat(NOTED, restored, STOPPED).problem)


@pytest.mark.parametrize(
    ("restored", "there", "told"),
    [
        (WELL, HASH, "row 8 of the audit log came back as bbbbbbbbbbbbbbbb…, and the primary has aaaaaaaaaaaaaaaa…"),
        (WELL, None, "and the primary has no such row"),
        (replace(WELL, noted_hash=OTHER), OTHER, "row 7 of the audit log was the head, and came back as another one"),
        (replace(WELL, head=Link(6, OTHER)), OTHER, "came back to row 6; its head was row 7"),
        (replace(WELL, head=None), None, "nothing of the audit log came back"),
    ],
)
def test_a_head_that_is_not_the_primarys_is_told_of(restored: Restored, there: str | None, told: str) -> None:
    """The head that came back is a row of the primary's chain, and not before the one that was noted."""
    assert told in str(judging.head(NOTED, restored, there).problem)


def test_a_replica_that_was_noted_promises_nothing_of_the_archive() -> None:
    """Where nobody knows which segment holds what was noted, the newest rows of it may yet be to come."""
    noted = replace(NOTED, segment=None)
    assert judging.heartbeat(noted, replace(WELL, heartbeat=AT - 2 * SECOND), STOPPED).problem is None
    assert judging.head(noted, replace(WELL, head=Link(6, OTHER)), OTHER).problem is None


def test_a_chain_that_does_not_hold_is_told_of() -> None:
    """The first rows are named, and how many more there are."""
    broken = tuple(BrokenRow(seq, "was altered") for seq in range(1, 6))
    told = str(judging.chain(replace(WELL, broken=broken, broken_count=9)).problem)
    assert "row 1 was altered; row 2 was altered; row 3 was altered; and 6 more" in told
    assert judging.chain(replace(WELL, head=None)).problem is not None


def test_tables_that_came_back_empty_are_told_of() -> None:
    """A table that has rows must come back with some; nothing that could be read is a problem as well."""
    assert "public.ledger" in str(judging.tables(NOTED, replace(WELL, counts={"public.audit_log": 8})).problem)
    assert judging.tables(replace(NOTED, filled=frozenset()), WELL).problem is not None


def test_a_table_that_is_emptied_now_and_then_must_come_back_but_may_be_empty() -> None:
    """A queue that had a row a moment ago may have none; one that is not there at all is missing."""
    noted = replace(NOTED, filled=frozenset({"public.outbox"}))
    assert judging.tables(noted, replace(WELL, counts={"public.outbox": 0}), ["public.outbox"]).problem is None
    assert judging.tables(noted, replace(WELL, counts={"public.outbox": 0})).problem is not None
    assert judging.tables(noted, replace(WELL, counts={}), ["public.outbox"]).problem is not None


def test_another_database_is_told_of() -> None:
    """What came back must be the primary's."""
    assert judging.identity(NOTED, replace(WELL, system_id="2")).problem is not None


@pytest.mark.parametrize(
    ("restored", "found"),
    [(replace(WELL, checksums=False), ()), (replace(WELL, checksum_failures=2), ()), (WELL, ("1 of 9 pages",))],
)
def test_pages_that_nobody_vouches_for_are_told_of(restored: Restored, found: tuple[str, ...]) -> None:
    """A bad page is a problem, and so are pages without checksums."""
    assert judging.pages(restored, found).problem is not None


def test_times_are_told_as_people_read_them() -> None:
    """Seconds, minutes, hours."""
    times = [5 * SECOND, 125 * SECOND, 2 * timedelta(hours=1) + 5 * timedelta(minutes=1)]
    assert [judging.seconds(one) for one in times] == ["5.0 s", "2.1 min", "2 h 5 min"]
