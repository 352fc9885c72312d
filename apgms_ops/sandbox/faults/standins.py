"""The ways in which a stand-in's service fails, whoever it stands in for."""

import signal
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.standin.component import await_answers, launch
from apgms_ops.sandbox.world import World

_POLL = 0.02


def order(world: World, name: str, path: str, body: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
    """Give a stand-in an order and return its answer.

    Raises:
        SandboxError: It refuses, or does not answer.
    """
    answer: dict[str, Any] = require(world.port(f"{name}.control"), path, deadline, dict(body))
    return answer


class StandInFault(Fault):
    """Something about the service that the component, which is of its name, stands in for."""

    def order(self, world: World, path: str, body: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
        """Give it an order and return its answer."""
        return order(world, self.component, path, body, deadline)


class RecordsFault(StandInFault):
    """The service knows something else than before. What it knew is what heals it."""

    collection: ClassVar[str]

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Put the records back as they were."""
        self.order(world, "/put", {"collection": self.collection, "records": memo["records"]}, deadline)


class Edited(RecordsFault):
    """Records with other values than before."""

    wanted: ClassVar[Mapping[str, Any]]
    values: ClassVar[Mapping[str, Any]]

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Change them."""
        body = {"collection": self.collection, "wanted": self.wanted, "values": self.values}
        return self.order(world, "/edit", body, deadline)


class Removed(RecordsFault):
    """Records that are not there."""

    wanted: ClassVar[Mapping[str, Any]]

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Take them away."""
        return self.order(world, "/remove", {"collection": self.collection, "wanted": self.wanted}, deadline)


class Added(StandInFault):
    """A record more than there should be."""

    collection: ClassVar[str]
    id_of_record: ClassVar[str]

    @abstractmethod
    def record(self) -> dict[str, Any]:
        """Return it."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Put it there."""
        made = {**self.record(), "id": self.id_of_record}
        return self.order(world, "/put", {"collection": self.collection, "records": [made]}, deadline)

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — its id is known
        """Take it away; where it was taken away before, it is put there first, so that healing twice is harmless."""
        self.break_(world, deadline)
        body = {"collection": self.collection, "wanted": {"id": self.id_of_record}}
        self.order(world, "/remove", body, deadline)


class Switched(StandInFault):
    """The service answers in another way."""

    switches: ClassVar[Mapping[str, Any]]

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Switch it."""
        self.order(world, "/switches", self.switches, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Switch it back."""
        self.order(world, "/switches", {name: type(value)() for name, value in self.switches.items()}, deadline)


class Killed(StandInFault):
    """Nobody listens."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Kill it."""
        world.signal(self.component, signal.SIGKILL)
        while world.alive(self.component):
            deadline.pause(_POLL, f"{self.component} to die")
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Start it again, over its own records."""
        if not world.alive(self.component):
            world.stop(self.component, deadline)
            launch(world, self.component)
        await_answers(world, self.component, deadline)


class Hung(StandInFault):
    """The kernel accepts connections for a process that does nothing."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:  # noqa: ARG002 — a signal takes no time
        """Stop the process."""
        world.signal(self.component, signal.SIGSTOP)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Let it go on."""
        world.signal(self.component, signal.SIGCONT)
        await_answers(world, self.component, deadline)
