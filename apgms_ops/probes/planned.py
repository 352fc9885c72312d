"""What other probes of the same run saw, for a probe that begins only once they have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apgms_ops import errors
from apgms_ops.errors import ApgmsOpsError, EvidenceInvalid, Unobserved
from apgms_ops.observation import Observation
from apgms_ops.probes.codec import FactsCodec


def facts_of(observation: Observation, codec: FactsCodec) -> Any:  # noqa: ANN401 — the probe's own type
    """Return the facts of an observation.

    Raises:
        Unobserved: There are none; of the class that the probe raised, with the cause in one line.
        EvidenceInvalid: They are of another version than today's.
    """
    failure, name = observation.failure, observation.probe
    if failure is None:
        if observation.schema != codec.schema:
            # What a new field would be filled with was not observed.
            msg = f"{name}: recorded as {observation.schema}, and today's facts are {codec.schema}"
            raise EvidenceInvalid(msg)
        return codec.decode(observation.facts)
    kind = getattr(errors, failure.kind, None)
    if isinstance(kind, type) and issubclass(kind, ApgmsOpsError):
        msg = f"{name}: {failure.cause}"
        raise kind(msg)
    msg = f"{name}: {failure.kind}: {failure.cause}"
    raise Unobserved(msg)


@dataclass(frozen=True, slots=True)
class Planned:
    """The observations that a probe has waited for (`@probe(after=…)`), as far as they are part of the plan."""

    observations: Mapping[str, tuple[Observation, FactsCodec]] = field(default_factory=dict)

    def facts(self, name: str) -> Any | None:  # noqa: ANN401 — the probe's own type
        """Return the facts of a probe; None where the run does not make it.

        Raises:
            Unobserved: It is part of the run, and saw nothing.
        """
        if name not in self.observations:
            return None
        return facts_of(*self.observations[name])
