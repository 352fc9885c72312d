"""What a cluster can tell of an incident: of every pod its state and its logs, events, and rollouts."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, Final

from apgms_ops.clients.kubernetes.logs import silent
from apgms_ops.deadline import Deadline
from apgms_ops.incidents.diagnostics import described
from apgms_ops.incidents.diagnostics.masking import Masked
from apgms_ops.incidents.diagnostics.material import Piece
from apgms_ops.incidents.diagnostics.suspects import Suspects
from apgms_ops.redact import Redactor

if TYPE_CHECKING:
    from apgms_ops.clients.kubernetes.client import KubernetesClient
    from apgms_ops.clients.kubernetes.facts import Container, Event, Pod

_MARGIN: Final = timedelta(minutes=5)
"""Before the incident is said to have begun: what set it off."""


def pieces_of(
    kubernetes: "KubernetesClient", namespace: str, since: datetime, redactor: Redactor, deadline: Deadline
) -> tuple[Piece, ...]:
    """List the pods of a namespace, and return what is to be fetched of them and of what surrounds them.

    Args:
        kubernetes: Of the cluster.
        namespace: Where the platform runs.
        since: When the incident began; a few minutes before are taken as well.
        redactor: Masks what is secret.
        deadline: For the listing.

    Raises:
        Unobserved: The pods cannot be listed.
    """
    pods = kubernetes.pods(namespace, deadline)
    suspects = Suspects(redactor.known)
    logs = [
        Piece(
            f"logs/{pod.name}/{container.name}{'.previous' if previous else ''}.log",
            f"log of {pod.name}, {container.name}{' before its restart' if previous else ''}",
            _log(kubernetes, pod, container, Masking(redactor, suspects), since - _MARGIN, previous=previous),
            lacks=_lost(container, since) if previous else "",
        )
        for pod in pods
        for container in (*pod.init_containers, *pod.containers)
        if not silent(container)
        for previous in (False, True)[: 1 + bool(container.restarts)]
    ]
    return (*_told(kubernetes, namespace, pods, redactor), *logs)


class Masking:
    """What a log is masked with."""

    def __init__(self, redactor: Redactor, suspects: Suspects) -> None:
        """Keep both together."""
        self.redactor = redactor
        self.suspects = suspects

    def into(self, file: BinaryIO) -> Masked:
        """Return what takes a log anew, in place of what the file holds of an answer that broke off."""
        file.seek(0)
        file.truncate()
        return Masked(file, self.redactor, self.suspects)


def _log(  # noqa: PLR0913 — what a log is asked for by
    kubernetes: "KubernetesClient",
    pod: "Pod",
    container: "Container",
    masking: Masking,
    since: datetime,
    *,
    previous: bool,
) -> Callable[[BinaryIO, Deadline], None]:
    def fetch(file: BinaryIO, deadline: Deadline) -> None:
        takers: list[Masked] = []

        def taker() -> Masked:
            takers.append(masking.into(file))
            return takers[-1]

        # A run that is over is kept whole: it may have ended before the incident was noticed, and is why.
        from_ = None if previous else since
        try:
            kubernetes.follow_log(pod, container.name, deadline, taker, since=from_, previous=previous)
        finally:
            for last in takers[-1:]:
                last.close()  # what came before it broke off is kept as well

    return fetch


def _lost(container: "Container", since: datetime) -> str:
    """Say what of a container's logs the cluster has no more: it keeps the run before the present one alone."""
    if container.restarts < 2 or (container.last_finished_at and container.last_finished_at < since):  # noqa: PLR2004
        return ""
    return f"restarted {container.restarts} times: of the runs before the last one the cluster keeps no log"


def _told(
    kubernetes: "KubernetesClient", namespace: str, pods: "tuple[Pod, ...]", redactor: Redactor
) -> Iterator[Piece]:
    def text(make: Callable[[Deadline], str]) -> Callable[[BinaryIO, Deadline], None]:
        def fetch(file: BinaryIO, deadline: Deadline) -> None:
            file.write(redactor(make(deadline)).encode(errors="replace"))

        return fetch

    def events(deadline: Deadline) -> "tuple[Event, ...]":
        return kubernetes.events(namespace, deadline)

    def state(deadline: Deadline) -> str:
        found = events(deadline)
        return "\n".join(described.pod(pod, found) for pod in pods)

    def rollouts(deadline: Deadline) -> str:
        found = kubernetes.deployments(namespace, deadline), kubernetes.replica_sets(namespace, deadline)
        return described.rollouts(*found, kubernetes.stateful_sets(namespace, deadline))

    none = "" if pods else f"there is no pod in {namespace}, and so no log"
    yield Piece("pods.txt", f"every pod of {namespace}: state, restarts, events", text(state), lacks=none)
    yield Piece("events.txt", f"events of {namespace}, the latest last", text(lambda d: described.events(events(d))))
    yield Piece("rollouts.txt", f"rollouts of {namespace}", text(rollouts))
