"""What a person would rather look at, drawn as SVG from the recorded facts. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from apgms_ops.environment.deployment import DeploymentRules
from apgms_ops.environment.limits import Limits
from apgms_ops.environment.smoke import Smoke
from apgms_ops.errors import EvidenceInvalid
from apgms_ops.observation import Observation
from apgms_ops.probes.audit_persistence import audit_persistence
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.consumer_lag import consumer_lag
from apgms_ops.probes.error_budgets import error_budgets
from apgms_ops.probes.gateway_latency import latencies
from apgms_ops.probes.journey import journey
from apgms_ops.probes.outside_view import outside_views
from apgms_ops.probes.probe import Probe
from apgms_ops.probes.reconciliation_gauge import reconciliation_gauge
from apgms_ops.probes.registry_lookups import uncached_lookups
from apgms_ops.probes.rehearsals import rehearsals
from apgms_ops.probes.release_comparison import release_comparison
from apgms_ops.probes.rollouts import rollouts
from apgms_ops.reports import (
    audit_picture,
    budget_picture,
    comparison_picture,
    journey_picture,
    lag_picture,
    latency_picture,
    outside_picture,
    reconciliation_picture,
    rehearsal_picture,
    rollout_picture,
)

T = TypeVar("T")

PICTURES: Mapping[str, tuple[Probe, Callable[[Any, Limits], str]]] = {
    "audit_persistence": (audit_persistence, audit_picture.draw),
    "consumer_lag": (consumer_lag, lag_picture.draw),
    "error_budgets": (error_budgets, budget_picture.draw),
    "latencies": (latencies, latency_picture.draw),
    "outside_views": (outside_views, outside_picture.draw),
    "reconciliation_gauge": (reconciliation_gauge, reconciliation_picture.draw),
    "rehearsals": (rehearsals, rehearsal_picture.draw),
    "uncached_lookups": (uncached_lookups, latency_picture.draw),
}
"""Name of a probe → the probe, whose facts they must be, and how these are drawn."""
OF_RELEASES: Mapping[str, tuple[Probe, Callable[[Any, DeploymentRules], str]]] = {
    "release_comparison": (release_comparison, comparison_picture.draw),
    "rollouts": (rollouts, rollout_picture.draw),
}
"""The same, of what is held to the rules of a deployment."""
_RULES: Final = DeploymentRules()


def picture(
    observation: Observation, limits: Limits, rules: DeploymentRules = _RULES, smoke: Smoke | None = None
) -> str | None:
    """Return a drawing of what was observed, or None where there is none.

    Args:
        observation: As it was recorded.
        limits: What its checks compare with: drawn beside the figures.
        rules: The same, of a release.
        smoke: The same, of the customer journey; None where the environment has none.
    """
    if observation.facts is None:
        return None
    if observation.probe in PICTURES:
        return _drawn(observation, *PICTURES[observation.probe], limits)
    if observation.probe in OF_RELEASES:
        return _drawn(observation, *OF_RELEASES[observation.probe], rules)
    if observation.probe == journey.name and smoke is not None:
        return _drawn(observation, journey, journey_picture.draw, smoke)
    return None


def _drawn(observation: Observation, probe: Probe, draw: Callable[[Any, T], str], against: T) -> str | None:
    codec = FactsCodec(probe)
    if codec.schema != observation.schema:
        return None  # a site's own probe of that name, or a recording of another version: its tables are shown
    try:
        return draw(codec.decode(observation.facts), against)
    except EvidenceInvalid:
        return None  # the check says so, in its verdict
