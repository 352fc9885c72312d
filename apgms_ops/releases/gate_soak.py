"""Repeats a run until a window is over. The clock and the waiting come in from outside."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

_Round = TypeVar("_Round")


@dataclass(frozen=True, slots=True)
class Window:
    """How long a gate goes on. It counts from the beginning of the first round."""

    seconds: float
    """0: one round."""
    every: float
    """Seconds from the beginning of a round to that of the next; one that takes longer is followed at once."""

    def pause(self, first: float, last: float, now: float) -> float | None:
        """Return the seconds until the next round, or None where the last one was begun when the window was over.

        That one is a whole round as well: what is let through was seen to hold at the end of the window, not only
        before it. No pause leads past the end.

        Args:
            first: When the first round began, in seconds of some clock.
            last: When the last one did.
            now: When that one ended.
        """
        end = first + self.seconds
        if last >= end:
            return None
        return max(0.0, min(last + self.every, end) - now)


def repeat(
    one: Callable[[int], _Round],
    window: Window,
    *,
    green: Callable[[_Round], bool],
    clock: Callable[[], float],
    wait: Callable[[float], None],
) -> Iterator[_Round]:
    """Yield rounds, each as soon as it is over; the first that is not green is the last.

    Args:
        one: Makes a round, by its number from 1.
        window: How long to go on.
        green: Says whether a round lets the release through.
        clock: A monotonic clock, in seconds.
        wait: Waits for a number of seconds, and is called with 0 as well: an interrupt ends it.
    """
    first = last = clock()
    number = 1
    while True:
        done = one(number)
        yield done
        if not green(done):
            return
        pause = window.pause(first, last, clock())
        if pause is None:
            return
        wait(pause)
        last = clock()
        number += 1
