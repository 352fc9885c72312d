"""The line that says which probes are still out."""

import io
from collections.abc import Iterator

import pytest

from apgms_ops.plugin.live import LiveLine

State = tuple[tuple[str, ...], int] | None


class Stream(io.StringIO):
    """A stream that says whether it is a terminal."""

    terminal = False

    def isatty(self) -> bool:
        """Say so."""
        return self.terminal


@pytest.fixture
def stream() -> Stream:
    """Where the line is written."""
    return Stream()


def looking(stream: Stream, states: list[State]) -> Iterator[bool]:
    """Look at each state, three seconds apart, and yield what each look returns."""
    now = 0.0
    remaining = iter(states)
    line = LiveLine(stream, lambda: next(remaining), clock=lambda: now, columns=60)
    for _ in states:
        yield line.look()
        now += 3.0


def test_on_a_terminal_one_line_is_rewritten(stream: Stream) -> None:
    """Before the plan nothing is shown; then how many answered, the seconds, who is out, within the width."""
    stream.terminal = True
    assert list(looking(stream, [None, (("lag", "budget"), 3), (("a" * 100,), 3), ((), 3)])) == [
        True,
        True,
        True,
        False,
    ]
    first, second = stream.getvalue().split("\r\x1b[2K")[1:]
    assert first == "probes: 1 of 3 answered, 0 s; waiting for lag, budget"
    assert second.startswith("probes: 2 of 3 answered, 3 s; waiting for aaa")
    assert len(second) == 59


def test_without_a_terminal_a_plain_line_comes_now_and_then(stream: Stream) -> None:
    """In CI a line is printed at most every five seconds, whole, without control characters."""
    list(looking(stream, [(("lag",), 2)] * 5))
    lines = stream.getvalue().splitlines()
    assert lines == [
        "",
        "probes: 1 of 2 answered, 6 s; waiting for lag",
        "probes: 1 of 2 answered, 12 s; waiting for lag",
    ]


def test_a_hostile_probe_name_does_not_reach_the_terminal(stream: Stream) -> None:
    """Control characters in a name are replaced."""
    stream.terminal = True
    list(looking(stream, [(("lag\x1b]0;x\x07",), 1)]))
    assert stream.getvalue().count("\x1b") == 1


def test_stopping_before_starting_is_harmless(stream: Stream) -> None:
    """A run that ends before the line was started takes nothing away."""
    LiveLine(stream, lambda: None, clock=lambda: 0.0, columns=60).stop()
    assert stream.getvalue() == ""
