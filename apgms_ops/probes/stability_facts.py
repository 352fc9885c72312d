"""Whether what was rolled out holds still: restarts, ends by force and back-offs since the rollout began."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apgms_ops.environment.types import Limit, format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings, timestamp
from apgms_ops.probes.rollout_pods import ContainerSeen, PodSeen

TELLING: Final = frozenset({"BackOff", "Failed"})
"""Reasons of events that tell of a back-off, or of a container that could not be made."""
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class EventSeen:
    """Something that was noted about a pod."""

    pod: str
    reason: str
    message: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ServiceStability:
    """How a service's pods have fared since its rollout began."""

    service: str
    deployment: str
    at: datetime
    began_at: datetime | None
    """When the newest rollout began; None where nobody says."""
    pods: tuple[PodSeen, ...]
    """Those of the template that is wanted, which are not told to go."""
    events: tuple[EventSeen, ...]
    """What was noted about them that tells of trouble."""

    def restarted(self, soak: Limit[timedelta]) -> Findings:
        """Say which containers were started again, and which pods were ended, since the rollout began.

        Raises:
            Unobserved: None was, and it is too early to say.
        """
        found = [sentence for pod in self.pods for sentence in _ended(pod)]
        return self._soaked(found, soak)

    def backing_off(self, soak: Limit[timedelta]) -> Findings:
        """Say which pods are, or were since the rollout began, held back from being started again or from their image.

        Raises:
            Unobserved: None was, and it is too early to say.
        """
        found = [
            f"{pod.name}: {one.trouble}" for pod in self.pods for one in pod.containers if one.trouble and _waits(one)
        ]
        found += [
            f"{event.pod}: {event.reason}, {event.count} times until {timestamp(event.last_at)[:19]}Z: {event.message}"
            for event in self.events
            if event.reason in TELLING and (self.began_at is None or event.last_at >= self.began_at)
        ]
        return self._soaked(found, soak)

    def _soaked(self, found: list[str], soak: Limit[timedelta]) -> Findings:
        if found:
            return Findings(found)
        if not self.pods:
            msg = f"{self.deployment}: no pod of the template that is wanted: there is nothing that could hold still"
            raise Unobserved(msg)
        unready = next((pod for pod in self.pods if not pod.ready), None)
        if unready is not None:
            msg = f"{unready.trouble}: whether it holds still cannot be said before it is ready"
            raise Unobserved(msg)
        newest = max(self.pods, key=_ready_since)
        stood = self.at - _ready_since(newest)
        if stood < soak.value:
            left = format_duration(max(_SECOND, timedelta(seconds=round((soak.value - stood).total_seconds()))))
            msg = (
                f"{newest.name} has been ready for {stood.total_seconds():.0f} s of {format_duration(soak.value)} "
                f"({soak.source}): ask again in {left}"
            )
            raise Unobserved(msg)
        return Findings()


@dataclass(frozen=True, slots=True)
class Stability:
    """How the pods of every declared service have fared."""

    services: dict[str, ServiceStability]

    def of(self, service: str) -> ServiceStability:
        """Return one service's.

        Raises:
            Unobserved: It was not read.
        """
        if service not in self.services:
            msg = f"how the pods of {service} have fared was not read"
            raise Unobserved(msg)
        return self.services[service]


def _ended(pod: PodSeen) -> Iterator[str]:
    if pod.phase == "Failed":
        yield f"{pod.name} was ended: {pod.reason or 'no reason is given'}"
    for one in pod.containers:
        if one.restarts:
            how = f": {_how(one)}" if one.last_reason or one.last_exit_code is not None else ""
            when = f" at {timestamp(one.last_finished_at)[:19]}Z" if one.last_finished_at is not None else ""
            times = "once" if one.restarts == 1 else f"{one.restarts} times"
            yield f"{pod.name}: {one.name} was started again {times}; it last ended{when}{how}"
        elif one.state == "terminated" and one.trouble:
            yield f"{pod.name}: {one.trouble}"
        elif not one.running and one.last_finished_at is not None:
            at = timestamp(one.last_finished_at)[:19]
            yield f"{pod.name}: {one.name} ended at {at}Z: {_how(one)}; it was not started again"


def _how(one: ContainerSeen) -> str:
    code = f"exit code {one.last_exit_code}" if one.last_exit_code is not None else ""
    return ", ".join(part for part in (one.last_reason, code) if part)


def _waits(one: ContainerSeen) -> bool:
    return one.state == "waiting"


def _ready_since(pod: PodSeen) -> datetime:
    return max(pod.created_at, pod.ready_at or pod.created_at)
