"""How much of each service's error budget is spent, how fast it burns, and how far that can be believed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from apgms_ops.environment.limits import BurnRate
from apgms_ops.environment.types import Limit, format_duration, format_ratio
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.slots import Gap, unseen

SKEW = timedelta(minutes=1)
"""By which the clock of the server may differ from ours."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The requests of one window that ends at the time of the observation, maintenance taken out."""

    length: timedelta
    maintained: timedelta
    """How much of it lies in declared maintenance, and is not counted."""
    total: float
    errors: float

    @property
    def wholly_maintained(self) -> bool:
        """Whether declared maintenance leaves nothing of it."""
        return self.maintained >= self.length

    def error_share(self, service: str) -> Decimal:
        """Return the share of the requests that failed, exact, so that a figure at its limit is at its limit.

        Raises:
            Unobserved: There was no request: that is neither 0 % nor 100 %.
        """
        if self.total <= 0:
            why = ": all of it is declared maintenance" if self.wholly_maintained else ""
            msg = f"{service}: no request was counted within {format_duration(self.length)}{why}"
            raise Unobserved(msg)
        return Decimal(str(self.errors)) / Decimal(str(self.total))


@dataclass(frozen=True, slots=True)
class ServiceBudget:
    """The error budget of one service."""

    service: str
    target: Decimal
    window: timedelta
    """Over which the budget is counted."""
    at: datetime
    """The time, by the server's clock, at which every window ends."""
    skew: timedelta
    """By which the server's clock was ahead of ours."""
    newest: datetime | None
    """When the newest sample was taken; None where there is none within five minutes."""
    replicas: int
    """Replicas of the service that must run, and be scraped."""
    scraped: int
    """Instances of which there is a sample within five minutes, of whatever route."""
    slot: timedelta
    """The grain of `gaps`, but for the last day, whose grain is finer."""
    gaps: tuple[Gap, ...]
    counts: tuple[Counted, ...]

    def uncovered(self, minimum: Limit[Decimal]) -> Findings:
        """Say what keeps the figures from being about the whole window, up to the present."""
        return Findings((*self._unseen(self.window, minimum), *self._unscraped()))

    def overspent(self, minimum: Limit[Decimal], coverage: Limit[Decimal]) -> Findings:
        """Say whether less than the minimum of the budget is left.

        Raises:
            Unobserved: There was no request, or the window is not covered, so that the figure is about another one;
                or enough is left as far as can be seen, and some replica is not scraped.
        """
        self._require_covered(self.window, coverage)
        counted = self._counted(self.window)
        share = counted.error_share(self.service)
        left = 1 - share / (1 - self.target)
        if left >= minimum.value:
            self._require_scraped()
            return Findings()
        allowed = counted.total * float(1 - self.target)
        return Findings(
            (
                (
                    f"{self.service}: {left:.1%} of the error budget of {format_duration(self.window)} is left "
                    f"({counted.errors:.0f} errors of {allowed:.0f} allowed in {counted.total:.0f} requests), "
                    f"less than {float(minimum.value):.0%} ({minimum.source})"
                ),
            )
        )

    def missed(self, coverage: Limit[Decimal]) -> Findings:
        """Say whether fewer requests were answered without 5xx than was promised.

        Raises:
            Unobserved: There was no request, or the window is not covered; or the promise holds as far as can be seen,
                and some replica is not scraped.
        """
        self._require_covered(self.window, coverage)
        counted = self._counted(self.window)
        answered = 1 - counted.error_share(self.service)
        if answered >= self.target:
            self._require_scraped()
            return Findings()
        return Findings(
            (
                (
                    f"{self.service}: {answered:.4%} of {counted.total:.0f} requests within "
                    f"{format_duration(self.window)} were answered without 5xx, less than "
                    f"{format_ratio(self.target)}"
                ),
            )
        )

    def burning(self, rates: Iterable[BurnRate], coverage: Limit[Decimal]) -> Findings:
        """Say which pairs of windows both burn the budget at their rate or faster.

        Raises:
            Unobserved: No pair burns, and some pair cannot be judged, or some replica is not scraped; or maintenance
                leaves no pair to judge.
        """
        rates = tuple(rates)
        found: list[str] = []
        unjudged: list[str] = []
        for rate in rates:
            try:
                found += self._burns(rate, coverage)
            except Unobserved as error:
                unjudged.append(str(error))
        if unjudged and not found:
            raise Unobserved("; ".join(dict.fromkeys(unjudged)))
        if not found:
            self._require_scraped()
            if all(self._maintained(rate) for rate in rates):
                msg = f"{self.service}: declared maintenance leaves no pair of windows to judge a burn by"
                raise Unobserved(msg)
        return Findings(found)

    def _maintained(self, rate: BurnRate) -> bool:
        return any(self._counted(length).wholly_maintained for length in (rate.long, rate.short))

    def _burns(self, rate: BurnRate, coverage: Limit[Decimal]) -> list[str]:
        seen: list[Decimal] = []
        for length in (rate.long, rate.short):
            self._require_covered(length, coverage)
            counted = self._counted(length)
            if counted.wholly_maintained:  # by declaration, nothing in it burns the budget
                return []
            seen.append(counted.error_share(self.service) / (1 - self.target))
        if min(seen) < Decimal(str(rate.rate)):
            return []
        return [
            (
                f"{self.service}: the error budget burns {seen[0]:.1f} times too fast over "
                f"{format_duration(rate.long)} and {seen[1]:.1f} times over {format_duration(rate.short)}; "
                f"red from {rate.rate:g} times"
            )
        ]

    def _require_covered(self, length: timedelta, coverage: Limit[Decimal]) -> None:
        why = self._unseen(length, coverage)
        if why:
            raise Unobserved("; ".join(why))

    def _counted(self, length: timedelta) -> Counted:
        for counted in self.counts:
            if counted.length == length:
                return counted
        msg = f"{self.service}: requests were not counted over {format_duration(length)}"
        raise Unobserved(msg)

    def _unseen(self, length: timedelta, minimum: Limit[Decimal]) -> list[str]:
        if abs(self.skew) > SKEW:
            ahead = "ahead of" if self.skew > timedelta() else "behind"
            return [f"{self.service}: the clock of Prometheus is {abs(self.skew).total_seconds():.0f} s {ahead} ours"]
        why = unseen(self.service, at=self.at, length=length, gaps=self.gaps, newest=self.newest, minimum=minimum)
        return [why] if why else []

    def _unscraped(self) -> list[str]:
        if self.scraped >= self.replicas:
            return []
        return [
            (
                f"{self.service}: {self.scraped} of {self.replicas} replicas were scraped within 5 minutes: "
                "what the others answer is not counted"
            )
        ]

    def _require_scraped(self) -> None:
        why = self._unscraped()
        if why:
            raise Unobserved("; ".join(why))


@dataclass(frozen=True, slots=True)
class ErrorBudgets:
    """The error budgets of every service that promises an availability."""

    services: dict[str, ServiceBudget]

    def of(self, service: str) -> ServiceBudget:
        """Return one service's.

        Raises:
            Unobserved: It was not read.
        """
        if service not in self.services:
            msg = f"the error budget of {service} was not read"
            raise Unobserved(msg)
        return self.services[service]


@dataclass(frozen=True, slots=True)
class PrometheusIdentity:
    """What Prometheus calls itself."""

    label: str
    """The external label that names it."""
    value: str | None
    """None where it does not have that label."""
    source: str
    """Where it was asked."""

    def differs_from(self, pinned: str | None) -> Findings:
        """Say whether this is another server than the pinned one.

        Raises:
            Unobserved: None is pinned.
        """
        if not pinned:
            msg = f"identities.prometheus is not pinned, so nobody knows which {self.source} should be"
            raise Unobserved(msg)
        if self.value == pinned:
            return Findings()
        said = f"has no external label {self.label!r}" if self.value is None else f"says {self.label}={self.value!r}"
        return Findings((f"{self.source} {said}; pinned is {pinned!r}: these metrics are of another estate",))
