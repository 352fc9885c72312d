"""Timeline files: what is written is read back; what is wrong with one is said, and quotes nothing that it must not."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.compliance import timelines
from apgms_ops.compliance.timelines import Entry, Timeline, name_of, read, written

ZONE = timezone(timedelta(hours=11))
AT = datetime(2026, 11, 27, 9, 30, tzinfo=ZONE)
NAME = "2026-11-27-payments-stop.md"
GOOD = """# Payments stop

- Incident: PABC123
- Severity: sev1
- Service: payments
- Detected: 2026-11-27T09:30:00+11:00
- Declared: 2026-11-27T09:34:00+11:00
- Resolved: 2026-11-27T11:02:00+11:00
- Personal data breach: yes
- ATO notified: 2026-11-27T12:00:00+11:00
- Review scheduled: 2026-11-28T10:00:00+11:00
- Review held: 2026-11-28T10:00:00+11:00

## Timeline

- 2026-11-27T09:30:00+11:00 An alert fired: 123456783 cents are held.
  It was the third of the week.
- 2026-11-26T22:34:00+00:00 Declared.

## Review

Two actions.
"""


def test_a_good_file_says_all_of_it() -> None:
    """Every field is read, times with their zone; a nine-digit number that is none of a person is no problem."""
    found = read(NAME, GOOD)
    assert found.problems == ()
    assert (found.title, found.incident, found.breach) == ("Payments stop", "PABC123", True)
    assert found.times[timelines.HELD] - found.times[timelines.RESOLVED] == timedelta(hours=22, minutes=58)
    assert [entry.text for entry in found.entries] == ["An alert fired: 123456783 cents are held.", "Declared."]
    assert found.review == "Two actions."


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("# Payments stop\n", "", "it has no title"),
        ("- Incident: PABC123\n", "", "Incident is not said"),
        ("sev1", "high", 'Severity is one of sev1, sev2, sev3, not "high"'),
        ("breach: yes", "breach: perhaps", 'Personal data breach is yes or no, not "perhaps"'),
        ("- Personal data breach: yes\n", "", "Personal data breach is not said"),
        (
            "Detected: 2026-11-27T09:30:00+11:00",
            "Detected: 2026-11-27T09:30:00",
            'Detected: "2026-11-27T09:30:00" is no',
        ),
        ("Detected: 2026-11-27T09:30:00+11:00", "Detected: half past nine", "is no time with its zone"),
        ("- Severity: sev1", "- Severity: sev1\n- Severity: sev2", "Severity is said twice"),
        ("- Service: payments", "- Mood: bad", 'at its top stands "- Mood: bad"'),
        ("- 2026-11-26T22:34:00+00:00 Declared.", "- 2026-11-27T08:00:00+11:00 Before.", "stands after that of"),
        ("- 2026-11-26T22:34:00+00:00 Declared.", "- 09:34 Declared.", "begins with no time with its zone"),
        ("Two actions.", "TODO", 'line 22 is not filled in: "TODO"'),
        ("Two actions.", "<summary>", "is not filled in"),
        ("Two actions.", "TFN 123 456 782.", "line 22 holds what looks like a tax file number"),
        ("Two actions.", "Ask jo.citizen@example.com.", "line 22 holds an e-mail address"),
        ("Two actions.", "Call 0491 570 006.", "line 22 holds a telephone number"),
        ("Two actions.", "Call +61 491 570 006.", "line 22 holds a telephone number"),
        ("Two actions.", "password=hunter2-Tr0ub4dor", "line 22 holds what looks like"),
        ("Resolved: 2026-11-27T11:02", "Resolved: 2026-11-27T08:02", "is before Detected"),
        ("held: 2026-11-28", "held: 2026-11-26", "is before Resolved"),
    ],
)
def test_what_is_wrong_is_said(old: str, new: str, said: str) -> None:
    """Each problem is a sentence of its own."""
    assert old in GOOD
    problems = read(NAME, GOOD.replace(old, new, 1)).problems
    assert any(said in problem for problem in problems), problems


def test_a_problem_quotes_no_personal_data() -> None:
    """What a file must not hold is not repeated by what says so."""
    secrets = ("123 456 782", "jo.citizen@example.com", "0491 570 006", "hunter2-Tr0ub4dor")
    text = GOOD.replace("- Service: payments", f"- Mood: {secrets[0]} {secrets[1]} {secrets[2]} password={secrets[3]}")
    said = " ".join(read(NAME, text).problems)
    assert "line 5" in said
    assert [secret for secret in secrets if secret in said] == []


@pytest.mark.parametrize(
    "name", ["payments.md", "2026-13-27-x.md", "2026-11-27.md", "2026-11-27-Über.md", "../2026-11-27-x.md"]
)
def test_a_name_of_another_form_is_said(name: str) -> None:
    """The date and the summary are in the name, and nothing that a path or a shell would obey."""
    assert read(name, GOOD).problems == ("its name is not of the form 2026-11-27-what-happened.md",)


def test_an_empty_file_is_said_to_lack_everything() -> None:
    """Nothing is taken for granted."""
    problems = read(NAME, "").problems
    assert "its timeline is empty" in problems
    assert len(problems) == 7


TIME = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 — hypothesis adds it
PLAIN = st.text(st.characters(min_codepoint=97, max_codepoint=110), min_size=1, max_size=20)


@given(title=PLAIN, texts=st.lists(PLAIN, min_size=1, max_size=5), at=TIME, review=PLAIN)
def test_what_is_written_is_read_back(title: str, texts: list[str], at: datetime, review: str) -> None:
    """Whatever is written in the house's form is read as it was, without problems."""
    words = {timelines.INCIDENT: "PABC123", timelines.SEVERITY: "sev2", timelines.BREACH: "no"}
    times = {timelines.DETECTED: at, timelines.DECLARED: at + timedelta(minutes=3)}
    entries = tuple(Entry(at + timedelta(minutes=n), text) for n, text in enumerate(texts))
    made = Timeline(NAME, title, words, times, entries, review)
    assert read(NAME, written(made)) == made


@given(title=st.text(max_size=40), text=st.text(max_size=80))
def test_hostile_text_makes_no_second_line(title: str, text: str) -> None:
    """A summary or an entry cannot add a field, an entry or a heading."""
    words = {timelines.INCIDENT: "PABC123", timelines.SEVERITY: "sev2", timelines.BREACH: "no"}
    times = {timelines.DETECTED: AT, timelines.DECLARED: AT}
    found = read(NAME, written(Timeline(NAME, f"x{title}", words, times, (Entry(AT, f"x{text}"),))))
    assert (dict(found.words), dict(found.times), len(found.entries), found.review) == (words, times, 1, "")


@given(summary=st.text(max_size=200))
def test_a_name_is_safe_whatever_the_summary_is(summary: str) -> None:
    """The name of a file is of the house's form, and never leads elsewhere."""
    name = name_of(date(2026, 11, 27), summary)
    assert read(name, GOOD).problems == ()
    assert len(name) < 80
