r"""Rows from COPY's text format."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.clients.postgres.facts import Row
from apgms_ops.clients.postgres.parse import rows
from apgms_ops.clients.postgres.statement import Kind
from apgms_ops.errors import BadAnswer

TEXT = {"a": Kind.TEXT}


def escaped(text: str) -> str:
    """Return a text as COPY writes it."""
    for plain, written in (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"), ("\b", "\\b"), ("\v", "\\v")):
        text = text.replace(plain, written)
    return text.replace("\f", "\\f")


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))), st.integers(1, 7))
def test_any_text_comes_back(texts: list[str], width: int) -> None:
    """Whatever a text holds, and wherever the answer is cut into pieces, it comes back as it was."""
    wire = "".join(f"{escaped(text)}\n" for text in texts).encode()
    pieces = [wire[at : at + width] for at in range(0, len(wire), width)]
    assert [row[0] for row in rows(pieces, TEXT)] == texts


def test_null_is_none_and_not_empty() -> None:
    r"""`\N` is NULL; nothing between two tabs is an empty text; a text that reads \N is escaped."""
    assert list(rows([b"\\N\n\n\\\\N\n"], TEXT)) == [(None,), ("",), ("\\N",)]


def test_every_kind_is_typed() -> None:
    """Whole numbers beyond 2^53, truth values, and times in UTC to the microsecond."""
    columns = {"i": Kind.INTEGER, "b": Kind.BOOLEAN, "t": Kind.TIME}
    (row,) = rows([b"9007199254740993\tt\t2026-11-24 01:02:03.000004+00\n"], columns)
    assert row == (9007199254740993, True, datetime(2026, 11, 24, 1, 2, 3, 4, UTC))


@pytest.mark.parametrize(
    ("field", "kind", "said"),
    [
        (b"1.5", Kind.INTEGER, "whole number"),
        (b"", Kind.INTEGER, "whole number"),
        (b"true", Kind.BOOLEAN, "t or f"),
        (b"infinity", Kind.TIME, "a time"),
        (b"2026-11-24 01:02:03", Kind.TIME, "with its zone"),
        (b"0044-03-15 12:00:00+00 BC", Kind.TIME, "a time"),
        (b"\xff", Kind.TEXT, "no UTF-8"),
        (b"a\tb", Kind.TEXT, "2 fields came where 1"),
    ],
)
def test_what_is_not_of_its_kind_is_a_bad_answer(field: bytes, kind: Kind, said: str) -> None:
    """A field that is not what was asked for is an error, never a default."""
    with pytest.raises(BadAnswer, match=said):
        list(rows([field + b"\n"], {"a": kind}))


def test_an_answer_that_breaks_off_is_no_answer() -> None:
    """A last row without its end is not believed."""
    with pytest.raises(BadAnswer, match="breaks off"):
        list(rows([b"whole\nhal"], TEXT))


def test_a_row_does_not_pass_null_off_as_something() -> None:
    """A typed read of NULL, or of a truth value as a number, is a bad answer."""
    row = Row({"n": None, "t": True, "i": 1})
    for read in (row.integer, row.text, row.time, row.truth):
        with pytest.raises(BadAnswer):
            read("n")
    with pytest.raises(BadAnswer):
        row.integer("t")
    assert (row.truth("t"), row.integer("i"), row.time_or_none("n")) == (True, 1, None)
