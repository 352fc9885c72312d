"""Whether one share of many is larger than another by more than chance: Fisher's exact test, one-sided. Pure."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from apgms_ops.errors import BadAnswer

_NEGLIGIBLE: Final = 1e-17
"""A term so much smaller than the sum before it adds nothing to a float."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    def __post_init__(self) -> None:
        """Refuse what is no part of a whole.

        Raises:
            BadAnswer: There are fewer than none, or more hits than there are things.
        """
        if not 0 <= self.hits <= self.of:
            msg = f"{self.hits} of {self.of} is no share"
            raise BadAnswer(msg)

    @property
    def value(self) -> float:
        """The share, from 0 to 1; 0 of nothing."""
        return self.hits / self.of if self.of else 0.0


def chance(before: Share, after: Share) -> float:
    """Return how likely so many hits after, or more, would be if before and after were alike.

    Fisher's exact test: given how many hits there were in all, those after follow the hypergeometric distribution if
    both times have the same share of them, whatever that is, and however few they are. Nothing is approximated. If the
    share did not grow, a chance of `c` or less comes up in at most `c` of all comparisons.

    Args:
        before: What it was.
        after: What it is.

    Returns:
        From 0 to 1.
    """
    total, hits = before.of + after.of, before.hits + after.hits
    likeliest = (hits + 1) * (after.of + 1) // (total + 2)
    if after.hits > likeliest:
        return min(1.0, _sum(_terms(after.hits, 1, total, hits, after.of)))
    return min(1.0, max(0.0, 1.0 - _sum(_terms(after.hits - 1, -1, total, hits, after.of))))


def _terms(first: int, step: int, total: int, hits: int, drawn: int) -> Iterator[float]:
    """Yield the likelihoods of `first` hits among those drawn, of one more (or fewer), and so on; they only fall."""
    least, most = max(0, hits + drawn - total), min(hits, drawn)
    if not least <= first <= most:
        return
    term = math.exp(_log_choose(hits, first) + _log_choose(total - hits, drawn - first) - _log_choose(total, drawn))
    found = first
    while True:
        yield term
        found += step
        if not least <= found <= most:
            return
        # The ratio of two neighbours, upwards; downwards it is the other way round.
        lower = found - 1 if step > 0 else found
        ratio = (hits - lower) * (drawn - lower) / ((lower + 1) * (total - hits - drawn + lower + 1))
        term *= ratio if step > 0 else 1 / ratio


def _sum(terms: Iterator[float]) -> float:
    total = 0.0
    for term in terms:
        total += term
        if term <= total * _NEGLIGIBLE:
            break
    return total


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
