"""Changes of a timeline file's text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.compliance import timelines
from apgms_ops.compliance.timelines import Entry
from apgms_ops.errors import ConfigurationError
from apgms_ops.incidents.edits import new_problems, with_entry, with_field, with_review

SYDNEY = timezone(timedelta(hours=11))
NAME = "2026-11-27-payments-stop.md"
TEXT = """# Payments stop

- Incident: PABC123
- Severity: sev1
- Detected: 2026-11-27T09:30:00+11:00
- Declared: 2026-11-27T09:34:00+11:00
- Personal data breach: no

## Timeline

- 2026-11-27T09:30:00+11:00 The consumer lag alert fires.
  It had fired the day before as well.
- 2026-11-27T10:00:00+11:00 The broker is restarted.

## What people thought

It was the broker.
"""


def at(hour: int, minute: int = 0) -> datetime:
    """Return a time of that morning, in Sydney."""
    return datetime(2026, 11, 27, hour, minute, tzinfo=SYDNEY)


def test_the_example_is_sound() -> None:
    """What the tests begin with has nothing wrong with it."""
    assert timelines.read(NAME, TEXT).problems == ()


@pytest.mark.parametrize(
    ("when", "after"),
    [
        (at(9, 45), "  It had fired the day before as well."),
        (at(10), "- 2026-11-27T10:00:00+11:00 The broker is restarted."),
        (at(11), "- 2026-11-27T10:00:00+11:00 The broker is restarted."),
        (at(9, 30), "  It had fired the day before as well."),
        (at(9), ""),
        (datetime(2026, 11, 26, 22, 50, tzinfo=UTC), "  It had fired the day before as well."),
    ],
)
def test_an_entry_stands_where_it_belongs(when: datetime, after: str) -> None:
    """Behind all that happened until then, and behind the longer entries' lines; nothing else changes."""
    text = with_entry(TEXT, Entry(when, "Somebody looked."))
    lines = text.splitlines()
    number = lines.index(f"- {when.isoformat()} Somebody looked.")
    assert lines[number - 1] == after
    assert [line for line in lines if "Somebody looked." not in line] == TEXT.splitlines()
    assert timelines.read(NAME, text).problems == ()


def test_an_entry_that_stands_there_changes_nothing() -> None:
    """The same entry a second time is not written a second time."""
    once = with_entry(TEXT, Entry(at(11), "It runs."))
    assert with_entry(once, Entry(at(11), "It runs.")) == once


def test_the_first_entry_follows_the_heading() -> None:
    """In an empty timeline, with a blank line on either side."""
    empty = TEXT[: TEXT.index("- 2026-11-27T09:30:00+11:00 The")] + TEXT[TEXT.index("## What") :]
    assert "## Timeline\n\n- 2026-11-27T11:00:00+11:00 It runs.\n" in with_entry(empty, Entry(at(11), "It runs."))


def test_a_file_without_a_timeline_is_refused() -> None:
    """Nothing is guessed about where an entry could stand."""
    with pytest.raises(ConfigurationError, match="no heading `## Timeline`"):
        with_entry("# Payments stop\n", Entry(at(11), "It runs."))
    with pytest.raises(ConfigurationError, match="no heading `## Timeline`"):
        with_field("# Payments stop\n", timelines.RESOLVED, at(11))


def test_a_field_stands_where_it_belongs() -> None:
    """In the order of the form; said again, in its place."""
    text = with_field(TEXT, timelines.RESOLVED, at(11))
    assert "Declared: 2026-11-27T09:34:00+11:00\n- Resolved: 2026-11-27T11:00:00+11:00\n- Personal" in text
    again = with_field(text, timelines.RESOLVED, at(12))
    assert again == text.replace("T11:00:00", "T12:00:00")
    assert with_field(text, timelines.RESOLVED, at(11)) == text


def test_a_field_that_comes_first_stands_before_the_others() -> None:
    """What PagerDuty did not say at first is said later, in its place."""
    without = TEXT.replace("- Incident: PABC123\n", "")
    assert with_field(without, timelines.INCIDENT, "PABC123") == TEXT


def test_a_review_is_added_and_replaced() -> None:
    """At the end, or in the place of what was said; other parts stay."""
    once = with_review(TEXT, "It was the disk.\n\n- Ann buys another.")
    assert once == f"{TEXT}\n## Review\n\nIt was the disk.\n\n- Ann buys another.\n"
    more = f"{once}\n## Links\n\nNone.\n"
    assert with_review(more, "It was the cable.") == f"{TEXT}\n## Review\n\nIt was the cable.\n\n## Links\n\nNone.\n"
    assert with_review(once, "It was the disk.\n\n- Ann buys another.") == once


def test_a_review_cannot_begin_another_part() -> None:
    """A heading in it would be taken for one of the file's."""
    with pytest.raises(ConfigurationError, match="no headings"):
        with_review(TEXT, "Fine.\n## Timeline\n- never")


def test_only_new_problems_count() -> None:
    """What was wrong before does not stand in the way; what a change makes wrong does, wherever the lines move to."""
    wrong = TEXT.replace("It was the broker.", "TODO")
    assert new_problems(NAME, wrong, with_entry(wrong, Entry(at(11), "It runs."))) == []
    found = new_problems(NAME, wrong, with_entry(wrong, Entry(at(11), "TFN 123 456 782 was shown.")))
    assert found == ["a line holds what looks like a tax file number, an account number or a secret"]


@given(st.text(max_size=200), st.integers(0, 100_000))
def test_whatever_is_noted_is_one_entry(text: str, later: int) -> None:
    """No text, however hostile, adds a line of another kind, or takes one away."""
    entry = Entry(at(9) + timedelta(seconds=later), f"x {text}")
    before, after = timelines.read(NAME, TEXT), timelines.read(NAME, with_entry(TEXT, entry))
    assert len(after.entries) == len(before.entries) + 1
    assert (after.title, after.words, after.times, after.review) == (
        before.title,
        before.words,
        before.times,
        before.review,
    )
