"""What is of a pod: what runs, what ran before, what is waited for. Kept on disk, so that it outlives the node."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a container: a process of the sandbox."""

    identity: str
    """The container's id, `sandbox://…`."""
    component: str
    process: str
    pid: int
    started: int
    """With the pid: this process and no other, see `processes.Identity`."""
    began: float
    """Seconds since the epoch."""
    owned: bool = True
    """Whether this node started it, and so ends it. One that was there already is only watched."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    identity: str
    began: float
    ended: float
    exit_code: int
    reason: str
    """`Completed`, `Error`, `OOMKilled`, `ContainerStatusUnknown`."""
    log: str = ""
    """Where its log was put aside; empty as long as nothing else was started in its place."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why nothing runs."""

    reason: str
    """`ContainerCreating`, `CrashLoopBackOff`, `ErrImagePull`, `ImagePullBackOff`."""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Backing:
    """How long to wait after a failure: longer each time."""

    wait: float = 0.0
    """Seconds, after the next failure; 0 as long as nothing failed."""
    until: float = 0.0
    """Not before then, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class ContainerRecord:
    """One container. Its state is `run`, else `waiting`, else `ended`."""

    name: str
    image: str
    image_id: str = ""
    run: Run | None = None
    ended: Ended | None = None
    waiting: Waiting | None = field(default_factory=lambda: Waiting("ContainerCreating"))
    last: Ended | None = None
    restarts: int = 0
    ready: bool = False
    crashes: Backing = field(default_factory=Backing)
    pulls: Backing = field(default_factory=Backing)
    component: str = ""
    process: str = ""
    """Which process of the sandbox it is or will be; empty as long as it has no place."""
    slot: int = 0
    owned: bool = True
    stopping: bool = False
    """Asked to end; what it ends with is no crash if its pod is being deleted."""


@dataclass(frozen=True, slots=True)
class PodRecord:
    """One pod."""

    uid: str
    key: str
    address: str
    """Its own address on the loopback network."""
    began: float
    containers: tuple[ContainerRecord, ...]

    def container(self, name: str) -> ContainerRecord:
        """Return one of its containers."""
        return next(container for container in self.containers if container.name == name)

    def put(self, changed: ContainerRecord) -> "PodRecord":
        """Return it with one container replaced."""
        return replace(self, containers=tuple(changed if c.name == changed.name else c for c in self.containers))

    def encoded(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    @classmethod
    def decoded(cls, found: dict[str, Any]) -> Self:
        """Return what `encoded` made JSON of."""
        containers = tuple(_container(container) for container in found["containers"])
        return cls(**(found | {"containers": containers}))


def _container(found: dict[str, Any]) -> ContainerRecord:
    parts: dict[str, Any] = {
        "run": found["run"] and Run(**found["run"]),
        "ended": found["ended"] and Ended(**found["ended"]),
        "last": found["last"] and Ended(**found["last"]),
        "waiting": found["waiting"] and Waiting(**found["waiting"]),
        "crashes": Backing(**found["crashes"]),
        "pulls": Backing(**found["pulls"]),
    }
    return ContainerRecord(**(found | parts))
