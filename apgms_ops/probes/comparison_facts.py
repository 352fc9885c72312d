"""Requests before a rollout and after it: whether more of them fail, or are slow, than chance would have it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from apgms_ops.environment.deployment import Comparison
from apgms_ops.environment.types import Limit, format_duration, format_ratio
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings, timestamp
from apgms_ops.probes.shares import Share, chance

GAP: Final = timedelta(minutes=2)
"""So long a window may hold no sample: several times any scrape interval in use."""


@dataclass(frozen=True, slots=True)
class Requests:
    """What a service was asked within a window: business routes only, in whole numbers, all instances together."""

    start: datetime
    end: datetime
    requests: int
    failed: int
    """Answered with 5xx."""
    timed: int
    """Requests that were timed."""
    in_time: int
    """Those of them that took no longer than the limit."""
    instances: int
    """That told of any."""
    scraped_before: bool
    """Whether there are samples from before the window: without them nobody knows what the counters stood at."""
    gap: timedelta
    """The longest time within it without a sample."""
    without_edge: tuple[str, ...] = ()
    """Instances that have no bucket which ends at the limit."""


@dataclass(frozen=True, slots=True)
class ServiceComparison:
    """One service before and after its newest rollout."""

    service: str
    deployment: str
    at: datetime
    """The metrics server's clock."""
    began_at: datetime | None
    """When the rollout began; None where nobody says."""
    completed_at: datetime | None
    """When it came to its end; None where it has not."""
    before: Requests | None
    after: Requests | None
    """None where its time is not over."""
    after_until: datetime | None
    """When it is, or was, over."""
    limit: timedelta | None
    """The latency limit; None where the service promises none."""
    maintenance: str | None
    """A declared maintenance that lies in either window."""

    def failing_more(self, rules: Comparison) -> Findings:
        """Say whether a larger share of the requests fails than before the rollout.

        Raises:
            Unobserved: There is too little to compare, or it cannot be believed.
        """
        before, after = self._windows()
        shares = tuple(Share(one.failed, one.requests) for one in (before, after))
        return self._worse("failed with 5xx", shares, rules, rules.error_margin)

    def slower(self, rules: Comparison) -> Findings:
        """Say whether a larger share of the requests takes longer than the latency limit than before the rollout.

        Raises:
            Unobserved: There is too little to compare, or it cannot be believed.
        """
        if self.limit is None:
            msg = f"{self.service} promises no latency: nothing says what is slow"
            raise Unobserved(msg)
        before, after = self._windows()
        blind = sorted({*before.without_edge, *after.without_edge})
        if blind:
            msg = (
                f"{self.service}: {', '.join(blind)} has no bucket that ends at {format_duration(self.limit)}: "
                "nothing is interpolated"
            )
            raise Unobserved(msg)
        for name, one in (("before", before), ("after", after)):
            if one.in_time > one.timed:
                msg = (
                    f"{self.service}: its counters contradict one another {name} the rollout, {_span(one)}: "
                    f"{one.in_time} requests in time of {one.timed}; a process may have begun anew between two scrapes"
                )
                raise Unobserved(msg)
        shares = tuple(Share(one.timed - one.in_time, one.timed) for one in (before, after))
        return self._worse(f"took longer than {format_duration(self.limit)}", shares, rules, rules.slow_margin)

    def _windows(self) -> tuple[Requests, Requests]:
        if self.began_at is None or self.completed_at is None or self.before is None:
            msg = f"{self.deployment}: its newest rollout has not come to its end: there is no time after it yet"
            raise Unobserved(msg)
        if self.after is None:
            until = f"{timestamp(self.after_until)[:19]}Z" if self.after_until else "its end"
            msg = (
                f"{self.service}: the time after the rollout is not over: it is complete since "
                f"{timestamp(self.completed_at)[:19]}Z; ask again from {until} on"
            )
            raise Unobserved(msg)
        if self.maintenance is not None:
            msg = f"{self.service}: maintenance lies in what would be compared: {self.maintenance}"
            raise Unobserved(msg)
        for name, one in (("before", self.before), ("after", self.after)):
            if not one.instances:
                msg = f"{self.service}: no instance tells of requests {name} the rollout, {_span(one)}"
                raise Unobserved(msg)
            if not one.scraped_before:
                msg = f"{self.service}: nothing was scraped when the time {name} the rollout began, {_span(one)}"
                raise Unobserved(msg)
            if one.gap > GAP:
                msg = (
                    f"{self.service}: {one.gap.total_seconds():.0f} s of the time {name} the rollout hold no sample, "
                    f"{_span(one)}"
                )
                raise Unobserved(msg)
        return self.before, self.after

    def _worse(self, what: str, shares: tuple[Share, ...], rules: Comparison, margin: Limit[Decimal]) -> Findings:
        before, after = shares
        for name, share in (("before", before), ("after", after)):
            if share.of < rules.minimum_requests.value:
                msg = (
                    f"{self.service}: {share.of} requests {name} the rollout are too few to compare; at least "
                    f"{rules.minimum_requests.value} are needed ({rules.minimum_requests.source})"
                )
                raise Unobserved(msg)
        likely = chance(before, after)
        if after.value - before.value <= float(margin.value) or likely > float(1 - rules.confidence.value):
            return Findings()
        by_chance = f"{likely:.2%}" if likely >= _SHOWN else f"less than {_SHOWN:.2%}"
        return Findings(
            (
                (
                    f"{self.service}: since the rollout {after.value:.2%} of {after.of} requests {what}, before it "
                    f"{before.value:.2%} of {before.of}; allowed are {format_ratio(margin.value)} more "
                    f"({margin.source}), and chance would have it so in {by_chance} of all rollouts"
                ),
            )
        )


_SHOWN: Final = 0.0001


def _span(one: Requests) -> str:
    return f"{timestamp(one.start)[:19]}Z to {timestamp(one.end)[:19]}Z"


@dataclass(frozen=True, slots=True)
class ReleaseComparison:
    """Every service that promises availability or a latency, before and after its newest rollout."""

    services: dict[str, ServiceComparison]

    def of(self, service: str) -> ServiceComparison:
        """Return one service's.

        Raises:
            Unobserved: It was not read.
        """
        if service not in self.services:
            msg = f"requests to {service} before and after its rollout were not read"
            raise Unobserved(msg)
        return self.services[service]
