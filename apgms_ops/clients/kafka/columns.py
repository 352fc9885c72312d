"""Rows that stand under the head of their table, as Kafka's tools print them: a value may hold spaces. Pure."""

import re
from collections.abc import Sequence


def starts(head: str) -> list[int]:
    """Return where each column of a table begins."""
    return [match.start() for match in re.finditer(r"\S+", head)]


def cut(line: str, begin: Sequence[int]) -> list[str] | None:
    """Return the values of a row, or None where it does not stand under its head."""
    if any(line[at - 1 : at].strip() for at in begin[1:]):
        return None
    return [line[at:end].strip() for at, end in zip(begin, [*begin[1:], None], strict=True)]
