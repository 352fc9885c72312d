"""The pods of a service, as far as a rollout is judged by them."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_DIGEST: Final = re.compile(r"@(sha256:[0-9a-f]{64})$")
_RUNNING: Final = "running"
_WAITING: Final = "waiting"
_STARTING: Final = frozenset({None, "ContainerCreating", "PodInitializing"})
"""Why a container waits that has no trouble."""


@dataclass(frozen=True, slots=True)
class ContainerSeen:
    """A container."""

    name: str
    image: str
    """As the pod names it: a tag says nothing of what runs."""
    image_id: str | None
    """What runs, in the node's words."""
    ready: bool
    state: str
    reason: str | None
    exit_code: int | None
    """How it ended, where it has."""
    restarts: int
    last_reason: str | None
    last_exit_code: int | None
    last_finished_at: datetime | None

    @property
    def running(self) -> bool:
        """Whether it runs, ready or not."""
        return self.state == _RUNNING

    @property
    def digest(self) -> str | None:
        """The digest of what runs, as a registry knows it: where no registry is named, it may be another's."""
        found = _DIGEST.search(self.image_id or "")
        return found[1] if found else None

    @property
    def trouble(self) -> str | None:
        """Why it does not run, and will not in a moment; None where it does, or is only starting."""
        if self.running or (self.state == _WAITING and self.reason in _STARTING and not self.restarts):
            return None
        if self.state == "terminated" and self.exit_code == 0:
            return None
        return f"{self.name} is {self.state}{f': {self.reason}' if self.reason else ''}"


@dataclass(frozen=True, slots=True)
class PodSeen:
    """A pod that the Deployment's selector matches, whoever made it."""

    name: str
    replica_set: str | None
    """None where no ReplicaSet made it."""
    newest: bool
    """Whether it is of the template that is wanted."""
    node: str | None
    phase: str
    reason: str | None
    ready: bool
    ready_at: datetime | None
    """When `ready` last changed."""
    created_at: datetime
    deleting: bool
    containers: tuple[ContainerSeen, ...]

    @property
    def starting(self) -> bool:
        """Whether it is not ready and nothing is wrong with it yet."""
        return not self.reason and all(one.trouble is None and not one.restarts for one in self.containers)

    @property
    def trouble(self) -> str:
        """Why it is not ready, as far as it is said."""
        why = [one.trouble for one in self.containers if one.trouble]
        if not why and self.node is None:
            why = ["no node takes it"]
        return f"{self.name}: {', '.join(why) or self.reason or f'{self.phase}, not ready'}"
