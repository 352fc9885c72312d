"""Starts every probe that the selected checks need, all at once, and waits for their observations.

Several processes (pytest -n) run the same scheduler over one run folder: whoever claims a probe first makes it, the
others wait for its observation. The kernel drops the claim of a process that dies, and another then takes it over.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import EvidenceInvalid, Unobserved
from apgms_ops.estate import SECTION_OF_CLIENT, Estate
from apgms_ops.evidence.earlier import EarlierRuns
from apgms_ops.evidence.run import RecordedRun, RunFolder
from apgms_ops.evidence.site import Site
from apgms_ops.observation import Failure, Observation, Recorder
from apgms_ops.probes import Probe
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.planned import Planned
from apgms_ops.redact import Redactor, printable
from apgms_ops.secret import Secret, SecretReference

_POLL = 0.02
"""Seconds between two looks at what another process does."""
_GRACE = 0.25
"""Seconds that a probe is given past its deadline to say itself what it was waiting for."""
_HANDOVER = 2.0
"""Seconds past the deadline that a process waits for the observation that another one makes."""
_CLEANING = 60.0
"""Seconds that a probe that writes is given to clean up once the run was interrupted."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a probe needs to be made: the estate and the secrets, but for its own recorder and deadline."""

    environment: Environment
    secrets: Mapping[SecretReference, Secret]
    release: str | None
    deadline: float | None
    """Seconds; no probe may take longer. None leaves each its own."""
    earlier: EarlierRuns = field(default_factory=EarlierRuns)
    """The runs before this one."""
    site: Site = field(default_factory=Site)
    """What lies around the run."""
    read_only: bool = False
    """Whether a probe that writes must leave that out."""
    interrupted: threading.Event = field(default_factory=threading.Event)
    """Set when somebody stops the run: what writes ends there, and cleans up."""

    @property
    def redactor(self) -> Redactor:
        """Masks this run's secrets in all that is recorded."""
        return Redactor(self.secrets.values())

    def seconds(self, probe: Probe) -> float:
        """Return the probe's time budget, in seconds."""
        return probe.deadline if self.deadline is None else min(self.deadline, probe.deadline)

    def make(self, probe: Probe, codec: FactsCodec, deadline: Deadline, planned: Planned | None = None) -> Observation:
        """Make one observation. Whatever goes wrong is recorded in it, never raised."""
        redact = self.redactor
        recorder = Recorder(redact)
        started_at, began = datetime.now(UTC), time.monotonic()
        facts: Any = None
        failure: Failure | None = None
        try:
            facts = codec.encode(probe.function(**self._arguments(probe, recorder, deadline, planned)), redact)
        except BaseException as error:  # noqa: BLE001 — "could not find out" has no closed list of causes: sys.exit, skip
            failure = failure_of(error, redact)
        identities, raw, attempts = recorder.seen
        if failure is None and not probe.about_identity:
            failure = self._wrong_target(probe, {(i.system, i.id) for i in identities})
        return Observation(
            probe=probe.name,
            schema=codec.schema,
            started_at=started_at,
            observed_at=datetime.now(UTC),
            took=time.monotonic() - began,
            facts=None if failure else facts,
            failure=failure,
            identities=identities,
            raw=raw,
            attempts=attempts,
        )

    def _arguments(
        self, probe: Probe, recorder: Recorder, deadline: Deadline, planned: Planned | None
    ) -> dict[str, Any]:
        estate = Estate(self.environment, self.secrets, recorder)
        offered: dict[str, Callable[[], Any]] = {
            "environment": lambda: self.environment,
            "estate": lambda: estate,
            "deadline": lambda: deadline,
            "recorder": lambda: recorder,
            "earlier": lambda: self.earlier,
            "site": lambda: self.site,
            "release": lambda: self.release,
            "read_only": lambda: self.read_only,
            "interrupted": lambda: self.interrupted,
            "planned": lambda: planned or Planned(),
        }
        return {name: offered[name]() if name in offered else getattr(estate, name) for name in probe.parameters}

    def _wrong_target(self, probe: Probe, seen: set[tuple[str, str]]) -> Failure | None:
        # What a probe asks for, and what that is reached through.
        systems = (*(SECTION_OF_CLIENT.get(client) for client in probe.parameters), *sorted({name for name, _ in seen}))
        for section in dict.fromkeys(systems):
            pinned = section and getattr(self.environment.identities, section, None)
            if not pinned:
                continue
            answered = {identity for system, identity in seen if system == section}
            if answered != {pinned}:
                said = ", ".join(sorted(answered)) or "it did not identify itself"
                return Failure("WrongTarget", f"{section} is not the pinned {pinned!r}: {printable(said, limit=200)}")
        return None


def failure_of(error: BaseException, redact: Callable[[str], str]) -> Failure:
    """Return an error as it is recorded: its class, and its text as one redacted line."""
    text = printable(redact(str(error)), limit=600)
    if isinstance(error, Unobserved):
        return Failure(type(error).__name__, text or "no cause given")
    return Failure(type(error).__name__, text or f"{type(error).__name__} without a text")


class Scheduler:
    """Makes the observations of a run in this process, together with whoever shares its folder."""

    def __init__(self, folder: RunFolder, reading: Reading) -> None:
        """Start nothing yet."""
        self._folder = folder
        self._reading = reading
        self._done: dict[str, threading.Event] = {}
        self._results: dict[str, Observation] = {}
        self._probes: dict[str, tuple[Probe, FactsCodec]] = {}

    def start(self, probes: Mapping[str, tuple[Probe, FactsCodec]]) -> None:
        """Start all `probes` at once, each in a daemon thread: none of them can hold up the exit."""
        self._probes |= probes
        for name in probes:
            self._done[name] = threading.Event()
        for probe, codec in probes.values():
            threading.Thread(target=self._obtain, args=(probe, codec), name=f"probe {probe.name}", daemon=True).start()

    def wait(self, name: str) -> Observation:
        """Return a probe's observation once it is there; at its deadline at the latest.

        Raises:
            KeyError: The probe was not started.
        """
        self._done[name].wait()
        return self._results[name]

    def stop(self, say: Callable[[str], None]) -> None:
        """Have what writes end and clean up, and wait for that; a second interruption is obeyed at once.

        Args:
            say: Tells a person what is waited for.
        """
        self._reading.interrupted.set()
        for name, (probe, _) in self._probes.items():
            if probe.writes and not self._done[name].is_set():
                say(f"interrupted: {name} cleans up after itself (interrupt again to leave that to the next run)")
                self._done[name].wait(_CLEANING)

    def _obtain(self, probe: Probe, codec: FactsCodec) -> None:
        """Make the observation, or wait for the process that does."""
        before = {name: (self.wait(name), self._probes[name][1]) for name in probe.after if name in self._probes}
        seconds = self._reading.seconds(probe)
        deadline = Deadline(seconds)
        others = Deadline(seconds + _HANDOVER)
        try:
            observation = self._attend(probe, codec, deadline, others, Planned(before))
        except Exception as error:  # noqa: BLE001 — a full disk, a damaged folder: UNKNOWN with its cause, not a hang
            observation = self._failed(probe, codec, failure_of(error, self._reading.redactor))
        self._results[probe.name] = observation
        self._done[probe.name].set()

    def _attend(
        self, probe: Probe, codec: FactsCodec, deadline: Deadline, others: Deadline, planned: Planned
    ) -> Observation:
        while not others.expired:
            standing = self._folder.result(probe.name)
            if standing is not None:
                return standing
            claim = self._folder.claim(probe.name)
            if claim is not None:
                try:
                    standing = self._folder.result(probe.name)
                    return standing or self._folder.publish(self._make_once(probe, codec, deadline, planned))
                finally:
                    claim.release()
            time.sleep(_POLL)
        cause = f"the process that makes this observation has not delivered it within {others.seconds:g} s"
        return self._failed(probe, codec, Failure("DeadlineExceeded", cause))

    def _make_once(self, probe: Probe, codec: FactsCodec, deadline: Deadline, planned: Planned) -> Observation:
        first = self._folder.mark_started(probe.name)
        if probe.writes and not first:
            cause = "the process that made this observation died; what writes is never started twice"
            return self._failed(probe, codec, Failure("Unobserved", cause))
        if deadline.expired:
            cause = f"no time was left after the process that made it died ({deadline.seconds:g} s in all)"
            return self._failed(probe, codec, Failure("DeadlineExceeded", cause))
        made: list[Observation] = []
        finished = threading.Event()

        def make() -> None:
            made.append(self._reading.make(probe, codec, deadline, planned))
            finished.set()

        threading.Thread(target=make, name=f"probe {probe.name}, reading", daemon=True).start()
        finished.wait(deadline.remaining + _GRACE)
        if made:
            return made[0]
        cause = f"no answer within {deadline.seconds:g} s"
        return self._failed(probe, codec, Failure("DeadlineExceeded", cause), took=deadline.seconds)

    @staticmethod
    def _failed(probe: Probe, codec: FactsCodec, failure: Failure, took: float = 0.0) -> Observation:
        now = datetime.now(UTC)
        return Observation(probe.name, codec.schema, now, now, took, failure=failure)


class Replayer:
    """Gives the observations of a recorded run, and makes none."""

    def __init__(self, folder: RunFolder, recorded: RecordedRun) -> None:
        """Feed from `recorded`; what is fed is recorded again in `folder`."""
        self._folder = folder
        self._recorded = recorded
        self._results: dict[str, Observation] = {}

    def start(self, probes: Mapping[str, tuple[Probe, FactsCodec]]) -> None:
        """Take the observations of `probes` from the recorded run."""
        for name, (_, codec) in probes.items():
            self._results[name] = self._folder.result(name) or self._folder.publish(self._read(name, codec))

    def wait(self, name: str) -> Observation:
        """Return a probe's recorded observation."""
        return self._results[name]

    def stop(self, say: Callable[[str], None]) -> None:
        """Do nothing: a replay writes nothing."""

    def _read(self, name: str, codec: FactsCodec) -> Observation:
        now = datetime.now(UTC)
        try:
            observation = self._recorded.observation(name)
        except EvidenceInvalid as error:
            return Observation(name, codec.schema, now, now, 0.0, failure=Failure("EvidenceInvalid", str(error)))
        if observation is not None:
            return observation
        cause = f"the recorded run {self._recorded.path.name} holds no observation of this probe"
        return Observation(name, codec.schema, now, now, 0.0, failure=Failure("Unobserved", cause))
