"""What an auditor asks of a period: nothing that was red, missed or cannot be believed is left out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.cli import main
from apgms_ops.cli.evidence_period import moment
from apgms_ops.errors import ConfigurationError
from apgms_ops.evidence.period import Missed, Period, of_control, tell
from apgms_ops.verdict import Verdict
from tests.reports.recorded import WAIVER, altered, planned, write_run

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
STEPS = frozenset({3, 4})


def daily() -> list[dict[str, Any]]:
    """Return a plan that has every step of the daily checks."""
    plan = planned()
    return [*plan, *(plan[0] | {"id": f"checks/x.py::test_{n}", "runbook": ["daily-checks", n]} for n in (3, 4))]


def told(runs: Path, days: int = 5, now: datetime = START + 90 * DAY) -> Period:
    """Tell of the days from START on."""
    return tell(runs, "production", START, START + days * DAY, every=DAY, steps=STEPS, now=now)


def test_a_quiet_period_has_no_exceptions(tmp_path: Path) -> None:
    """A run a day, all green and sealed: as many as expected, each control judged in each, nothing to ask about."""
    for day in range(5):
        write_run(tmp_path, START + day * DAY + HOUR, checks=daily())
    found = told(tmp_path)
    assert (found.expected, found.daily, found.performed, found.exceptions) == (5, 5, 5, 0)
    assert found.judged["audit-logging"] == 5


def test_runs_that_did_not_happen_are_exceptions(tmp_path: Path) -> None:
    """Missing days are told with their window, at the end of the period as well; a run that is a little late is not."""
    for hours in (1, 30, 102):
        write_run(tmp_path, START + hours * HOUR, checks=daily())
    found = told(tmp_path, days=8)
    assert found.missed == [
        Missed(START + 54 * HOUR, START + 102 * HOUR, 2),
        Missed(START + 126 * HOUR, START + 192 * HOUR, 3),
    ]
    assert told(tmp_path, days=8, now=START + 103 * HOUR).missed == [found.missed[0]]


def test_lateness_adds_up_to_runs_that_were_missed(tmp_path: Path) -> None:
    """Runs that are each late by less than half an interval are too few all the same; many at once lend nothing."""
    for number in range(12):
        write_run(tmp_path, START + HOUR + number * 35 * HOUR, checks=daily())
    found = told(tmp_path, days=17)
    assert (found.expected, found.daily) == (17, 12)
    assert sum(missed.count for missed in found.missed) == 5
    for minutes in range(1, 20):
        write_run(tmp_path / "early", START + minutes * HOUR / 60, checks=daily())
    assert sum(missed.count for missed in told(tmp_path / "early").missed) == 4


def test_a_run_of_the_future_counts_for_nothing(tmp_path: Path) -> None:
    """A clock that was wrong is an exception: it neither makes a run nor has others missed before they are due."""
    write_run(tmp_path, START + HOUR, checks=daily())
    ahead = write_run(tmp_path, START + 4 * DAY, checks=daily())
    found = told(tmp_path, now=START + 12 * HOUR)
    assert (found.expected, found.daily, found.missed) == (0, 1, [])
    assert [name.partition(":")[0] for name in found.invalid] == [ahead.name]


@pytest.mark.parametrize("verdict", ["SKIPPED", "UNKNOWN"])
def test_what_nobody_saw_judges_no_control(tmp_path: Path, verdict: str) -> None:
    """A control whose every check was skipped, or could not look, is a gap."""
    write_run(tmp_path, START + HOUR, checks=daily(), verdicts=dict.fromkeys(range(len(daily())), verdict))
    assert told(tmp_path, days=1).judged == {}


def test_nothing_at_all_is_all_missed(tmp_path: Path) -> None:
    """A folder without runs is no quiet period."""
    assert sum(missed.count for missed in told(tmp_path).missed) == 4


def test_what_was_red_is_told_from_when_to_when(tmp_path: Path) -> None:
    """From the first run that saw it red to the first that saw it PASS again; the worst verdict; who ran that."""
    for day, verdict in enumerate(("UNKNOWN", "FAIL", "UNKNOWN", "PASS")):
        write_run(tmp_path, START + day * DAY + HOUR, checks=daily(), verdicts={2: verdict})
    (red,) = told(tmp_path, days=4).reds
    assert red.check == daily()[2]["id"]
    assert (red.verdict, red.since, red.until) == (Verdict.FAIL, START + HOUR, START + 3 * DAY + HOUR)
    assert red.green_by == "not recorded"
    assert of_control([red], daily()[2]["controls"][0]) == (red,)
    assert of_control([red], "personnel-security") == ()


def test_what_is_still_red_and_what_was_before_are_told(tmp_path: Path) -> None:
    """Red from before the period on is told with its beginning; red at its end as still red; over before it, not."""
    write_run(tmp_path, START - 3 * DAY, checks=daily(), verdicts={0: "FAIL", 1: "FAIL"})
    write_run(tmp_path, START - 2 * DAY, checks=daily(), verdicts={1: "FAIL"})
    write_run(tmp_path, START + HOUR, checks=daily(), verdicts={2: "FAIL"})
    reds = {red.check: red for red in told(tmp_path, days=1).reds}
    assert set(reds) == {daily()[1]["id"], daily()[2]["id"]}
    assert reds[daily()[1]["id"]].since == START - 3 * DAY
    assert reds[daily()[2]["id"]].until is None


def test_what_was_mended_after_the_period_is_not_still_red(tmp_path: Path) -> None:
    """A PASS after the end ends what was red; a later FAIL and an unfinished run tell nothing of the period."""
    write_run(tmp_path, START + HOUR, checks=daily(), verdicts={0: "FAIL", 1: "FAIL"})
    write_run(tmp_path, START + DAY, checks=daily(), closed=False)
    green = write_run(tmp_path, START + 2 * DAY, checks=daily(), verdicts={1: "FAIL", 2: "FAIL"})
    reds = {red.check: red for red in told(tmp_path, days=1).reds}
    assert set(reds) == {daily()[0]["id"], daily()[1]["id"]}
    assert (reds[daily()[0]["id"]].until, reds[daily()[0]["id"]].green_run) == (START + 2 * DAY, green.name)
    assert reds[daily()[1]["id"]].until is None


def test_a_waiver_that_was_used_is_told(tmp_path: Path) -> None:
    """What was WAIVED is an exception with its waiver, once."""
    for day in range(2):
        write_run(tmp_path, START + day * DAY + HOUR, checks=daily(), verdicts={0: "WAIVED"})
    (red,) = told(tmp_path, days=2).reds
    assert (red.verdict, red.waived) == (Verdict.WAIVED, (WAIVER,))


def test_what_cannot_be_believed_is_an_exception(tmp_path: Path) -> None:
    """Altered, unsealed and unfinished runs are named; a replay, another environment's and a later one are not."""
    bad = altered(write_run(tmp_path, START + HOUR, checks=daily()))
    bare = write_run(tmp_path, START + 2 * HOUR, checks=daily(), sealed=False)
    cut = write_run(tmp_path, START + 3 * HOUR, checks=daily(), closed=False)
    write_run(tmp_path, START + 4 * HOUR, checks=daily(), replay_of=bare.name, verdicts={0: "FAIL"})
    write_run(tmp_path, START + 5 * HOUR, checks=daily(), name="staging", verdicts={0: "FAIL"})
    write_run(tmp_path, START + 2 * DAY, checks=daily(), verdicts={0: "FAIL"})
    found = told(tmp_path, days=1)
    assert [name.partition(":")[0] for name in found.invalid] == [bad.name]
    assert (found.unsealed, found.unfinished, found.reds) == ([bare.name], [cut.name], [])
    assert found.exceptions == 3


@pytest.mark.parametrize(
    ("text", "whole_day", "at"),
    [
        ("2026-07-01", False, "2026-06-30T14:00:00+00:00"),
        ("2026-12-31", True, "2026-12-31T13:00:00+00:00"),
        ("2026-10-04", False, "2026-10-03T14:00:00+00:00"),
        ("2026-10-04", True, "2026-10-04T13:00:00+00:00"),
        ("2027-04-04", True, "2027-04-04T14:00:00+00:00"),
        ("2026-07-01T09:00:00+10:00", True, "2026-06-30T23:00:00+00:00"),
    ],
    ids=["winter", "summer", "daylight saving begins", "and its day has 23 hours", "and ends, with 25", "a time"],
)
def test_days_are_those_of_sydney(text: str, whole_day: bool, at: str) -> None:  # noqa: FBT001 — a parameter
    """A day begins and ends at midnight in Sydney, on the days on which the clocks change too."""
    assert moment(text, "--from", whole_day=whole_day).isoformat() == at


@pytest.mark.parametrize("text", ["yesterday", "2026-07-01T09:00:00", "2026-13-01"])
def test_what_is_no_day_is_refused(text: str) -> None:
    """Neither a day nor a time with its zone is one clear line."""
    with pytest.raises(ConfigurationError, match="--from"):
        moment(text, "--from")


def test_the_command_shows_each_control(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every control has its line, with gaps as gaps, and what was red beneath it."""
    write_run(tmp_path, START + HOUR, checks=daily(), verdicts={0: "FAIL"})
    options = ["--from", "2026-11-01", "--to", "2026-11-01", "--runs", str(tmp_path)]
    assert main(["evidence", "period", *options]) == 0
    said = capsys.readouterr().out
    assert "personnel-security: GAP: no run has judged it, 0 exceptions" in said
    assert f"STILL RED: {daily()[0]['id']}" in said
    assert main(["evidence", "period", "--from", "2026-11-02", "--to", "2026-11-01", "--runs", str(tmp_path)]) == 4
