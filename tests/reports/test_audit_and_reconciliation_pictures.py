"""Audit events and the age of what is not reconciled, as drawings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from apgms_ops.environment.limits import Limits
from apgms_ops.probes.audit_facts import AuditEvent, AuditPersistence, Slot
from apgms_ops.probes.reconciliation_facts import ReconciliationGauge, Told
from apgms_ops.reports import audit_picture, reconciliation_picture, svg

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AUDIT = AuditPersistence(
    service="audit",
    topic="audit.log",
    window=10 * MINUTE,
    settling_time=timedelta(seconds=5),
    begin=AT - 10 * MINUTE,
    at=AT,
    looked_at=AT,
    emitted=20,
    distinct=20,
    sources={"payments": 20},
    persisted=20,
    cut_off=(),
    malformed=(),
    malformed_count=0,
    missing=(),
    missing_count=0,
    repeated=(),
    repeated_count=0,
    unknown=(),
    unknown_count=0,
    course=tuple(Slot(AT - n * MINUTE, 2, 2) for n in range(10, 0, -1)),
)
GAUGE = ReconciliationGauge(
    service="payments",
    at=AT,
    limit=timedelta(hours=1),
    window=timedelta(hours=24),
    source="runbook: Service Overview",
    newest=AT,
    recent=tuple(Told(AT - n * timedelta(seconds=1), 5.0 - n) for n in range(4, -1, -1)),
    in_table=5.0,
    parked=0.0,
    course=tuple(Told(AT - n * timedelta(hours=1), 60.0) for n in range(23, -1, -1)),
)


def test_every_event_that_is_there_is_drawn_well() -> None:
    """Ten columns, none of them red, and the words for it."""
    drawing = audit_picture.draw(AUDIT, Limits())
    assert drawing.count(f'fill="{svg.GOOD}"') == 10
    assert f'fill="{svg.BAD}"' not in drawing
    assert "every event is there, once" in drawing


def test_a_lost_event_reddens_its_column() -> None:
    """The part of the window in which something was lost is red, and what was lost is named."""
    lost = AuditEvent("lost-<one>", "payments", AT - 5 * MINUTE)
    drawing = audit_picture.draw(replace(AUDIT, missing=(lost,), missing_count=1), Limits())
    assert drawing.count(f'fill="{svg.BAD}"') == 1
    assert "lost-&lt;one&gt;" in drawing


def test_nothing_emitted_is_not_drawn_as_well() -> None:
    """An empty window says that nothing is known."""
    drawing = audit_picture.draw(replace(AUDIT, emitted=0, distinct=0, persisted=0, course=()), Limits())
    assert "not known: nothing was emitted" in drawing
    assert "every event is there" not in drawing


def test_an_age_below_the_limit_is_drawn_well() -> None:
    """A column an hour, none of them red, and the limit."""
    drawing = reconciliation_picture.draw(GAUGE, Limits())
    assert drawing.count(f'fill="{svg.GOOD}"') == 24
    assert f'fill="{svg.BAD}"' not in drawing
    assert "limit 1h" in drawing


def test_an_age_at_the_limit_is_red_and_silence_is_hatched() -> None:
    """What reached the limit is red; where nothing was told the hatching shows through, and is said."""
    old = replace(GAUGE, course=(*GAUGE.course[:-1], Told(AT, 3600.0)))
    assert reconciliation_picture.draw(old, Limits()).count(f'fill="{svg.BAD}"') == 1
    silent = reconciliation_picture.draw(replace(GAUGE, recent=(), newest=None, in_table=None, course=()), Limits())
    assert "url(#unknown)" in silent
    assert "the gauge is stale" in silent
