"""What a check can come to, and what a run of them comes to."""

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What became of one planned check."""

    PASS = "PASS"  # noqa: S105 — a verdict, not a password
    """The promise was seen to hold."""
    FAIL = "FAIL"
    """The promise was seen not to hold."""
    UNKNOWN = "UNKNOWN"
    """It could not be observed. Never green."""
    WAIVED = "WAIVED"
    """FAIL, under a waiver that is approved and in force; green in the exit code only."""
    SKIPPED = "SKIPPED"
    """The environment declares the target absent, with a reason. Neutral."""

    @property
    def green(self) -> bool:
        """Whether an on-call engineer may go back to sleep over it."""
        return self is Verdict.PASS

    @property
    def neutral(self) -> bool:
        """Whether it neither holds a run back nor makes it green."""
        return self is Verdict.SKIPPED


EXIT_GREEN = 0
EXIT_FAIL = 1
EXIT_CONFIGURATION = 4
EXIT_NOTHING_SELECTED = 5
EXIT_UNKNOWN = 10

# The worst first: what a check that was reported more than once (a rerun, a teardown) comes to.
_WORST_FIRST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WAIVED, Verdict.SKIPPED, Verdict.PASS)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of several verdicts on one check; UNKNOWN where there is none."""
    return min(verdicts, key=_WORST_FIRST.index, default=Verdict.UNKNOWN)


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """Return the exit code of a run: 0 all green, 1 something FAILED, 10 something UNKNOWN, 5 nothing selected.

    A run in which every check was SKIPPED saw nothing, so it is 10, not 0.
    """
    seen = set(verdicts)
    if not seen:
        return EXIT_NOTHING_SELECTED
    if Verdict.FAIL in seen:
        return EXIT_FAIL
    if Verdict.UNKNOWN in seen or seen == {Verdict.SKIPPED}:
        return EXIT_UNKNOWN
    return EXIT_GREEN
