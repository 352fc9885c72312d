"""Whether the schema is the one that the release needs."""

from datetime import UTC, datetime

import pytest

from apgms_ops.errors import Unobserved
from apgms_ops.probes.migrations import Applied, Migrations

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def applied(*versions: str) -> Migrations:
    """Return a database that has been through these."""
    return Migrations(AT, tuple(Applied(version, AT) for version in versions))


def test_all_that_are_needed_are_there() -> None:
    """More than are needed, in any order, do no harm: somebody went back a release."""
    assert not applied("0002_b", "0001_a", "0003_c").missing(("0001_a", "0002_b"))


def test_a_missing_one_is_named_with_the_last_that_is_there() -> None:
    """The newest one is what a release forgets."""
    assert applied("0001_a").missing(("0001_a", "0002_b")) == (
        "migration 0002_b is not applied; the last one that is: 0001_a",
    )
    assert "none at all" in applied().missing(("0001_a",))[0]


def test_nothing_declared_is_unknown() -> None:
    """A release that needs nothing would pass on any database."""
    with pytest.raises(Unobserved, match="not declared"):
        applied("0001_a").missing(())
