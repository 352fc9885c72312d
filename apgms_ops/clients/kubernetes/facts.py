"""What a cluster says of its workloads, as frozen data. Times are aware, and counts that the wire leaves out are 0."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Truth(StrEnum):
    """The status of a condition; UNKNOWN is also whatever is no word for one."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Phase(StrEnum):
    """The phase of a pod; UNKNOWN is also every word that is not known."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    UNKNOWN = "Unknown"


class ContainerState(StrEnum):
    """What a container does; UNKNOWN where the node says nothing of it, or something that is not known."""

    WAITING = "waiting"
    RUNNING = "running"
    TERMINATED = "terminated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Version:
    """The release of the API server."""

    major: int
    minor: int
    text: str
    """As it calls itself: "v1.34.1"."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a workload, a pod or a job."""

    type: str
    status: Truth
    reason: str
    """A word such as `ProgressDeadlineExceeded`; empty where none is given."""
    message: str
    """A sentence for people; empty where none is given."""
    at: datetime | None
    """When the status last changed; None where that is not said."""
    updated_at: datetime | None = None
    """When it last said something new (`lastUpdateTime`): of a rollout that is complete, when it became so."""


@dataclass(frozen=True, slots=True)
class Selector:
    """Which pods belong to a workload."""

    labels: dict[str, str]
    expressions: tuple[str, ...] = ()
    """What a label must be besides, in the words of a label selector: "tier in (a,b)", "!canary"."""

    @property
    def query(self) -> str:
        """The selector as the API takes it."""
        return ",".join((*(f"{key}={value}" for key, value in sorted(self.labels.items())), *self.expressions))


@dataclass(frozen=True, slots=True)
class Deployment:
    """A Deployment. Its counts are those of the generation that was observed, which may be an older one."""

    name: str
    namespace: str
    uid: str
    generation: int
    """Of what is wanted."""
    observed_generation: int
    """The generation that the counts and conditions below tell of."""
    replicas: int
    """Pods that are wanted."""
    updated: int
    """Pods of the template that is wanted now."""
    total: int
    """Pods of any template that do not terminate."""
    ready: int
    """Pods that are ready."""
    available: int
    """Pods that have been ready for `minReadySeconds`."""
    paused: bool
    images: dict[str, str]
    """Container → image, as the template names it."""
    selector: Selector
    revision: int | None
    """The revision of its rollout; None until there has been one."""
    conditions: tuple[Condition, ...]
    changed_at: datetime | None = None
    """When what is wanted was last changed, by its managed fields (not those of its status); None if nobody says."""


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    """A ReplicaSet."""

    name: str
    uid: str
    owner_uid: str | None
    """UID of the Deployment that it belongs to; None where it belongs to none."""
    revision: int | None
    """The revision of that Deployment's rollout."""
    wanted: int
    """Pods that are wanted."""
    replicas: int
    """Pods that exist and do not terminate."""
    ready: int
    """Pods that are ready."""
    images: dict[str, str]
    """Container → image, as the template names it."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StatefulSet:
    """A StatefulSet. It has no deadline of its own: one that is stuck says nothing."""

    name: str
    namespace: str
    uid: str
    generation: int
    observed_generation: int
    replicas: int
    """Pods that are wanted."""
    updated: int
    """Pods of the revision that is wanted."""
    current: int
    """Pods of the revision before it."""
    total: int
    ready: int
    available: int
    current_revision: str
    """Empty where it is not said."""
    update_revision: str
    """Empty where it is not said."""
    partition: int
    """Pods with an ordinal below it are left as they are."""
    on_delete: bool
    """Whether pods are updated only where somebody deletes them."""
    images: dict[str, str]
    selector: Selector
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a pod: what is wanted of it, and what its node says of it."""

    name: str
    image: str
    """As the pod names it: a tag says nothing of what runs."""
    image_id: str | None
    """What runs, by digest, in the node's words; None until it was pulled."""
    ready: bool
    started_at: datetime | None
    """When it began to run; None where it does not run."""
    restarts: int
    state: ContainerState
    reason: str | None
    """Why it waits or ended: `CrashLoopBackOff`, `ImagePullBackOff`, `Completed`, …"""
    exit_code: int | None
    """How it ended, where it has."""
    last_reason: str | None
    """How the run before this one ended: `OOMKilled`, `Error`, …; None where there was none."""
    last_exit_code: int | None
    last_finished_at: datetime | None
    ports: dict[str, int]
    """Name → number; a port without a name goes by its number."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod. Its environment, which may hold secrets, is not read."""

    name: str
    namespace: str
    uid: str
    node: str | None
    """None until it was scheduled."""
    phase: Phase
    reason: str | None
    """Of the phase: `Evicted`, …"""
    ready: bool
    """Whether it is sent traffic: its condition `Ready` is true."""
    created_at: datetime
    deleting: bool
    """Whether it was told to go. It may serve until it is gone."""
    owner_kind: str | None
    """Of the controller: `ReplicaSet`, `StatefulSet`, `Job`, …; None where nobody controls it."""
    owner_name: str | None
    owner_uid: str | None
    labels: dict[str, str]
    ip: str | None
    containers: tuple[Container, ...]
    init_containers: tuple[Container, ...] = ()
    ready_at: datetime | None = None
    """When `ready` last changed, by its condition; None where that is not said."""


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody noted about an object. Events are forgotten after an hour, by default."""

    kind: str
    """Of the object: `Pod`, `Deployment`, …"""
    name: str
    """Of the object."""
    uid: str
    """Of the object; empty where it is not said."""
    reason: str
    message: str
    type: str
    """`Normal` or `Warning`."""
    count: int
    """How often, since the first."""
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Log:
    """What one container wrote: its end, where it wrote more than was asked for."""

    pod: str
    container: str
    text: str
    cut: int
    """Bytes before `text` that were read and not kept."""


@dataclass(frozen=True, slots=True)
class Executed:
    """What came of a command in a container."""

    stdout: str
    stderr: str
    exit_code: int
    cut: bool
    """Whether more was written than was kept: of each, the beginning is kept."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether we may do something, as the API server says."""

    verb: str
    resource: str
    """With its subresource and, where it has one, its group: `pods/exec`, `deployments.apps`."""
    namespace: str
    """Empty for what belongs to no namespace."""
    allowed: bool
    reason: str
    """Empty where none is given."""
    name: str = ""
    """The one object that it is about; empty for all of them."""
