"""Clients handed straight to a check, for exploring; what is read through them is recorded as well."""

from dataclasses import dataclass
from datetime import UTC, datetime

from apgms_ops.deadline import Deadline
from apgms_ops.estate import Estate
from apgms_ops.evidence.run import RunFolder
from apgms_ops.observation import Observation, Recorder, digest
from apgms_ops.plugin.scheduler import Reading
from apgms_ops.probes.probe import DEFAULT_DEADLINE


@dataclass(frozen=True, slots=True)
class Exploration:
    """What one exploratory check reads through."""

    estate: Estate
    recorder: Recorder
    deadline: Deadline
    started_at: datetime


class Explorations:
    """One estate a check, each with a recorder and a deadline of its own."""

    def __init__(self, folder: RunFolder, reading: Reading) -> None:
        """Record in `folder` what is read with the secrets and the limits of `reading`."""
        self._folder = folder
        self._reading = reading
        self._open: dict[str, Exploration] = {}

    def of(self, node_id: str) -> Exploration:
        """Return the exploration of a check, made when it is first asked for."""
        if node_id not in self._open:
            recorder = Recorder(self._reading.redactor)
            estate = Estate(self._reading.environment, self._reading.secrets, recorder)
            deadline = Deadline(min(self._reading.deadline or DEFAULT_DEADLINE, DEFAULT_DEADLINE))
            self._open[node_id] = Exploration(estate, recorder, deadline, datetime.now(UTC))
        return self._open[node_id]

    def record(self, node_id: str) -> None:
        """Record what a check read, once it is over."""
        exploration = self._open.pop(node_id, None)
        if exploration is None:
            return
        identities, raw, attempts = exploration.recorder.seen
        now = datetime.now(UTC)
        self._folder.publish(
            Observation(
                probe=f"exploration-{digest(node_id.encode())[:12]}",
                schema="exploration",
                started_at=exploration.started_at,
                observed_at=now,
                took=(now - exploration.started_at).total_seconds(),
                identities=identities,
                raw=raw,
                attempts=attempts,
            )
        )
