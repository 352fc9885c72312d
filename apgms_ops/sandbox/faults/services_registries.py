"""A registries service that is gone."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import holds
from apgms_ops.sandbox.faults import deployment_tools as deployment
from apgms_ops.sandbox.faults import kafka_tools as kafka
from apgms_ops.sandbox.faults import registries_tools as registries
from apgms_ops.sandbox.faults import services_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.kafka.wire import GroupSeen
from apgms_ops.sandbox.services import Registries
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_GROUP: Final = "registries-sync"


class RegistriesKilled(Fault):
    """Nobody looks a business up: every look-up through the gateway is 503."""

    id = "service-registries-killed"
    title = "The registries service was killed."
    component = Registries.name
    told = True
    expected: ClassVar[Mapping[str, Verdict]] = {
        registries.TIMED: Verdict.UNKNOWN,
        registries.RIGHT: Verdict.UNKNOWN,
        kafka.MEMBERS: Verdict.FAIL,
        kafka.ASSIGNED: Verdict.FAIL,
        kafka.KEEPS_UP: Verdict.UNKNOWN,
        kafka.STALLED: Verdict.UNKNOWN,
        **deployment.gone(Registries.name),
    }
    may_notice: ClassVar[frozenset[str]] = deployment.COMPARED

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Kill it, and wait until the broker has noticed as well."""
        holds.kill(world, Registries.name)
        kafka.wait(lambda: not world.alive(Registries.name), deadline, "the registries being dead")
        self.await_noticed(world, deadline)
        return {}

    @staticmethod
    def await_noticed(world: World, deadline: Deadline) -> None:
        """Return once Prometheus and the broker have noticed that the registries are gone."""
        tools.wait_scraped(world, Registries.name, 0, deadline)
        kafka.wait(
            lambda: kafka.group_of(world, _GROUP, deadline) == GroupSeen("Empty", ()),
            deadline,
            f"{_GROUP} having no members",
        )

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Start it again."""
        tools.revive(world, Registries.name, deadline)


FAULTS: tuple[type[Fault], ...] = (RegistriesKilled,)
