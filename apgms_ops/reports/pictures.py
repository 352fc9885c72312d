"""What a person would rather look at, drawn as SVG from the recorded facts. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from apgms_ops.observation import Observation

PICTURES: Mapping[str, Callable[[Any], str]] = {}
"""Probe → how its facts are drawn."""


def picture(observation: Observation) -> str | None:
    """Return a drawing of what was observed, or None where a table says it better."""
    draw = PICTURES.get(observation.probe)
    return None if draw is None or observation.facts is None else draw(observation.facts)
