"""Offsets that moved as no reading moves them: forward while nobody was there to read, or backward.

A consumer group that is reset to the latest offset has no lag, so no reading of the brokers shows it; nor does one that
was set back and has done its work a second time, or a topic that was deleted and made anew. What shows it is history:
kafka-exporter's series of committed offsets, of the members of each group and of the ends of topics.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from apgms_ops.clients.prometheus import PrometheusClient
from apgms_ops.clients.prometheus.facts import Matrix, Series
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.environment.types import Limit
from apgms_ops.errors import BadAnswer, Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.consumer_lag import kafka_section
from apgms_ops.probes.group_wording import partitions_of
from apgms_ops.probes.probe import probe

_DAY: Final = timedelta(hours=24)
_STEP: Final = timedelta(minutes=5)
"""Prometheus's look-back: a step within it after a scrape has a value, so a step without one saw nothing."""
_SCRAPES: Final = 3
_MEMBERS: Final = "kafka_consumergroup_members"
_OFFSETS: Final = "kafka_consumergroup_current_offset"
_ENDS: Final = "kafka_topic_partition_current_offset"


@dataclass(frozen=True, slots=True)
class Skip:
    """One step of a group's committed offset, made while it had no member."""

    group: str
    topic: str
    partition: int
    before: int
    after: int
    at: datetime
    """When the new offset was first scraped."""


@dataclass(frozen=True, slots=True)
class SetBack:
    """One step backward: of a group's committed offset, or of the end of a log."""

    group: str | None
    """None of a log."""
    topic: str
    partition: int
    before: int
    after: int
    at: datetime
    """When the lower offset was first scraped."""


@dataclass(frozen=True, slots=True)
class Watched:
    """How much of the day the exporter watched a declared group."""

    group: str
    share: Decimal
    """Of the day's steps of five minutes, those at which its members and its offsets were known; 0 to 1."""
    last: bool
    """Whether its members were known within the last five minutes."""


@dataclass(frozen=True, slots=True)
class OffsetResets:
    """What a day of the exporter's series says about offsets that were set by hand."""

    watched: tuple[Watched, ...]
    skips: tuple[Skip, ...]
    steps_back: tuple[SetBack, ...] = ()

    def set_back(self) -> Findings:
        """Tell groups whose offsets, and declared topics whose ends, moved backward within the last day."""
        places: dict[tuple[str | None, str], list[SetBack]] = {}
        for step in self.steps_back:
            places.setdefault((step.group, step.topic), []).append(step)
        return Findings(_told(group, topic, steps) for (group, topic), steps in places.items())

    def skipped(self, coverage: Limit[Decimal]) -> Findings:
        """Tell groups whose offsets moved forward within the last day while they had no members.

        Raises:
            Unobserved: None is seen, and the exporter watched a declared group for less than `coverage` of the day.
        """
        found = Findings(
            f"{skip.group} skipped {skip.after - skip.before} messages of {skip.topic} partition {skip.partition}: "
            f"{skip.before} was set to {skip.after} by {skip.at:%Y-%m-%d %H:%M:%S} UTC, while the group had no member"
            for skip in self.skips
        )
        blind = [w for w in self.watched if not w.last or w.share < coverage.value]
        if not found and (blind or not self.watched):
            named = ", ".join(f"{w.group} ({w.share * 100:.0f} %{'' if w.last else ', not now'})" for w in blind)
            msg = (
                "kafka-exporter did not watch all groups for 24 hours, so a reset could have gone unseen: "
                f"{named or 'no group is declared'}; needed are {coverage.value * 100:f} % ({coverage.source})"
            )
            raise Unobserved(msg)
        return found


@probe(deadline=45.0)
def offset_resets(prometheus: PrometheusClient, environment: Environment, deadline: Deadline) -> OffsetResets:
    """Read from Prometheus whether offsets of declared groups were moved within 24 hours while they had no members."""
    groups = [group.name for group in kafka_section(environment).groups]
    now = prometheus.server_time(deadline).server
    matching = "|".join(_pattern(group) for group in groups)
    selector = f'{{consumergroup=~"{matching}"}}'
    shares = [
        _by_group(prometheus, f"count_over_time(count by (consumergroup) ({metric}{selector})[24h:5m])", now, deadline)
        for metric in (_MEMBERS, _OFFSETS)
    ]
    present = _by_group(
        prometheus, f"count by (consumergroup) (last_over_time({_MEMBERS}{selector}[5m]))", now, deadline
    )
    steps = Decimal(_DAY // _STEP)
    watched = tuple(
        Watched(
            group=group,
            share=min(Decimal(1), *(Decimal(str(share.get(group, 0))) / steps for share in shares)),
            last=group in present,
        )
        for group in groups
    )
    # Only a group that was without members at some time can have been reset: usually there is none to look at closely.
    least = _by_group(prometheus, f"min by (consumergroup) (min_over_time({_MEMBERS}{selector}[24h]))", now, deadline)
    skips: list[Skip] = []
    for group in (group for group in groups if least.get(group, 1.0) <= 0):
        one = f'{{consumergroup="{_quoted(group)}"}}[24h]'
        members = _range(prometheus, f"{_MEMBERS}{one}", now, deadline)
        skips.extend(skips_of(members, _range(prometheus, f"{_OFFSETS}{one}", now, deadline)))
    topics = "|".join(_pattern(topic) for topic in kafka_section(environment).required_topics)
    back = [
        *steps_back(_with_resets(prometheus, _OFFSETS, selector, now, deadline)),
        *steps_back(_with_resets(prometheus, _ENDS, f'{{topic=~"{topics}"}}', now, deadline)),
    ]
    return OffsetResets(watched, tuple(skips), tuple(back))


def _told(group: str | None, topic: str, steps: Sequence[SetBack]) -> str:
    """Say what happened to a group on a topic, or to a topic, the partition that fell furthest for all of them."""
    most = max(steps, key=lambda step: step.before - step.after)
    total = sum(step.before - step.after for step in steps)
    where = partitions_of(topic, sorted(step.partition for step in steps))
    how = f"partition {most.partition} from {most.before} to {most.after} by {most.at:%Y-%m-%d %H:%M:%S} UTC"
    if group is None:
        return f"the log of {where} became shorter, {how}: it was cut or made anew, and what it held is gone"
    return f"{group} was set back by {total} messages of {where}, {how}: it handles them a second time"


def steps_back(series: Iterable[Series]) -> Iterator[SetBack]:
    """Yield the longest step backward of each partition, by group; -1, which stands for no commit, is no offset.

    Args:
        series: Of committed offsets, or of the ends of partitions, which have no label for a group.
    """
    longest: dict[tuple[str | None, str, int], SetBack] = {}
    for one in series:
        group, topic, partition = one.labels.get("consumergroup"), _label(one, "topic"), _partition(one)
        for before, after in pairwise(sample for sample in one.samples if sample.value >= 0):
            known = longest.get((group, topic, partition))
            fell = int(before.value) - int(after.value)
            if fell > (known.before - known.after if known else 0):
                step = SetBack(group, topic, partition, int(before.value), int(after.value), after.at)
                longest[group, topic, partition] = step
    yield from longest.values()


def skips_of(members: Sequence[Series], offsets: Iterable[Series]) -> Iterator[Skip]:
    """Yield the steps forward that a group's offsets made while it had no members.

    A scrape is not one moment: the exporter may read an offset, a last member may commit and leave, and only then are
    the members read. So the group must have been without members at the step, at the scrape before it, and at the one
    before that. A consumer that merely restarts between two scrapes never is.

    Args:
        members: Series of the number of members; several where there are several exporters.
        offsets: Series of the committed offset, one a partition and exporter; -1 stands for none.
    """
    counts: dict[datetime, float] = {}
    for sample in (sample for series in members for sample in series.samples):
        counts[sample.at] = max(counts.get(sample.at, 0.0), sample.value)
    times = sorted(counts)
    for series in offsets:
        for before, after in pairwise(series.samples):
            if 0 <= before.value < after.value and _alone(times, counts, before.at, after.at):
                yield Skip(
                    group=_label(series, "consumergroup"),
                    topic=_label(series, "topic"),
                    partition=_partition(series),
                    before=int(before.value),
                    after=int(after.value),
                    at=after.at,
                )


def _alone(times: Sequence[datetime], counts: Mapping[datetime, float], before: datetime, after: datetime) -> bool:
    """Whether no member was seen from the scrape before `before` up to `after`, and nobody looked away meanwhile."""
    start = bisect_left(times, before) - 1
    if start < 0:
        return False
    seen = times[start : bisect_right(times, after)]
    looked_away = any(later - earlier > _STEP for earlier, later in pairwise([*seen, after]))
    return len(seen) >= _SCRAPES and not looked_away and all(counts[at] <= 0 for at in seen)


def _label(series: Series, name: str) -> str:
    try:
        return series.labels[name]
    except KeyError:
        msg = f"Prometheus: a series of {_OFFSETS} has no label {name}"
        raise BadAnswer(msg) from None


def _partition(series: Series) -> int:
    text = _label(series, "partition")
    if not text.isdecimal():
        msg = f"Prometheus: label partition of {_OFFSETS} is {text!r}, not a number"
        raise BadAnswer(msg)
    return int(text)


def _by_group(prometheus: PrometheusClient, expression: str, at: datetime, deadline: Deadline) -> dict[str, float]:
    found = prometheus.vector(expression, at=at, deadline=deadline)
    return {sample.labels.get("consumergroup", ""): sample.value for sample in found.samples}


def _range(prometheus: PrometheusClient, selector: str, at: datetime, deadline: Deadline) -> tuple[Series, ...]:
    found = prometheus.query(selector, at=at, deadline=deadline)
    if not isinstance(found, Matrix):
        msg = f"Prometheus: series were asked for, and {type(found).__name__.lower()} answered: {selector}"
        raise BadAnswer(msg)
    return found.series


def _with_resets(
    prometheus: PrometheusClient, metric: str, selector: str, at: datetime, deadline: Deadline
) -> Iterator[Series]:
    """Yield the day's samples of the series that fell at some time: usually there is none to look at closely."""
    fell = prometheus.vector(f"resets({metric}{selector}[24h]) > 0", at=at, deadline=deadline)
    for sample in fell.samples:
        named = ",".join(f'{name}="{_quoted(value)}"' for name, value in sorted(sample.labels.items()))
        yield from _range(prometheus, f"{metric}{{{named}}}[24h]", at, deadline)


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


def _pattern(name: str) -> str:
    """Return a name as a regular expression of RE2, within a PromQL string."""
    return _quoted(re.sub(r"([^\w-])", r"\\\1", name, flags=re.ASCII))
