"""What a person would rather look at, drawn as SVG from the recorded facts. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from apgms_ops.environment.limits import Limits
from apgms_ops.errors import EvidenceInvalid
from apgms_ops.observation import Observation
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.consumer_lag import consumer_lag
from apgms_ops.probes.error_budgets import error_budgets
from apgms_ops.probes.probe import Probe
from apgms_ops.reports import budget_picture, lag_picture

PICTURES: Mapping[str, tuple[Probe, Callable[[Any, Limits], str]]] = {
    "consumer_lag": (consumer_lag, lag_picture.draw),
    "error_budgets": (error_budgets, budget_picture.draw),
}
"""Name of a probe → the probe, whose facts they must be, and how these are drawn."""


def picture(observation: Observation, limits: Limits) -> str | None:
    """Return a drawing of what was observed, or None where there is none.

    Args:
        observation: As it was recorded.
        limits: What its checks compare with: drawn beside the figures.
    """
    if observation.probe not in PICTURES or observation.facts is None:
        return None
    probe, draw = PICTURES[observation.probe]
    codec = FactsCodec(probe)
    if codec.schema != observation.schema:
        return None  # a site's own probe of that name, or a recording of another version: its tables are shown
    try:
        return draw(codec.decode(observation.facts), limits)
    except EvidenceInvalid:
        return None  # the check says so, in its verdict
