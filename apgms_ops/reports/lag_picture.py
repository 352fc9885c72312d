"""Consumer lag as a drawing: a bar for each group and topic, against the limit. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from apgms_ops.clients.kafka import Group, GroupState, Offset
from apgms_ops.environment.limits import Limits
from apgms_ops.probes.consumer_groups import ConsumerLag
from apgms_ops.reports import svg
from apgms_ops.reports.svg import Place

DRAWN = 40
"""Rows: a picture of a thousand groups shows the worst of them, and says how many it leaves out."""
_WIDTH, _LEFT, _BAR, _TEXT = 1100, 292, 350, 656
_WORDS = 70
"""Characters that fit beside a bar."""
_TOP, _ROW = 78, 36
_HEADROOM = 1.25
_FEW = 6


@dataclass(frozen=True, slots=True)
class _Row:
    """What is known of a group on one topic."""

    group: str
    topic: str
    total: int | None
    """Messages behind, over the partitions of which it is known; None if it is known of none."""
    worst: int
    worst_partition: int
    gaps: tuple[str, ...]
    """What is missing, in words: then `total` is a part of the truth."""


def draw(lag: ConsumerLag, limits: Limits) -> str:
    """Return the drawing: the worst first, what could not be seen before what is well."""
    limit = limits.consumer_lag.value
    rows = sorted(_rows(lag), key=lambda row: _rank(row, limit))
    shown, hidden = rows[:DRAWN], rows[DRAWN:]
    scale = _BAR / max([limit * _HEADROOM, *(row.total or 0 for row in shown)])
    drawing = svg.Drawing(_WIDTH)
    at = lag.second.taken_at
    drawing.words(20, 28, f"Consumer lag, {at:%Y-%m-%d %H:%M:%S} UTC", size=15, bold=True)
    _legend(drawing)
    bottom = _TOP + _ROW * len(shown)
    for number, row in enumerate(shown):
        _draw(drawing, row, _TOP + number * _ROW, limit, scale)
    x = _LEFT + limit * scale
    drawing.line(x, _TOP - 8, bottom, dashed=True)
    drawing.words(x, _TOP - 13, f"limit {limit:,}", size=11, bold=True, anchor="middle", tip=limits.consumer_lag.source)
    if not rows:
        drawing.words(20, _TOP + 20, "No consumer group is declared, and none was judged.", fill=svg.UNKNOWN)
        bottom += 30
    if hidden:
        drawing.words(20, bottom + 20, _left_out(hidden, limit), fill=svg.FAINT, size=12, bold=True)
        bottom += 24
    return drawing.render(bottom + 14, "Consumer lag of each group and topic against the limit")


def _legend(drawing: svg.Drawing) -> None:
    places = (
        (svg.GOOD_DARK, svg.GOOD, "below the limit: worst partition, others"),
        (svg.BAD_DARK, svg.BAD, "at or over the limit"),
    )
    x = 20
    for dark, light, text in places:
        drawing.box(Place(x, 40, 12, 10), dark)
        drawing.box(Place(x + 12, 40, 12, 10), light)
        drawing.words(x + 30, 49, text, fill=svg.FAINT, size=11)
        x += 290
    drawing.unknown(Place(x - 110, 40, 24, 10))
    drawing.words(x - 80, 49, "not known", fill=svg.FAINT, size=11)


def _draw(drawing: svg.Drawing, row: _Row, y: float, limit: int, scale: float) -> None:
    bad = row.total is not None and row.total >= limit
    drawing.words(20, y + 13, svg.shortened(row.group, 36), bold=True, tip=row.group)
    drawing.words(20, y + 27, svg.shortened(row.topic, 42), fill=svg.FAINT, size=11, tip=row.topic)
    drawing.box(Place(_LEFT, y + 5, _BAR, 18), svg.TRACK)
    if row.total is None:
        drawing.unknown(Place(_LEFT, y + 5, _BAR, 18), tip="; ".join(row.gaps))
        drawing.words(_TEXT, y + 13, "not known", fill=svg.UNKNOWN, bold=True)
        drawing.words(_TEXT, y + 27, svg.cut("; ".join(row.gaps), _WORDS), fill=svg.UNKNOWN, size=11)
        return
    light, dark = (svg.BAD, svg.BAD_DARK) if bad else (svg.GOOD, svg.GOOD_DARK)
    if row.total:
        tip = f"{row.group} is {row.total:,} messages behind on {row.topic}"
        drawing.bar(Place(_LEFT, y + 5, row.total * scale, 18), light, tip=tip)
        drawing.bar(
            Place(_LEFT, y + 5, row.worst * scale, 18), dark, tip=f"partition {row.worst_partition}: {row.worst:,}"
        )
    said = f"{row.total:,} behind" + (", as far as is known" if row.gaps else "")
    drawing.words(_TEXT, y + 13, said, fill=svg.BAD_DARK if bad else svg.UNKNOWN if row.gaps else svg.INK, bold=True)
    worst = f"worst: partition {row.worst_partition}, {row.worst:,}" if row.total else ""
    if row.gaps:
        # The part that is not known is drawn behind the part that is.
        drawing.unknown(
            Place(_LEFT + row.total * scale, y + 5, max(0, _BAR - row.total * scale), 18), tip="; ".join(row.gaps)
        )
    details = svg.cut("; ".join(filter(None, (*row.gaps, worst))), _WORDS)
    drawing.words(_TEXT, y + 27, details, fill=svg.UNKNOWN if row.gaps else svg.FAINT, size=11)


def _rank(row: _Row, limit: int) -> tuple[int, int, str, str]:
    total = row.total or 0
    kind = 0 if total >= limit else 1 if row.gaps else 2
    return kind, -total, row.group, row.topic


def _left_out(rows: list[_Row], limit: int) -> str:
    over = sum((row.total or 0) >= limit for row in rows)
    unknown = sum(bool(row.gaps) for row in rows)
    parts = [f"{over:,} of them at or over the limit" if over else "all that is known of them is below the limit"]
    if unknown:
        parts.append(f"{unknown:,} of them not known or only in part")
    return f"{len(rows):,} more pairs of group and topic are not drawn: {', '.join(parts)}."


def _rows(lag: ConsumerLag) -> Iterator[_Row]:
    partitions = {topic.name: topic.partitions for topic in lag.second.topics}
    groups = {group.name: group for group in lag.second.groups}
    offsets: dict[tuple[str, str], list[Offset]] = {}
    for offset in lag.second.offsets:
        offsets.setdefault((offset.group, offset.topic), []).append(offset)
    held: dict[str, list[str]] = {}
    for (group, topic), of_topic in offsets.items():
        if any(offset.member is not None for offset in of_topic):
            held.setdefault(group, []).append(topic)
    for declared in lag.inventory.groups:
        # Besides what it must read, a group is judged by what its members do read: as the check does it.
        for topic in dict.fromkeys((*declared.topics, *held.get(declared.name, ()))):
            found = offsets.get((declared.name, topic), [])
            yield _row(declared.name, topic, groups.get(declared.name), found, partitions.get(topic, 0))


def _row(name: str, topic: str, group: Group | None, offsets: list[Offset], partitions: int) -> _Row:
    known = {offset.partition: offset.lag for offset in offsets if offset.lag is not None}
    gaps = [*_of_group(group), *_of_partitions(offsets, range(partitions))]
    if not known:
        return _Row(name, topic, None, 0, 0, tuple(gaps) or ("nothing was read",))
    # The lowest of several that are equally far behind, so that the drawing is the same every time.
    worst = min(known, key=lambda partition: (-known[partition], partition))
    return _Row(name, topic, sum(known.values()), known[worst], worst, tuple(gaps))


def _of_group(group: Group | None) -> Iterator[str]:
    if group is None:
        yield "the group was not read"
    elif group.unread is not None:
        yield f"the group could not be read: {group.unread}"
    elif group.state is GroupState.DEAD:
        yield "the group does not exist"
    elif group.state.rebalancing:
        yield f"the group is {group.state}" if group.state is not GroupState.UNKNOWN else "its state is unknown"
    elif not group.members:
        yield "the group has no members"


def _of_partitions(offsets: list[Offset], partitions: range) -> Iterator[str]:
    if not partitions:
        yield "the topic does not exist"
    found = {offset.partition: offset for offset in offsets}
    uncommitted = [p for p in partitions if p not in found or found[p].committed is None]
    if uncommitted:
        yield f"no commit for {_listed(uncommitted)}"
    unread = [o.partition for o in offsets if o.committed is not None and o.end is None]
    if unread:
        yield f"end not read of {_listed(unread)}"
    beyond = [o.partition for o in offsets if o.beyond]
    if beyond:
        yield f"commit beyond the end of {_listed(beyond)}"


def _listed(partitions: list[int]) -> str:
    numbers = ", ".join(str(p) for p in sorted(partitions)[:_FEW])
    more = f" and {len(partitions) - _FEW} more" if len(partitions) > _FEW else ""
    return f"partition{'s' if len(partitions) > 1 else ''} {numbers}{more}"
