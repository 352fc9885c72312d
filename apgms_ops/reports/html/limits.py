"""Which limits a check was held to, as its run recorded them. Pure."""

from collections.abc import Iterator
from typing import Final

from apgms_ops.environment.model import Environment
from apgms_ops.environment.types import Limit, format_duration
from apgms_ops.reports.told import Told

_LEVELS: Final = "window_coverage"
_OF_PROBE: Final = {
    "audit_persistence": ("audit_retention", _LEVELS),
    "audit_chain": ("audit_retention",),
    "consumer_lag": ("consumer_lag",),
    "dead_letters": ("dead_letters_per_day",),
    "error_budgets": ("remaining_budget", "burn_rates", _LEVELS),
    "latencies": (_LEVELS,),
    "outside_views": ("outside_disagreement",),
    "reconciliation_gauge": (_LEVELS,),
    "uncached_lookups": (_LEVELS,),
}
"""Probe → the limits that its facts are compared with."""
_LEVEL_OF_PROBE: Final = {
    "audit_persistence": "persistence",
    "error_budgets": "availability",
    "latencies": "latency",
    "reconciliation_gauge": "reconciliation-delay",
    "uncached_lookups": "lookup-latency",
}
"""Probe → the kind of service level that it observes."""


def limits_of(check: Told, environment: Environment) -> Iterator[str]:
    """Yield in words each limit that the check's facts are compared with, and where it comes from."""
    names = dict.fromkeys(name for probe in check.probes for name in _OF_PROBE.get(probe, ()))
    yield from (line for name in names for line in _words(name, getattr(environment.limits, name)))
    kinds = {_LEVEL_OF_PROBE[probe] for probe in check.probes if probe in _LEVEL_OF_PROBE}
    for name, service in environment.services.items():
        if check.service in (None, name):
            for level in service.objectives:
                if level.kind in kinds:
                    told = level.model_dump(mode="json", exclude={"kind", "source", "anchor"}, exclude_none=True)
                    values = ", ".join(f"{key.replace('_', ' ')} {_value(value)}" for key, value in told.items())
                    yield f"{name}, {level.kind}: {values} ({level.source})"


def _words(name: str, limit: object) -> Iterator[str]:
    said = name.replace("_", " ")
    if isinstance(limit, Limit):
        yield f"{said}: {_value(limit.model_dump(mode='json')['value'])} ({limit.source})"
    elif isinstance(limit, tuple):
        for rate in limit:
            yield f"{said}: {rate.rate:g} times over {format_duration(rate.long)} and {format_duration(rate.short)}"


def _value(value: object) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
