"""What Kafka's own `kafka-consumer-groups.sh --describe` prints, read strictly. Pure.

The tool is what there is where only a shell is: it exits with 0 when it could not read a group, prints `-` for what it
does not know, and says the important thing on stderr.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from apgms_ops.clients.kafka import columns
from apgms_ops.errors import BadAnswer, Incomplete

_COLUMNS: Final = (
    "GROUP",
    "TOPIC",
    "PARTITION",
    "CURRENT-OFFSET",
    "LOG-END-OFFSET",
    "LAG",
    "CONSUMER-ID",
    "HOST",
    "CLIENT-ID",
)
_NONE: Final = "-"
# What it says on stderr beside rows that are complete; anything else means that rows are missing.
_HARMLESS: Final = re.compile(r"Consumer group '.*' has no active members\.")


@dataclass(frozen=True, slots=True)
class ToolRow:
    """One row. What the tool does not know is None, never 0."""

    group: str
    topic: str
    partition: int
    committed: int | None
    end: int | None
    lag: int | None
    member: str | None


def parse_describe(stdout: str, stderr: str = "") -> tuple[ToolRow, ...]:
    """Return the rows of `--describe`, of one group or of all.

    Args:
        stdout: What the tool printed.
        stderr: What it said beside.

    Raises:
        Incomplete: It says that it could not read something, or prints no row at all.
        BadAnswer: It prints other columns, or a row that does not fit them.
    """
    complaints = [line.strip() for line in stderr.splitlines() if line.strip()]
    bad = [line for line in complaints if not _HARMLESS.fullmatch(line)]
    if bad:
        msg = f"Kafka's tool says: {bad[0]}"
        raise Incomplete(msg)
    rows: list[ToolRow] = []
    begin: list[int] | None = None
    for number, line in enumerate(stdout.splitlines(), start=1):
        fields = line.split()
        if not fields or _HARMLESS.fullmatch(line.strip()):
            continue
        if fields[0] == "GROUP":
            if tuple(fields) != _COLUMNS:
                msg = f"Kafka's tool prints columns {' '.join(fields)}; known are {' '.join(_COLUMNS)}"
                raise BadAnswer(msg)
            begin = columns.starts(line)
        elif begin is None:
            msg = f"Kafka's tool prints, before any table: {line.strip()[:200]}"
            raise BadAnswer(msg)
        else:
            # A client's id may hold spaces; then only where the columns stand tells them apart.
            whole = len(fields) == len(_COLUMNS)
            rows.append(_row(fields if whole else columns.cut(line, begin) or fields, number))
    if not rows:
        msg = "Kafka's tool printed no row"
        raise Incomplete(msg)
    return tuple(rows)


def _row(fields: Sequence[str], number: int) -> ToolRow:
    if len(fields) != len(_COLUMNS):
        msg = f"line {number} of Kafka's tool has {len(fields)} fields, not {len(_COLUMNS)}: {' '.join(fields)[:200]}"
        raise BadAnswer(msg)
    group, topic, partition, committed, end, lag, member, _, _ = fields
    found = ToolRow(
        group=group,
        topic=topic,
        partition=_required(partition, "PARTITION", number),
        committed=_number(committed, "CURRENT-OFFSET", number),
        end=_number(end, "LOG-END-OFFSET", number),
        lag=_number(lag, "LAG", number),
        member=None if member == _NONE else member,
    )
    if found.lag is not None and (found.committed is None or found.end is None):
        msg = f"line {number} of Kafka's tool has a lag without the offsets it comes from: {' '.join(fields)[:200]}"
        raise BadAnswer(msg)
    return found


def _required(text: str, column: str, number: int) -> int:
    value = _number(text, column, number)
    if value is None:
        msg = f"line {number} of Kafka's tool has no {column}"
        raise BadAnswer(msg)
    return value


def _number(text: str, column: str, number: int) -> int | None:
    if text == _NONE:
        return None
    if not re.fullmatch(r"-?[0-9]{1,19}", text):
        msg = f"line {number} of Kafka's tool has {text[:60]!r} for {column}"
        raise BadAnswer(msg)
    return int(text)
