"""A listing of any length in a few lines: how much there is, and what is newest and oldest. Pure."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from apgms_ops.clients.objectstore.facts import Listed

_AT_ONCE: Final = 1000
"""Objects that are held at once, besides those that are kept."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What lies under a prefix."""

    count: int
    """Objects."""
    size: int
    """Bytes of them all."""
    newest: tuple[Listed, ...]
    """The newest, the newest of all first."""
    oldest: tuple[Listed, ...]
    """The oldest, the oldest of all first; where there are few, they are among the newest as well."""


def survey(objects: Iterable[Listed], of: int) -> Survey:
    """Look at each once, and keep no more than the `of` newest and the `of` oldest.

    Of two of the same second, as S3 dates them, the one whose name comes later counts as newer.
    """
    count = size = 0
    newest: list[Listed] = []
    oldest: list[Listed] = []
    coming = iter(objects)
    while some := list(islice(coming, _AT_ONCE)):
        count += len(some)
        size += sum(one.size for one in some)
        newest = heapq.nlargest(of, [*newest, *some], key=_age)
        oldest = heapq.nsmallest(of, [*oldest, *some], key=_age)
    return Survey(count, size, tuple(newest), tuple(oldest))


def _age(one: Listed) -> tuple[datetime, str]:
    return one.modified, one.key
