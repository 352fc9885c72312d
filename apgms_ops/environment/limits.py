"""What the checks compare with, each limit with its source."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from apgms_ops.environment.types import Count, Duration, Limit, Model, Ratio, Seq


class BurnRate(Model):
    """A multi-window alert: red when both windows burn the budget at `rate` or faster."""

    rate: Annotated[float, Field(gt=0)]
    """Times the rate at which the budget would last exactly its window."""
    long: Duration
    """The window that shows that it matters."""
    short: Duration
    """The window that shows that it is still going on."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.short >= self.long:
            msg = "`short` must be shorter than `long`"
            raise ValueError(msg)
        return self


_BURN_RATES = (
    BurnRate(rate=14.4, long=timedelta(hours=1), short=timedelta(minutes=5)),
    BurnRate(rate=6.0, long=timedelta(hours=6), short=timedelta(minutes=30)),
    BurnRate(rate=3.0, long=timedelta(days=1), short=timedelta(hours=2)),
    BurnRate(rate=1.0, long=timedelta(days=3), short=timedelta(hours=6)),
)
Whole = Annotated[int, Field(ge=0, le=2**53 - 1)]
_LAG = "runbook: Daily Checks, step 3"
_BUDGET = "runbook: Daily Checks, step 4"
_OVERVIEW = "runbook: Service Overview"


class Limits(Model):
    """What the checks compare with; each with its source."""

    consumer_lag: Limit[Count] = Limit[Count](value=200, source=_LAG)
    """Messages a group may be behind on a topic: it must stay below."""
    dead_letters_per_day: Limit[Whole] = Limit[Whole](value=0, source=_LAG)
    """Dead letters that may arrive on a topic within 24 hours."""
    remaining_budget: Limit[Ratio] = Limit[Ratio](value=Decimal("0.1"), source=_BUDGET)
    """Share of the error budget that must be left."""
    window_coverage: Limit[Ratio] = Limit[Ratio](value=Decimal("0.99"), source=_BUDGET)
    """Share of a window (in hours; within the last day in steps of 5 minutes) that must hold samples to be believed."""
    outside_disagreement: Limit[Ratio] = Limit[Ratio](value=Decimal("0.01"), source=_OVERVIEW)
    """Share of outside probes that may fail beyond what the service itself says of its requests."""
    audit_retention: Limit[Duration] = Limit[Duration](value=timedelta(days=365), source="DSP OSF: audit logging")
    """How long audit rows must be kept."""
    burn_rates: Annotated[Seq[BurnRate], Field(min_length=1)] = _BURN_RATES
    """Error budget burn rates that are red. Source: the multi-window, multi-burn-rate alerts of the SRE workbook."""
