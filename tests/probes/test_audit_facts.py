"""What is judged of audit events: lost, pending, written twice, invented, swallowed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apgms_ops.errors import Unobserved
from apgms_ops.probes.audit_facts import AuditEmission, AuditEvent, AuditPersistence, Repeated, SourceCounted

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
WELL = AuditPersistence(
    service="audit",
    topic="audit.log",
    window=timedelta(hours=1),
    settling_time=timedelta(seconds=60),
    begin=AT - timedelta(hours=1),
    at=AT,
    looked_at=AT,
    emitted=1000,
    distinct=999,
    sources={"payments": 1000},
    persisted=999,
    cut_off=(),
    malformed=(),
    malformed_count=0,
    missing=(),
    missing_count=0,
    repeated=(),
    repeated_count=0,
    unknown=(),
    unknown_count=0,
    course=(),
)


def missing(seconds: float) -> AuditPersistence:
    """Return what is well but for one event of so long ago."""
    return replace(
        WELL, missing=(AuditEvent("lost-one", "payments", AT - timedelta(seconds=seconds)),), missing_count=1
    )


def test_what_was_emitted_twice_need_be_persisted_once() -> None:
    """A thousand messages of 999 events, and 999 rows: nothing is wrong."""
    assert (WELL.lost(), WELL.duplicated(), WELL.invented()) == ((), (), ())


def test_one_event_is_lost_once_the_settling_time_is_over() -> None:
    """Until then it is pending, which is neither green nor red; then it is named."""
    with pytest.raises(Unobserved, match=r"1 events of audit\.log are not in the audit log yet"):
        missing(59.9).lost()
    (finding,) = missing(60).lost()
    assert "1 event of audit.log" in finding
    assert "lost-one (payments, 2026-11-24T11:59:00Z)" in finding


def test_what_is_missing_and_cannot_be_named_is_not_well() -> None:
    """An event that could not be looked up is not there all the same."""
    with pytest.raises(Unobserved, match="7 events"):
        replace(WELL, missing_count=7).lost()


def test_a_message_that_is_no_event_is_lost() -> None:
    """It can never be persisted, whoever sent it."""
    found = replace(WELL, malformed=("audit.log-0@7 is no JSON",), malformed_count=3).lost()
    assert found == ("audit.log-0@7 is no JSON", "and 2 more messages that are no events")


def test_a_loss_is_told_even_where_the_window_is_not_whole() -> None:
    """What is known to be lost is lost; what is well as far as can be seen is not known to be well."""
    assert replace(missing(600), cut_off=(1,)).lost()
    for judge in (replace(WELL, cut_off=(1,)).lost, replace(WELL, cut_off=(1,)).invented):
        with pytest.raises(Unobserved, match=r"audit\.log-1: messages may have been removed"):
            judge()


def test_nothing_emitted_is_not_100_per_cent() -> None:
    """Nothing to compare is unknown, on either side."""
    with pytest.raises(Unobserved, match="nothing was emitted"):
        replace(WELL, emitted=0, distinct=0).lost()
    for judge in (replace(WELL, persisted=0).duplicated, replace(WELL, persisted=0).invented):
        with pytest.raises(Unobserved, match="no row of the last 1h"):
            judge()


def test_duplicates_and_inventions_are_named_and_counted() -> None:
    """The first ones are named, and how many more there are."""
    twice = replace(WELL, repeated=(Repeated("one", 3),), repeated_count=2)
    assert twice.duplicated() == ("event one is in the audit log 3 times", "and 1 more events")
    forged = replace(WELL, unknown=(AuditEvent("odd", "", AT),), unknown_count=1)
    assert forged.invented() == ("event odd of 2026-11-24T12:00:00Z was never emitted",)


def emission(counted: int, found: int) -> AuditEmission:
    """Return one source's count, and what came of it."""
    source = SourceCounted("payments", counted, AT - timedelta(minutes=9), AT, found)
    return AuditEmission("audit.log", AT, timedelta(hours=1), (source,))


def test_more_counted_than_found_never_reached_the_topic() -> None:
    """Found is counted over a little more time than counted: as many or more is well, fewer is a loss."""
    assert emission(100, 100).swallowed() == emission(100, 104).swallowed() == ()
    (finding,) = emission(100, 99).swallowed()
    assert "1 never reached it" in finding
    with pytest.raises(Unobserved, match="no service says"):
        emission(0, 0).swallowed()
