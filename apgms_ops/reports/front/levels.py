"""Service levels and budgets in figures, as the checks believe them: one figure of a run for each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from apgms_ops.environment.limits import Limits
from apgms_ops.environment.types import format_duration, format_ratio
from apgms_ops.errors import EvidenceInvalid, Unobserved
from apgms_ops.evidence.run import RecordedRun
from apgms_ops.observation import Findings
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.consumer_groups import ConsumerLag
from apgms_ops.probes.consumer_lag import consumer_lag
from apgms_ops.probes.error_budgets import error_budgets
from apgms_ops.probes.gateway_latency import latencies
from apgms_ops.probes.probe import Probe
from apgms_ops.probes.reconciliation_facts import ReconciliationGauge
from apgms_ops.probes.reconciliation_gauge import reconciliation_gauge
from apgms_ops.probes.registry_lookups import uncached_lookups
from apgms_ops.reports.html.results import environment_of

Unit = Literal["share", "seconds", "messages"]


@dataclass(frozen=True, slots=True)
class Level:
    """One figure of one run."""

    title: str
    """What it is, the same in every run."""
    probe: str
    unit: Unit
    value: float | None
    """None where nothing is known, or what was seen is not to be believed: never zero."""
    limit: float
    promise: str
    """The limit in words."""
    at_least: bool
    """Whether the value must not be below the limit; else it must stay below it."""
    red: bool
    why: str
    """Why it is red, or not known."""


def levels_of(run: RecordedRun) -> tuple[tuple[Level, ...], frozenset[str]]:
    """Return the figures of a run, and the probes that were made and gave none."""
    levels: list[Level] = []
    blind = set()
    try:
        environment = environment_of(run)
    except EvidenceInvalid:
        return (), frozenset(_DRAWN)
    limits = Limits() if environment is None else environment.limits
    for name, (probe, figures) in _DRAWN.items():
        if name in run.observations:
            facts = _facts(run, probe)
            found = () if facts is None else tuple(figures(facts, limits))
            levels += found
            if not found:
                blind.add(name)
    return tuple(levels), frozenset(blind)


@cache
def _codec(probe: Probe) -> FactsCodec:
    return FactsCodec(probe)


def _facts(run: RecordedRun, probe: Probe) -> Any:  # noqa: ANN401 — the probe's own type
    """Return what a probe saw; None where it saw nothing, or its record is altered or of another version."""
    try:
        observation = run.observation(probe.name)
        if observation is None or observation.facts is None or observation.schema != _codec(probe).schema:
            return None
        return _codec(probe).decode(observation.facts)
    except EvidenceInvalid:
        return None


def _judged(judge: Callable[[], Findings]) -> tuple[bool | None, str]:
    """Return whether it is red, None where it could not be judged; and why."""
    try:
        found = judge()
    except Unobserved as error:
        return None, str(error)
    return bool(found), "; ".join(found)


def _budgets(facts: Any, limits: Limits) -> Iterator[Level]:  # noqa: ANN401 — the probe's own type
    minimum = limits.remaining_budget
    for name, budget in facts.services.items():
        red, why = _judged(lambda b=budget: b.overspent(minimum, limits.window_coverage))  # type: ignore[misc]
        left = None
        if red is not None:
            counted = next(c for c in budget.counts if c.length == budget.window)
            left = float(1 - counted.error_share(name) / (1 - budget.target))
        promise = f"at least {format_ratio(minimum.value)} of {format_duration(budget.window)}"
        yield Level(
            f"Error budget left, {name}",
            error_budgets.name,
            "share",
            left,
            float(minimum.value),
            promise,
            at_least=True,
            red=bool(red),
            why=why,
        )


def _fast(probe: Probe, what: str) -> Callable[[Any, Limits], Iterator[Level]]:
    def figures(facts: Any, limits: Limits) -> Iterator[Level]:  # noqa: ANN401 — the probe's own type
        for name, histogram in facts.services.items():
            red, why = _judged(lambda h=histogram: h.slower(limits.window_coverage))  # type: ignore[misc]
            within, total = (0.0, 0.0) if red is None else histogram.share()
            limit = format_duration(histogram.limit)
            yield Level(
                f"{what} within {limit}, {name}",
                probe.name,
                "share",
                None if red is None else within / total,
                float(histogram.quantile),
                f"at least {format_ratio(histogram.quantile)} over {format_duration(histogram.window)}",
                at_least=True,
                red=bool(red),
                why=why,
            )

    return figures


def _age(facts: ReconciliationGauge, _limits: Limits) -> Iterator[Level]:
    untrue = facts.untrue()
    value = None if untrue or not facts.recent else facts.recent[-1].seconds
    limit = facts.limit.total_seconds()
    yield Level(
        f"Oldest unreconciled payment, {facts.service}",
        reconciliation_gauge.name,
        "seconds",
        value,
        limit,
        f"younger than {format_duration(facts.limit)}",
        at_least=False,
        red=value is not None and value >= limit,
        why="; ".join(untrue),
    )


def _lag(facts: ConsumerLag, limits: Limits) -> Iterator[Level]:
    limit = limits.consumer_lag.value
    red, why = _judged(lambda: facts.at_or_above(limits.consumer_lag))
    behind = max((lag.total for lag in facts.lags()), default=None)
    yield Level(
        "Consumer lag, the group and topic most behind",
        consumer_lag.name,
        "messages",
        None if red is None or behind is None else float(behind),
        float(limit),
        f"below {limit:,}",
        at_least=False,
        red=bool(red),
        why=why,
    )


_DRAWN: Final[dict[str, tuple[Probe, Callable[[Any, Limits], Iterator[Level]]]]] = {
    error_budgets.name: (error_budgets, _budgets),
    latencies.name: (latencies, _fast(latencies, "Requests")),
    uncached_lookups.name: (uncached_lookups, _fast(uncached_lookups, "Uncached look-ups")),
    reconciliation_gauge.name: (reconciliation_gauge, _age),
    consumer_lag.name: (consumer_lag, _lag),
}
PROBES: Final = frozenset(_DRAWN)
"""What is drawn: of a run that cannot be believed, all of it is not known."""
