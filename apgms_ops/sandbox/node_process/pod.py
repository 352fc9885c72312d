"""What is wanted of a pod: the part of its object that this node acts on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_GRACE: Final = 30
_PERIOD: Final = 10
_FAILURES: Final = 3


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe of a container, over HTTP or by connecting alone."""

    port: int
    path: str | None
    """None where it is enough that somebody accepts."""
    delay: float
    period: float
    timeout: float
    successes: int
    failures: int


@dataclass(frozen=True, slots=True)
class Container:
    """One container as its pod declares it."""

    name: str
    image: str
    always_pull: bool
    never_pull: bool
    arguments: tuple[str, ...]
    """`command` and `args`, where they stand in for what the image says."""
    environment: Mapping[str, str]
    ports: Mapping[str, int]
    readiness: Probe | None
    liveness: Probe | None


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod that was given to this node."""

    uid: str
    namespace: str
    name: str
    labels: Mapping[str, str]
    restart_policy: str
    """`Always`, `OnFailure` or `Never`."""
    grace: float
    """Seconds between being asked to end and being ended, from the deletion where there is one."""
    deleting: bool
    containers: tuple[Container, ...]
    unsupported: str
    """What of it this node does not do, so that it must refuse the pod; mostly nothing."""

    @property
    def key(self) -> str:
        """Namespace and name."""
        return f"{self.namespace}/{self.name}"


def parse(found: Mapping[str, Any]) -> Pod:
    """Return what is wanted, from a pod's object."""
    meta, spec = found["metadata"], found["spec"]
    deleting = bool(meta.get("deletionTimestamp"))
    given = meta.get("deletionGracePeriodSeconds") if deleting else None
    grace = spec.get("terminationGracePeriodSeconds", _GRACE) if given is None else given
    return Pod(
        uid=str(meta["uid"]),
        namespace=str(meta["namespace"]),
        name=str(meta["name"]),
        labels=dict(meta.get("labels") or {}),
        restart_policy=str(spec.get("restartPolicy", "Always")),
        grace=float(grace),
        deleting=deleting,
        containers=tuple(_container(container) for container in spec.get("containers") or ()),
        unsupported="initContainers" if spec.get("initContainers") else "",
    )


def _container(found: Mapping[str, Any]) -> Container:
    image = str(found["image"])
    latest = ":" not in image.rpartition("/")[2] or image.endswith(":latest")
    policy = str(found.get("imagePullPolicy") or ("Always" if latest else "IfNotPresent"))
    ports = {
        str(port.get("name", port["containerPort"])): int(port["containerPort"]) for port in found.get("ports") or ()
    }
    return Container(
        name=str(found["name"]),
        image=image,
        always_pull=policy == "Always",
        never_pull=policy == "Never",
        arguments=(*(found.get("command") or ()), *(found.get("args") or ())),
        environment={str(entry["name"]): str(entry.get("value", "")) for entry in found.get("env") or ()},
        ports=ports,
        readiness=_probe(found.get("readinessProbe"), ports),
        liveness=_probe(found.get("livenessProbe"), ports),
    )


def _probe(found: Mapping[str, Any] | None, ports: Mapping[str, int]) -> Probe | None:
    """Return a probe that this node makes; one that runs a command it does not, and counts as none."""
    if found is None:
        return None
    asked = found.get("httpGet") or found.get("tcpSocket")
    if asked is None:
        return None
    port = asked["port"]
    return Probe(
        port=int(ports[port]) if port in ports else int(port),
        path=str(found["httpGet"].get("path", "/")) if found.get("httpGet") else None,
        delay=float(found.get("initialDelaySeconds", 0)),
        period=float(found.get("periodSeconds", _PERIOD)),
        timeout=float(found.get("timeoutSeconds", 1)),
        successes=int(found.get("successThreshold", 1)),
        failures=int(found.get("failureThreshold", _FAILURES)),
    )
