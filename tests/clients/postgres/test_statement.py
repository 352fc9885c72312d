"""Statements and the values that are written into them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from apgms_ops.clients.postgres.statement import Kind, Statement, literal


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "NULL"),
        (True, "TRUE"),
        (-7, "(-7)"),
        ("it's", "E'it''s'"),
        ("\\'; DROP TABLE x; --", "E'\\\\''; DROP TABLE x; --'"),
        (
            datetime(2026, 11, 24, 12, tzinfo=timezone(timedelta(hours=11))),
            "timestamptz '2026-11-24T01:00:00.000000+00:00'",
        ),
        (timedelta(minutes=1), "interval '60000000 microseconds'"),
    ],
)
def test_a_value_is_written_as_a_literal(value: object, written: str) -> None:
    """Every kind of value has one way to be written, and a text cannot end its own quotes."""
    assert literal(value) == written  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["a\0b", datetime(2026, 11, 24)])  # noqa: DTZ001 — that is what is refused
def test_what_has_no_literal_is_refused(value: str | datetime) -> None:
    """A zero byte and a time without its zone are refused before anything is sent."""
    with pytest.raises(ValueError, match=r"zero byte|zone"):
        literal(value)


def test_places_are_filled_and_casts_left_alone() -> None:
    """`%(name)s` is replaced; `::text` and a plain per cent sign are not."""
    statement = Statement(
        "x", "SELECT a::text FROM t WHERE b > %(least)s AND c LIKE 'x%';", {"a": Kind.TEXT}, {"least": 3}
    )
    assert statement.copy() == "COPY (SELECT a::text FROM t WHERE b > (3) AND c LIKE 'x%') TO STDOUT"
    with pytest.raises(KeyError):
        Statement("x", "SELECT %(missing)s", {"a": Kind.TEXT}).copy()


def test_times_are_written_in_utc() -> None:
    """A time is written with its zone, to the microsecond."""
    assert literal(datetime(2026, 1, 1, 0, 0, 0, 1, UTC)) == "timestamptz '2026-01-01T00:00:00.000001+00:00'"
