"""What the reconciliation's gauges say, beside what the table says of the same moments."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apgms_ops.environment.types import format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.slots import FRESH

STILL: Final = timedelta(seconds=10)
"""For so long at least, and"""
SAMPLES: Final = 10
"""so many samples, the same age is told before it counts as frozen: an age grows by a second every second."""
APART: Final = timedelta(seconds=60)
"""By which gauge and table may differ: several times any collector's interval, and the skew of two clocks."""
_MILLISECONDS: Final = 1000.0
_ROUGHLY: Final = 0.2


@dataclass(frozen=True, slots=True)
class Told:
    """An age that the gauge told."""

    at: datetime
    """When it was scraped, by Prometheus's clock."""
    seconds: float


@dataclass(frozen=True, slots=True)
class ReconciliationGauge:
    """The gauges of one service that reconciles."""

    service: str
    at: datetime
    """By Prometheus's clock."""
    limit: timedelta
    window: timedelta
    source: str
    """Where the limit comes from."""
    newest: datetime | None
    """When the age was scraped last."""
    recent: tuple[Told, ...]
    """The latest ones, oldest first, as they were scraped."""
    in_table: float | None
    """Seconds that the gauge had to tell by the table when it was scraped last; None where it was not scraped."""
    parked: float | None
    """Dead letters that the service tells of; None where it tells of none, nor of their absence."""
    course: tuple[Told, ...]
    """The age over the window: the highest of each part."""

    def untrue(self) -> Findings:
        """Say whether the gauge is stale, frozen, or tells another age than the table."""
        if self.newest is None or not self.recent:
            return Findings((f"{self.service} tells no age of its oldest unreconciled payment: the gauge is stale",))
        old = self.at - self.newest
        if old > FRESH:
            return Findings(
                (
                    (
                        f"{self.service} told the age of its oldest unreconciled payment "
                        f"{old.total_seconds():.0f} s ago, "
                        f"and not since ({format_duration(FRESH)} at most): the gauge is stale"
                    ),
                )
            )
        return Findings([*self._frozen(), *self._apart()])

    def dead_letters(self) -> Findings:
        """Say whether items of the reconciliation are parked.

        Raises:
            Unobserved: Nobody tells how many.
        """
        if self.parked is None:
            msg = f"{self.service} does not tell how many items of its reconciliation are parked"
            raise Unobserved(msg)
        if self.parked <= 0:
            return Findings()
        return Findings(
            (
                (
                    f"{self.service}: {self.parked:.0f} items of the reconciliation are parked as dead letters: "
                    "they are not tried again, however small the lag is"
                ),
            )
        )

    def _frozen(self) -> list[str]:
        last = self.recent[-1]
        same = 0
        for told in reversed(self.recent):
            if told.seconds != last.seconds:
                break
            same += 1
        since = last.at - self.recent[-same].at
        if last.seconds == 0 or same < SAMPLES or since < STILL:
            return []
        return [
            (
                f"{self.service}: the age of the oldest unreconciled payment has been {last.seconds:g} s for "
                f"{since.total_seconds():.0f} s, {same} samples: an age grows, so the gauge is frozen"
            )
        ]

    def _apart(self) -> list[str]:
        told = self.recent[-1].seconds
        if self.in_table is None or abs(told - self.in_table) <= APART.total_seconds():
            return []
        factor = told / self.in_table if self.in_table > 0 else 0.0
        unit = abs(factor / _MILLISECONDS - 1) < _ROUGHLY
        return [
            f"{self.service}: the gauge told {told:.0f} s where the table says {self.in_table:.0f} s; they may differ "
            f"by {format_duration(APART)}" + (": these are no seconds, but milliseconds" if unit else "")
        ]
