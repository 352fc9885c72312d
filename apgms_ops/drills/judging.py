"""What a restored database must be: each line of a drill's result, measured, with its limit. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apgms_ops.drills.looking import Noted, Restored
from apgms_ops.environment.types import Duration, Limit, format_duration

_NAMED: Final = 3
"""Tables, or rows, that are named one by one."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    what: str
    measured: str
    limit: str
    problem: str | None = None
    """What is wrong, in a sentence; None: it is as it must be."""


def lost(moment: datetime, heartbeat: datetime | None, limit: Limit[Duration]) -> Line:
    """Say how much a restore loses.

    Args:
        moment: The primary's clock when all that is archived was replayed: had it been lost then, this much was lost.
        heartbeat: The newest that came back.
        limit: How much may be lost.
    """
    within = _within(limit)
    if heartbeat is None:
        return Line("recovery point", "unlimited", within, "no heartbeat came back: all of them are lost")
    loss = max(timedelta(), moment - heartbeat)
    problem = None
    if loss > limit.value:
        problem = f"a restore loses {seconds(loss)}, and may lose {format_duration(limit.value)} ({limit.source})"
    return Line("recovery point", seconds(loss), within, problem)


def took(time: timedelta, limit: Limit[Duration]) -> Line:
    """Say how long a restore takes."""
    problem = None
    if time > limit.value:
        problem = f"a restore takes {seconds(time)}, and may take {format_duration(limit.value)} ({limit.source})"
    return Line("recovery time", seconds(time), _within(limit), problem)


def replayed(segment: str | None, newest: str | None) -> Line:
    """Say whether everything that was archived when it began was replayed.

    Args:
        segment: The last one that was replayed.
        newest: The newest in the archive by then; None: there was none.
    """
    wanted = f"{newest} or later" if newest else "any"
    problem = None
    if newest is not None and (segment is None or segment[8:] < newest[8:]):
        problem = (
            f"the replay ended at segment {segment or 'none'}, and {newest} was in the archive: one between is missing"
        )
    return Line("replayed to", segment or "nothing", wanted, problem)


def identity(noted: Noted, restored: Restored) -> Line:
    """Say whether it is the primary's database."""
    problem = None
    if restored.system_id != noted.system_id:
        problem = f"what came back is database {restored.system_id}, and the primary is {noted.system_id}"
    return Line("system identifier", restored.system_id, noted.system_id, problem)


def heartbeat(noted: Noted, restored: Restored, stopped: datetime) -> Line:
    """Say whether a row came back that was committed after the backup.

    Args:
        noted: The primary.
        restored: What came back.
        stopped: When the backup that was restored was over.
    """
    found, limit = restored.heartbeat, f"after the backup: {stopped:%H:%M:%S}"
    problem = None
    if found is None or found <= stopped:
        problem = f"no row came back that was committed after the backup, which was over at {stopped:%Y-%m-%d %H:%M:%S}"
    elif found < noted.heartbeat and noted.segment is not None:
        problem = (
            f"the heartbeat of {noted.heartbeat:%Y-%m-%d %H:%M:%S} was written before the drill began, and did not "
            f"come back; the newest that did is of {found:%Y-%m-%d %H:%M:%S}"
        )
    return Line("newest heartbeat", "none" if found is None else f"{found:%Y-%m-%d %H:%M:%S}", limit, problem)


def chain(restored: Restored) -> Line:
    """Say whether the audit log's chain holds, from its first row to its head."""
    problem = None
    if restored.broken_count:
        named = "; ".join(f"row {row.seq} {row.what}" for row in restored.broken[:_NAMED])
        more = f"; and {restored.broken_count - _NAMED} more" if restored.broken_count > _NAMED else ""
        problem = f"the audit log that came back does not hold: {named}{more}"
    elif restored.rows and restored.head is None:
        problem = "the audit log that came back has a head without a hash"
    measured = f"{restored.rows:,} rows, {restored.broken_count:,} broken"
    return Line("audit chain", measured, "recomputed, whole", problem)


def head(noted: Noted, restored: Restored, there: str | None) -> Line:
    """Say whether its head is a row of the primary's chain.

    Args:
        noted: The primary.
        restored: What came back.
        there: The primary's hash of the row that is the head of what came back; None: it has no such row.
    """
    if noted.head is None:
        return Line("audit head", "the primary has none", "as the primary's")
    if restored.head is None:
        lost_rows = f"nothing of the audit log came back, whose head is row {noted.head.seq}"
        return Line("audit head", "none", f"row {noted.head.seq}", lost_rows)
    seq, problem = restored.head.seq, None
    if restored.head.hash != there:
        was = "no such row" if there is None else f"{there[:16]}…"
        problem = f"row {seq} of the audit log came back as {restored.head.hash[:16]}…, and the primary has {was}"
    elif seq >= noted.head.seq and restored.noted_hash != noted.head.hash:
        problem = f"row {noted.head.seq} of the audit log was the head, and came back as another one"
    elif seq < noted.head.seq and noted.segment is not None:
        problem = f"the audit log came back to row {seq}; its head was row {noted.head.seq} before the drill began"
    return Line("audit head", f"row {seq} {restored.head.hash[:12]}…", f"row {noted.head.seq} or later", problem)


def tables(noted: Noted, restored: Restored, emptied: Collection[str] = ()) -> Line:
    """Say whether every table that has rows came back with some; those that are emptied now and then, at all."""
    empty = sorted(
        name
        for name in noted.filled
        if name not in restored.counts or (restored.counts[name] == 0 and name not in emptied)
    )
    problem = None
    if not noted.filled:
        problem = "the primary has no table with rows that could be read"
    elif empty:
        more = f" and {len(empty) - _NAMED} more" if len(empty) > _NAMED else ""
        problem = f"came back empty, or not at all: {', '.join(empty[:_NAMED])}{more}"
    rows = sum(restored.counts.values())
    whole = f"{len(noted.filled) - len(empty)} of {len(noted.filled)} with rows; {rows:,} rows"
    return Line("tables", whole, "those with rows", problem)


def pages(restored: Restored, found: Sequence[str]) -> Line:
    """Say whether the checksum of every page holds.

    Args:
        restored: What came back.
        found: What is wrong with its pages, once it was stopped.
    """
    sentences = list(found)
    if not restored.checksums:
        sentences.append("its pages have no checksums: nobody could tell a bad one")
    if restored.checksum_failures:
        sentences.append(f"{restored.checksum_failures} pages failed their checksum while it ran")
    return Line("page checksums", "bad" if sentences else "all good", "all good", _joined(sentences))


def amcheck(found: Sequence[str]) -> Line:
    """Say whether tables and indexes hold together."""
    return Line("amcheck", "corrupt" if found else "no finding", "no finding", _joined(found))


def problems(lines: Sequence[Line]) -> Iterator[str]:
    """Yield what is wrong."""
    return (f"{line.what}: {line.problem}" for line in lines if line.problem is not None)


def seconds(value: timedelta) -> str:
    """Return a time as a person reads it."""
    whole = value.total_seconds()
    if whole < 120:  # noqa: PLR2004 — two minutes
        return f"{whole:.1f} s"
    return f"{int(whole // 3600)} h {int(whole % 3600 // 60)} min" if whole >= 3600 else f"{whole / 60:.1f} min"  # noqa: PLR2004 — an hour


def _joined(sentences: Sequence[str]) -> str | None:
    return "; ".join(sentences) or None


def _within(limit: Limit[Duration]) -> str:
    return f"{format_duration(limit.value)} at most"
