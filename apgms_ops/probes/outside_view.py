"""How a service is seen from outside, beside what it says of itself."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.environment.service_levels import Outside
from apgms_ops.environment.types import Limit, format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes import slots
from apgms_ops.probes.budget_reading import NOT_BUSINESS
from apgms_ops.probes.probe import probe
from apgms_ops.probes.slots import Gap, unseen

if TYPE_CHECKING:
    from apgms_ops.clients.prometheus import PrometheusClient

LENGTHS: Final = (timedelta(minutes=5), timedelta(hours=24))
"""What happens now, and what has happened since yesterday."""
_FINE: Final = timedelta(minutes=5)
_SEVERAL: Final = 5
"""Probes."""
_AN_ACCIDENT: Final = 1.5
"""Failed probes, between one and two: a share times a count is no whole number."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One window, seen from both sides."""

    length: timedelta
    probes: float
    failing: float | None
    """Share of the probes that failed; None where there was none."""
    business_failing: float
    """Share of the requests that the service says it failed; 0 where there was none."""
    ready_failing: float
    """Share of the questions for its readiness that it says it answered with 5xx."""

    def beyond(self, limit: Decimal) -> bool:
        """Whether more fails outside than the service knows of, by more than `limit`.

        One probe alone among several is an accident of any network; whether it is more than that, the longer window
        tells. Of very few, one that failed may be all that there is to know.
        """
        if self.failing is None:
            return False
        more = self.failing - max(self.business_failing, self.ready_failing) > float(limit)
        return more and (self.probes < _SEVERAL or self.failing * self.probes > _AN_ACCIDENT)

    def missing(self) -> str | None:
        """Say what keeps both sides from being compared; None where nothing does."""
        length = format_duration(self.length)
        if self.failing is None:
            return f"not probed within {length}"
        if not all(map(math.isfinite, (self.failing, self.probes, self.business_failing, self.ready_failing))):
            return f"what was counted within {length} is no number"
        return None


@dataclass(frozen=True, slots=True)
class OutsideView:
    """One service, from outside."""

    service: str
    job: str
    target: str
    at: datetime
    newest: datetime | None
    gaps: tuple[Gap, ...]
    windows: tuple[Compared, ...]

    def disagrees(self, limit: Limit[Decimal], coverage: Limit[Decimal]) -> Findings:
        """Say where more fails outside than the service knows of.

        Raises:
            Unobserved: Nobody looks from outside, or not over the whole time; and what was seen agrees.
        """
        found = Findings(
            f"{self.service}: {one.failing:.1%} of {one.probes:.0f} probes of {self.target} failed within "
            f"{format_duration(one.length)}, and the service says that it failed "
            f"{max(one.business_failing, one.ready_failing):.1%}: something in front of it drops requests; "
            f"allowed are {float(limit.value):.0%} ({limit.source})"
            for one in self.windows
            if one.beyond(limit.value)
        )
        what = f"{self.service} from outside (job {self.job})"
        why = unseen(what, at=self.at, length=max(LENGTHS), gaps=self.gaps, newest=self.newest, minimum=coverage)
        if found:
            return found
        missing = next((said for one in self.windows if (said := one.missing())), None)
        if why or missing:
            raise Unobserved(why or f"{what}: {missing}")
        return found


@dataclass(frozen=True, slots=True)
class OutsideViews:
    """The outside view of every service that has one declared."""

    services: dict[str, OutsideView]

    def of(self, service: str) -> OutsideView:
        """Return one service's.

        Raises:
            Unobserved: None is declared, so nobody looks from outside.
        """
        if service not in self.services:
            msg = f"services.{service}.outside is not declared: nobody says how it is seen from outside"
            raise Unobserved(msg)
        return self.services[service]


@probe(deadline=30.0)
def outside_views(prometheus: "PrometheusClient", environment: Environment, deadline: Deadline) -> OutsideViews:
    """Probes from outside, and what the services say of themselves, over the last minutes and the last day."""
    at = prometheus.server_time(deadline).server
    return OutsideViews(
        {
            name: _View(prometheus, name, service.outside, at, deadline).read()
            for name, service in environment.services.items()
            if service.outside is not None
        }
    )


class _View:
    def __init__(
        self, prometheus: "PrometheusClient", service: str, outside: Outside, at: datetime, deadline: Deadline
    ) -> None:
        self._prometheus = prometheus
        self._service = service
        self._outside = outside
        self._at = at
        self._deadline = deadline
        self._probes = f'probe_success{{job="{outside.job}",instance="{outside.target}"}}'

    def read(self) -> OutsideView:
        return OutsideView(
            service=self._service,
            job=self._outside.job,
            target=self._outside.target,
            at=self._at,
            newest=slots.newest(self._prometheus, self._probes, at=self._at, deadline=self._deadline),
            gaps=slots.empty_slots(
                self._prometheus, self._probes, end=self._at, length=max(LENGTHS), slot=_FINE, deadline=self._deadline
            ),
            windows=tuple(self._compared(length) for length in LENGTHS),
        )

    def _compared(self, length: timedelta) -> Compared:
        seconds = slots.seconds(length)
        probes = self._number(f"sum(count_over_time({self._probes}[{seconds}s]))")
        good = self._number(f"sum(sum_over_time({self._probes}[{seconds}s]))")
        return Compared(
            length=length,
            probes=probes,
            failing=1 - good / probes if probes else None,
            business_failing=self._failing(f'route!~"{NOT_BUSINESS}"', seconds),
            ready_failing=self._failing('route="/health/ready"', seconds),
        )

    def _failing(self, routes: str, seconds: int) -> float:
        requests = f'http_requests_total{{service="{self._service}",{routes}'
        total = self._number(f"sum(increase({requests}}}[{seconds}s]))")
        failed = self._number(f'sum(increase({requests},status=~"5.+"}}[{seconds}s]))')
        return min(1.0, failed / total) if total > 0 else 0.0

    def _number(self, expression: str) -> float:
        """Return a sum; 0 where nothing was summed."""
        found = self._prometheus.vector(expression, at=self._at, deadline=self._deadline)
        return found.samples[0].value if found.samples else 0.0
