"""One budget of total time, made at the edge and passed inward through every wait and retry."""

import math
import time
from collections.abc import Callable

from apgms_ops.errors import DeadlineExceeded


class Deadline:
    """A point in time by which the whole of a piece of work must be over.

    Per-read timeouts never expire on an answer that drips; a deadline does. Pass it on, do not make a new one.
    """

    def __init__(
        self,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Start a budget of `seconds` now.

        Args:
            seconds: The whole budget, in seconds; more than zero, and finite.
            clock: A monotonic clock, in seconds.
            sleep: Waits for a number of seconds; a test's fake advances its clock instead.

        Raises:
            ValueError: The budget is not a positive number.
        """
        if not (seconds > 0 and math.isfinite(seconds)):
            msg = f"a deadline needs a positive number of seconds, not {seconds!r}"
            raise ValueError(msg)
        self.seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._ends = clock() + seconds

    @property
    def remaining(self) -> float:
        """Seconds that are left; 0.0 once it is over."""
        return max(0.0, self._ends - self._clock())

    @property
    def expired(self) -> bool:
        """Whether nothing is left."""
        return self.remaining <= 0.0

    def require(self, doing: str) -> float:
        """Return the seconds left, for the timeout of the next call.

        Args:
            doing: What is about to be done, for the error: "reading offsets of audit-writer".

        Raises:
            DeadlineExceeded: Nothing is left.
        """
        left = self.remaining
        if left <= 0.0:
            msg = f"no answer within {self.seconds:g} s while {doing}"
            raise DeadlineExceeded(msg)
        return left

    def pause(self, seconds: float, doing: str) -> None:
        """Wait for `seconds`, or raise at once if that is longer than what is left.

        Raises:
            DeadlineExceeded: The wait would outlast the deadline.
            ValueError: The wait is negative, or not a number.
        """
        if not seconds >= 0:
            msg = f"a pause is a number of seconds from 0 up, not {seconds!r}"
            raise ValueError(msg)
        if seconds >= self.require(doing):
            msg = f"{self.seconds:g} s are not enough for {doing}: {seconds:g} s more are needed"
            raise DeadlineExceeded(msg)
        self._sleep(seconds)

    def within(self, seconds: float) -> "Deadline":
        """Return a deadline of at most `seconds` that ends no later than this one.

        Raises:
            DeadlineExceeded: Nothing is left of this one.
            ValueError: `seconds` is not a positive number.
        """
        left = self.require("starting a part of the work")
        part = Deadline(min(seconds, left), clock=self._clock, sleep=self._sleep)
        # The clock has moved on since `left` was read.
        part._ends = min(part._ends, self._ends)
        return part

    def __repr__(self) -> str:
        """Say how much of the budget is left."""
        return f"Deadline({self.remaining:.3f} of {self.seconds:g} s left)"
