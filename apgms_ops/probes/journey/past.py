"""How long the steps took in the walks before this one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from apgms_ops.clients.gateway.journey_facts import Exchanged
from apgms_ops.evidence.earlier import EarlierRuns
from apgms_ops.observation import Observation

_PROBE: Final = "journey"
_WALKS: Final = 11
"""Earlier walks that are looked at."""


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier walk."""

    run: str
    at: datetime
    steps: dict[str, float]
    """Step → seconds that its slowest request took."""


def slowest(exchanges: Iterable[Exchanged]) -> dict[str, float]:
    """Return each step's slowest request, in seconds, in the order of the walk."""
    steps: dict[str, float] = {}
    for seen in exchanges:
        steps[seen.step] = max(steps.get(seen.step, 0.0), seen.took)
    return steps


def earlier_walks(earlier: EarlierRuns) -> tuple[Past, ...]:
    """Return the last walks of the environment that are kept on this machine, the oldest first."""
    return tuple(islice(_walks(earlier), _WALKS))[::-1]


def _walks(earlier: EarlierRuns) -> Iterator[Past]:
    for run, observation in earlier.seen(_PROBE):
        steps = _steps(observation)
        if steps:
            yield Past(run, observation.observed_at, steps)


def _steps(observation: Observation) -> dict[str, float]:
    """Return what is there of another version's facts as well; whatever is not as expected is left out."""
    facts: Any = observation.facts
    exchanges = facts.get("exchanges") if isinstance(facts, Mapping) else None
    steps: dict[str, float] = {}
    for one in exchanges.values() if isinstance(exchanges, Mapping) else ():
        step, took = (one.get("step"), one.get("took")) if isinstance(one, Mapping) else (None, None)
        if isinstance(step, str) and isinstance(took, int | float) and not isinstance(took, bool):
            steps[step] = max(steps.get(step, 0.0), float(took))
    return steps
