"""A replica of the gateway that is gone, or hangs."""

import signal
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import holds
from apgms_ops.sandbox.faults import deployment_tools as deployment
from apgms_ops.sandbox.faults import services_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.kafka_tools import wait
from apgms_ops.sandbox.services import ApiGateway
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_REPLICA: Final = f"{ApiGateway.name}-2"
_LEFT: Final = 1
_SCRAPED: Final = "checks/service_levels/test_api_gateway.py::test_every_replica_is_scraped"
_OUTSIDE: Final = "checks/service_levels/test_api_gateway.py::test_the_outside_view_agrees"


class GatewayReplicaKilled(Fault):
    """One of two is gone: the load balancer hides it."""

    id = "service-api-gateway-replica-killed"
    title = "One of the two replicas of the gateway was killed; the other one answers."
    component = ApiGateway.name
    told = True
    expected: ClassVar[Mapping[str, Verdict]] = {
        _SCRAPED: Verdict.FAIL,
        **deployment.held_down(ApiGateway.name),
    }

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Kill it."""
        holds.kill(world, ApiGateway.name, process=_REPLICA)
        wait(lambda: not world.alive(ApiGateway.name, process=_REPLICA), deadline, f"{_REPLICA} being dead")
        tools.wait_scraped(world, ApiGateway.name, _LEFT, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Start it again."""
        tools.revive(world, ApiGateway.name, deadline)


class GatewayReplicaHung(Fault):
    """One of two accepts connections and answers nothing: every other request waits for it."""

    id = "service-api-gateway-replica-hung"
    title = "One of the two replicas of the gateway hangs: it accepts connections, and answers nothing."
    component = ApiGateway.name
    told = True
    expected: ClassVar[Mapping[str, Verdict]] = {_SCRAPED: Verdict.FAIL}
    # Every other probe from outside fails: more than is allowed, unless there have been many good ones before.
    may_notice: ClassVar[frozenset[str]] = frozenset({_OUTSIDE}) | deployment.PODS | deployment.COMPARED

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Stop the process in its tracks."""
        world.signal(ApiGateway.name, signal.SIGSTOP, process=_REPLICA)
        tools.wait_scraped(world, ApiGateway.name, _LEFT, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Let it go on."""
        if world.alive(ApiGateway.name, process=_REPLICA):
            world.signal(ApiGateway.name, signal.SIGCONT, process=_REPLICA)
        tools.revive(world, ApiGateway.name, deadline)


FAULTS: tuple[type[Fault], ...] = (GatewayReplicaKilled, GatewayReplicaHung)
