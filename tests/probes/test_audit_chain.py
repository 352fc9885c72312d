"""What is judged of the audit log's chain, and which row it is held to."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apgms_ops.environment.types import Limit
from apgms_ops.errors import Unobserved
from apgms_ops.evidence.earlier import EarlierRuns
from apgms_ops.observation import Observation
from apgms_ops.probes.audit_chain import Anchored, AuditChain, BrokenRow, Link, _last_verified

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
YEAR = Limit(value=timedelta(days=365), source="DSP OSF: audit logging")
HASH, OTHER = "a" * 64, "b" * 64
WELL = AuditChain(
    service="audit",
    system_id="1",
    at=AT,
    rows=10,
    first_seq=0,
    broken=(),
    broken_count=0,
    head=Link(12, HASH),
    anchor=Anchored(Link(9, HASH), "run x", HASH),
    oldest=AT - timedelta(days=400),
    since=None,
)


def test_a_whole_chain_is_well() -> None:
    """Nothing broken, the anchored row there, and more than a year of rows."""
    assert (WELL.breaks(), WELL.unanchored(), WELL.forgotten(YEAR)) == ((), (), ())


def test_broken_rows_are_named_and_counted() -> None:
    """The first are named, and how many more there are."""
    broken = replace(WELL, broken=(BrokenRow(3, "has no hash"),), broken_count=5)
    assert broken.breaks() == ("row 3 has no hash", "and 4 more rows")


@pytest.mark.parametrize("now", [None, OTHER])
def test_an_anchored_row_that_is_gone_or_changed_is_found(now: str | None) -> None:
    """A chain that is valid without the row that was verified was cut off or rewritten, even down to nothing."""
    for chain in (WELL, replace(WELL, rows=0, head=None)):
        (finding,) = replace(chain, anchor=Anchored(Link(9, HASH), "run x", now)).unanchored()
        assert "row 9" in finding
        assert "run x" in finding


def test_a_first_run_is_held_to_nothing() -> None:
    """Without an anchor the chain itself is all there is to judge; an empty log is unknown."""
    first = replace(WELL, anchor=None)
    assert first.unanchored() == ()
    for judge in (replace(first, rows=0).unanchored, replace(first, rows=0).breaks):
        with pytest.raises(Unobserved, match="the audit log is empty"):
            judge()


def test_rows_must_be_kept_as_long_as_the_limit_says() -> None:
    """Younger than a year is a finding, unless logging began later; a quiet day at the beginning is none."""
    young = replace(WELL, oldest=AT - timedelta(days=300))
    (finding,) = young.forgotten(YEAR)
    assert "2026-01-28" in finding
    assert replace(young, since=AT - timedelta(days=300, hours=20)).forgotten(YEAR) == ()
    assert replace(young, since=AT - timedelta(days=302)).forgotten(YEAR)


class Recorded(EarlierRuns):
    """Runs of a test's choosing."""

    found: tuple[Any, ...] = ()

    def passed(self, probe: str, *beside: str) -> Iterator[tuple[str, Observation]]:
        """Yield them."""
        assert (probe, beside) == ("audit_chain", ("audit_persistence",))
        for number, facts in enumerate(self.found):
            yield f"run-{number}", Observation("audit_chain", "AuditChain@1", AT, AT, 0.1, facts)


def test_the_newest_head_of_the_same_database_is_the_anchor() -> None:
    """A run on another database, or one whose recorded head is none, says nothing."""
    runs = Recorded()
    Recorded.found = (
        {"system_id": "2", "head": {"seq": 5, "hash": HASH}},
        {"system_id": "1", "head": None},
        {"system_id": "1", "head": {"seq": 7, "hash": "not a hash"}},
        {"system_id": "1", "head": {"seq": 6, "hash": OTHER}},
        {"system_id": "1", "head": {"seq": 4, "hash": HASH}},
    )
    assert _last_verified(runs, "1") == (Link(6, OTHER), "run run-3")
    assert _last_verified(runs, "3") is None
