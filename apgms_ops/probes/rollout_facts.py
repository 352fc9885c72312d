"""How far a rollout is: what is wanted of a service's Deployment, what runs, and what is left of the release before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apgms_ops.environment.types import Limit, format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings, timestamp
from apgms_ops.probes.rollout_pods import PodSeen
from apgms_ops.probes.workloads import COMPLETE

_OVERDUE: Final = "ProgressDeadlineExceeded"
_NAMED: Final = 5
"""Pods that a sentence names."""


@dataclass(frozen=True, slots=True)
class DeploymentSeen:
    """A Deployment; its counts tell of the generation that its controller has seen."""

    generation: int
    observed: int
    changed_at: datetime | None
    """When somebody last changed what is wanted; None where that is not said."""
    wanted: int
    updated: int
    """Pods of the template that is wanted."""
    total: int
    """Pods of any template that are not told to go."""
    available: int
    paused: bool
    progress: str | None
    """The reason of its condition `Progressing`; None where it has none."""
    progressed_at: datetime | None
    """When that reason came about."""
    message: str
    """What the condition says in words."""
    refused: str | None
    """Why pods cannot be made (a quota, say); None where they can."""


@dataclass(frozen=True, slots=True)
class ReplicaSetSeen:
    """The pods of one template."""

    name: str
    revision: int | None
    newest: bool
    """Whether its template is the one that is wanted."""
    replicas: int
    """Pods that are not told to go."""
    ready: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ServiceRollout:
    """The rollout of one service."""

    service: str
    deployment: str
    namespace: str
    at: datetime
    declared: int
    """Replicas that must run."""
    beside: int
    """Deployments that there are in the namespace, this one or not."""
    seen: DeploymentSeen | None
    """None where there is none of that name."""
    replica_sets: tuple[ReplicaSetSeen, ...]
    pods: tuple[PodSeen, ...]

    def unfinished(self, settling_time: Limit[timedelta]) -> Findings:
        """Say what is not rolled out, and cannot be taken for a rollout that is under way.

        Raises:
            Unobserved: It is under way for less than the settling time; or nobody can say.
        """
        seen = self._deployment()
        if seen is None:
            return self._missing()
        stuck = list(self._stuck(seen))
        if seen.observed < seen.generation:
            # Whatever the counts say, they say it of another template.
            behind = (
                f"{self.deployment}: its controller has seen generation {seen.observed}, and generation "
                f"{seen.generation} is wanted: nobody says what became of it"
            )
            if seen.changed_at is not None and self.at - seen.changed_at > settling_time.value:
                return Findings((f"{behind}, since {timestamp(seen.changed_at)[:19]}Z",))
            raise Unobserved("; ".join([*stuck, behind]))
        left = list(self._left(seen))
        if left and not stuck and self._under_way(seen, settling_time.value):
            msg = (
                f"{self.deployment}: a rollout is under way ({'; '.join(left)}); after "
                f"{format_duration(settling_time.value)} it counts as stuck ({settling_time.source})"
            )
            raise Unobserved(msg)
        return Findings(f"{self.deployment}: {sentence}" for sentence in (*stuck, *left))

    def wrong_replicas(self) -> Findings:
        """Say whether another number of replicas is wanted of the cluster than is declared; none at all, for one.

        Raises:
            Unobserved: Nothing was found in the namespace.
        """
        seen = self._deployment()
        if seen is None:
            return self._missing()
        if seen.wanted == self.declared:
            return Findings()
        none = ": nothing of it runs, and that rolls out without a complaint" if seen.wanted == 0 else ""
        return Findings((f"{self.deployment} is scaled to {seen.wanted}; {self.declared} replicas are declared{none}",))

    def foreign(self, digest: str, sidecars: tuple[str, ...] = ()) -> Findings:
        """Say which running containers are of another image than the release's.

        Args:
            digest: What the release built of this service: `sha256:…`.
            sidecars: Containers that no release holds.

        Raises:
            Unobserved: Nothing runs, or it is not said by digest what does.
        """
        running = [
            (pod, one)
            for pod in self.pods
            if not pod.deleting
            for one in pod.containers
            if one.running and one.name not in sidecars
        ]
        found: list[str] = []
        unsaid: list[str] = []
        for pod, one in running:
            runs = one.digest
            if digest in {runs, one.image_id}:
                continue
            if runs is None:
                unsaid.append(f"{pod.name}: {one.name} runs, and its node does not say by digest what ({one.image_id})")
            else:
                found.append(
                    f"{pod.name}: {one.name} runs {one.image} as {_short(runs)}, and the release is {_short(digest)}"
                )
        if not found and unsaid:
            raise Unobserved("; ".join(unsaid[:_NAMED]))
        if not running:
            msg = f"{self.deployment}: no container runs whose image could be compared"
            raise Unobserved(msg)
        return Findings(_first(found, "containers"))

    def _deployment(self) -> DeploymentSeen | None:
        if self.seen is None and not self.beside:
            msg = f"namespace {self.namespace} holds no Deployment at all: is it the right one?"
            raise Unobserved(msg)
        return self.seen

    def _missing(self) -> Findings:
        return Findings((f"{self.service}: there is no Deployment {self.deployment} in namespace {self.namespace}",))

    def _stuck(self, seen: DeploymentSeen) -> Iterator[str]:
        if seen.paused:
            yield "it is paused: whatever is deployed, nothing is rolled out"
        if seen.progress == _OVERDUE:
            yield f"the rollout has exceeded its progress deadline: {seen.message}"
        if seen.refused is not None:
            yield f"its pods cannot be made: {seen.refused}"

    def _left(self, seen: DeploymentSeen) -> Iterator[str]:
        if seen.updated < seen.wanted:
            yield f"{seen.updated} of {seen.wanted} pods are of the template that is wanted"
        if seen.updated > seen.wanted:
            yield f"{seen.updated} pods run, and {seen.wanted} are wanted"
        old = [one for one in self.replica_sets if not one.newest and one.replicas]
        for one in old:
            yield f"{one.replicas} pods of the older {one.name} are left, {one.ready} of them serving"
        if seen.total > seen.updated and not old:
            yield f"{seen.total - seen.updated} pods of an older template are left"
        for pod in self._going():
            yield f"{pod.name} was told to go and still serves"
        if seen.available < seen.wanted:
            why = "; ".join(pod.trouble for pod in self.pods if not pod.deleting and not pod.ready)
            yield f"{seen.available} of {seen.wanted} pods are available{f' ({why})' if why else ''}"

    def _going(self) -> list[PodSeen]:
        return [pod for pod in self.pods if pod.deleting and any(one.running for one in pod.containers)]

    def _under_way(self, seen: DeploymentSeen, settling_time: timedelta) -> bool:
        """Whether what is left may be gone in a moment: by the rollout, or by a pod that is only just starting."""
        since = seen.progressed_at
        recent = since is None or self.at - since <= settling_time
        if seen.progress != COMPLETE:
            return recent
        old = any(one.replicas for one in self.replica_sets if not one.newest) or seen.total > seen.updated
        if old or seen.updated > seen.wanted or (self._going() and not recent):
            return False
        unready = [pod for pod in self.pods if not pod.deleting and not pod.ready]
        young = all(pod.starting and self.at - pod.created_at <= settling_time for pod in unready)
        return young and (bool(unready) or recent)


def _short(digest: str) -> str:
    return digest[: len("sha256:") + 12]


def _first(sentences: list[str], what: str) -> list[str]:
    more = len(sentences) - _NAMED
    return sentences if more <= 0 else [*sentences[:_NAMED], f"and {more} more {what}"]


@dataclass(frozen=True, slots=True)
class Rollouts:
    """The rollout of every declared service."""

    services: dict[str, ServiceRollout]

    def of(self, service: str) -> ServiceRollout:
        """Return one service's.

        Raises:
            Unobserved: It was not read.
        """
        if service not in self.services:
            msg = f"the rollout of {service} was not read"
            raise Unobserved(msg)
        return self.services[service]
