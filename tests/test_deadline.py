"""The budget of total time."""

import math

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import DeadlineExceeded


class Clock:
    """A clock that moves when it is told to, or slept on."""

    def __init__(self, step: float = 0.0) -> None:
        """Start at an arbitrary moment; each reading moves on by `step` seconds."""
        self.now = 1000.0
        self.step = step
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Read the time, in seconds."""
        self.now += self.step
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move on, and remember by how much."""
        self.slept.append(seconds)
        self.now += seconds


def test_remaining_falls_to_zero_and_no_further() -> None:
    """What is left falls with the clock, and is never negative."""
    clock = Clock()
    deadline = Deadline(5, clock=clock)
    clock.now += 3
    assert deadline.remaining == pytest.approx(2)
    clock.now += 10
    assert deadline.remaining == 0.0
    assert deadline.expired


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf, -math.inf])
def test_a_budget_is_a_positive_finite_number(seconds: float) -> None:
    """A budget that is zero, negative, endless or no number is refused."""
    with pytest.raises(ValueError, match="positive number of seconds"):
        Deadline(seconds, clock=Clock())


def test_require_says_what_was_being_done() -> None:
    """Once it is over, the error names the budget and what was being waited for."""
    clock = Clock()
    deadline = Deadline(2.5, clock=clock)
    assert deadline.require("reading") == pytest.approx(2.5)
    clock.now += 2.5
    with pytest.raises(DeadlineExceeded, match=r"no answer within 2\.5 s while reading offsets"):
        deadline.require("reading offsets")


def test_a_pause_that_would_outlast_the_deadline_raises_at_once() -> None:
    """A wait that is longer than what is left is not begun."""
    clock = Clock()
    deadline = Deadline(1, clock=clock, sleep=clock.sleep)
    with pytest.raises(DeadlineExceeded, match="2 s more are needed"):
        deadline.pause(2, "asking again")
    assert clock.slept == []


def test_a_pause_sleeps_as_long_as_it_was_asked_to() -> None:
    """A wait that fits is slept in full."""
    clock = Clock()
    Deadline(1, clock=clock, sleep=clock.sleep).pause(0.25, "asking again")
    assert clock.slept == [0.25]


@pytest.mark.parametrize("seconds", [-0.1, math.nan])
def test_a_pause_is_not_negative(seconds: float) -> None:
    """A negative wait, or one that is no number, is a mistake of the caller."""
    with pytest.raises(ValueError, match="a pause is"):
        Deadline(1, clock=Clock()).pause(seconds, "x")


def test_a_part_never_ends_later_than_the_whole() -> None:
    """A part ends no later than the whole, even though the clock moves while it is made."""
    clock = Clock(step=0.001)
    whole = Deadline(1, clock=clock)
    part = whole.within(100)
    clock.step = 0.0
    assert part.remaining == whole.remaining


def test_a_part_may_be_shorter_than_the_whole() -> None:
    """A part that is shorter ends sooner."""
    clock = Clock()
    assert Deadline(10, clock=clock).within(2).remaining == pytest.approx(2)


def test_there_is_no_part_of_nothing() -> None:
    """Once the whole is over, no part of it begins."""
    clock = Clock()
    whole = Deadline(1, clock=clock)
    clock.now += 1
    with pytest.raises(DeadlineExceeded):
        whole.within(1)
