"""What runs on the sandbox's cluster: applied, looked at and replaced through its API, as whoever deploys would."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.cluster import access
from apgms_ops.sandbox.cluster.api import CONFLICT, NOT_FOUND, Api, ApiError, Object, namespaced
from apgms_ops.sandbox.kubernetes.credentials import ADMIN
from apgms_ops.sandbox.kubernetes.objects import PLATFORM
from apgms_ops.sandbox.world import World

_KUBECONFIG: Final = "kubernetes.kubeconfig"
_POLL: Final = 0.1
_HOPELESS: Final = ("ErrImagePull", "ImagePullBackOff", "CrashLoopBackOff", "CreateContainerError", "RunContainerError")
_PLURALS: Final = {"Endpoints": "endpoints"}


@dataclass(frozen=True, slots=True)
class PodSeen:
    """One pod as the API has it now."""

    name: str
    uid: str
    ready: bool
    deleting: bool
    restarts: int
    waiting: str
    """Why a container of it does not run; empty if all do."""
    message: str
    image_ids: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether it is as on its first day."""
        return self.ready and not self.deleting and self.restarts == 0


def clustered(world: World) -> bool:
    """Whether this world has a cluster; that of a test of one service alone has none."""
    return bool(world.get(_KUBECONFIG, ""))


def admin(world: World) -> Api:
    """Return the API, asked as its administrator."""
    return Api(access.read(Path(world.get(_KUBECONFIG)), ADMIN))


def apply(world: World, wanted: Object) -> Object:
    """Create an object, or make the one that is there as wanted."""
    api, meta = admin(world), wanted["metadata"]
    plural = _PLURALS.get(wanted["kind"], f"{wanted['kind'].lower()}s")
    try:
        return api.create(namespaced(wanted["apiVersion"], meta["namespace"], plural), wanted)
    except ApiError as error:
        if error.status != CONFLICT:
            raise
    return api.merge(namespaced(wanted["apiVersion"], meta["namespace"], plural, meta["name"]), wanted)


def deployment(world: World, name: str) -> Object:
    """Return a Deployment of the platform."""
    return admin(world).get(namespaced("apps/v1", PLATFORM, "deployments", name))


def pods(world: World, app: str) -> list[PodSeen]:
    """Return the pods of a workload of the platform."""
    found = admin(world).list(namespaced("v1", PLATFORM, "pods"), labelSelector=f"app={app}")
    return [_seen(entry) for entry in found.get("items") or ()]


def unsound(world: World, app: str) -> set[str]:
    """Return the uids of a workload's pods that are not as on their first day."""
    return {pod.uid for pod in pods(world, app) if not pod.sound}


def replace(world: World, app: str, uids: Collection[str], deadline: Deadline) -> None:
    """Delete pods of a workload, and return once they are gone; others take their places.

    Raises:
        SandboxError: They are not gone by the deadline.
    """
    api = admin(world)
    for pod in pods(world, app):
        if pod.uid in uids and not pod.deleting:
            try:
                api.delete(namespaced("v1", PLATFORM, "pods", pod.name))
            except ApiError as error:
                if error.status != NOT_FOUND:
                    raise
    while left := [pod.name for pod in pods(world, app) if pod.uid in uids]:
        if deadline.remaining <= _POLL:
            msg = f"{', '.join(left)} does not go within {deadline.seconds:g} s"
            raise SandboxError(msg)
        deadline.pause(_POLL, f"{', '.join(left)} to go")


def await_rolled_out(world: World, name: str, deadline: Deadline) -> None:
    """Return once all replicas of a Deployment are of its present template, ready, and nothing else of it is left.

    Raises:
        SandboxError: They are not by the deadline, or cannot be; the text says what is in the way.
    """
    while (why := _not_rolled_out(deployment(world, name), pods(world, name))) is not None:
        hopeless = [pod for pod in pods(world, name) if pod.waiting in _HOPELESS and pod.restarts != 0]
        if hopeless:
            msg = f"{name} does not start: {hopeless[0].name}: {hopeless[0].waiting}: {hopeless[0].message}"
            raise SandboxError(msg)
        if deadline.remaining <= _POLL:
            msg = f"{name} is not rolled out within {deadline.seconds:g} s: {why}"
            raise SandboxError(msg)
        deadline.pause(_POLL, f"{name} to be rolled out")


def _not_rolled_out(found: Object, pods_seen: list[PodSeen]) -> str | None:
    """Say what keeps a Deployment from being rolled out."""
    wanted, status = int(found["spec"].get("replicas", 1)), found.get("status") or {}
    if status.get("observedGeneration", 0) < found["metadata"]["generation"]:
        return "its last change is not taken up yet"
    counts = {key: status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")}
    ready = [pod for pod in pods_seen if pod.ready and not pod.deleting]
    if set(counts.values()) == {wanted} and len(ready) == len(pods_seen) == wanted:
        return None
    waiting = [f"{pod.name}: {pod.waiting}: {pod.message}" for pod in pods_seen if pod.waiting]
    told = ", ".join(f"{key} {value}" for key, value in counts.items())
    return "; ".join([f"{told} and {len(ready)} pods ready, of {wanted}", *waiting])


def _seen(found: Any) -> PodSeen:  # noqa: ANN401 — JSON
    meta, status = found["metadata"], found.get("status") or {}
    containers = status.get("containerStatuses") or ()
    states = [container.get("state", {}).get("waiting") or {} for container in containers]
    waiting = next((state for state in states if state), {})
    ready = [entry["status"] for entry in status.get("conditions") or () if entry["type"] == "Ready"]
    return PodSeen(
        name=meta["name"],
        uid=meta["uid"],
        ready=ready == ["True"],
        deleting=bool(meta.get("deletionTimestamp")),
        restarts=sum(container.get("restartCount", 0) for container in containers),
        waiting=str(waiting.get("reason", "")),
        message=str(waiting.get("message", "")),
        image_ids=tuple(str(container.get("imageID", "")) for container in containers),
    )
