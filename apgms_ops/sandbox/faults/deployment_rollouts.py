"""Rollouts that did not come to their end, and one that came to it with nothing."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import images, rollouts, workloads
from apgms_ops.sandbox.faults import deployment_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.kafka_tools import another_past, wait
from apgms_ops.sandbox.faults.payments_service import PaymentsKilled
from apgms_ops.sandbox.faults.services_registries import RegistriesKilled
from apgms_ops.sandbox.faults.services_tools import revive, wait_scraped
from apgms_ops.sandbox.kubernetes.objects import PLATFORM
from apgms_ops.sandbox.services import ApiGateway, Payments, Registries
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_CONTROLLER: Final = "deployments"
_SOON: Final = 2
"""Seconds after which a rollout counts as stuck, so that nobody waits for a minute."""
_HOUR: Final = 60 * 60
_GATEWAY: Final = ApiGateway.name
_PAYMENTS: Final = Payments.name


class Unseen(Fault):
    """The controller is frozen: whatever the status says, it says of what was wanted before."""

    id = "deployment-not-observed"
    title = "Another template is wanted of the payments, and the controller has not seen it: the old counts read well."
    component = "deployment"
    references = ("P4.3",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.of(tools.ROLLED_OUT, _PAYMENTS): Verdict.UNKNOWN}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Freeze the controller, and want something else."""
        tools.order(world, "/frozen", [_CONTROLLER], deadline)
        rollouts.note(world, _PAYMENTS, "unseen")
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Want what was wanted before, and let the controller see it."""
        rollouts.note(world, _PAYMENTS, None)
        tools.order(world, "/frozen", [], deadline)
        workloads.await_rolled_out(world, _PAYMENTS, deadline)


class UnseenForLong(Unseen):
    """Nobody is rolling anything out any more."""

    id = "deployment-not-observed-for-an-hour"
    title = "Another template has been wanted of the payments for an hour, and the controller has not seen it."
    expected: ClassVar[Mapping[str, Verdict]] = {tools.of(tools.ROLLED_OUT, _PAYMENTS): Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Freeze the controller, want something else, and let the API say that this was an hour ago."""
        super().break_(world, deadline)
        aged = {"plural": _CONTROLLER, "namespace": PLATFORM, "name": _PAYMENTS, "seconds": _HOUR}
        tools.order(world, "/aged", aged, deadline)
        return {}


class ScaledToNone(Fault):
    """Nothing of it runs, and every count agrees."""

    id = "deployment-scaled-to-none"
    title = "The registries were scaled to 0: rolled out to the last of no pods."
    component = "deployment"
    references = ("P4.4",)
    told = True
    expected: ClassVar[Mapping[str, Verdict]] = {
        **RegistriesKilled.expected,
        **tools.gone(Registries.name),
        tools.of(tools.ROLLED_OUT, Registries.name): Verdict.PASS,
        tools.of(tools.REPLICAS, Registries.name): Verdict.FAIL,
        tools.of(tools.RESTARTS, Registries.name): Verdict.UNKNOWN,
        tools.of(tools.BACKS_OFF, Registries.name): Verdict.UNKNOWN,
    }
    may_notice = RegistriesKilled.may_notice

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Scale it, and wait until everybody has noticed."""
        tools.change(world, Registries.name, {"replicas": 0})
        wait(lambda: not workloads.pods(world, Registries.name), deadline, "the registries' pods being gone")
        RegistriesKilled.await_noticed(world, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Scale it back."""
        tools.back(world, Registries.name, deadline)
        revive(world, Registries.name, deadline)


class Stuck(Fault):
    """Whoever watches the gateway alone sees nothing of it."""

    id = "deployment-payments-stuck"
    title = "The image of the payments cannot be pulled: their rollout is stuck, and the gateway is fine."
    component = "deployment"
    references = ("P4.6",)
    told = True
    expected: ClassVar[Mapping[str, Verdict]] = {
        **PaymentsKilled.expected,
        **tools.gone(_PAYMENTS),
        tools.of(tools.RESTARTS, _PAYMENTS): Verdict.UNKNOWN,
    }
    may_notice = PaymentsKilled.may_notice

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Want an image that nobody has pushed, and wait until the rollout has exceeded its deadline."""
        tools.change(world, _PAYMENTS, {"progressDeadlineSeconds": _SOON})
        rollouts.order(world, _PAYMENTS, images.reference(_PAYMENTS, "v9.9.9"))
        wait(lambda: _overdue(world, _PAYMENTS), deadline, "the rollout of the payments being stuck")
        PaymentsKilled.await_noticed(world, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Want the release's image again, and forget what was refused meanwhile."""
        tools.back(world, _PAYMENTS, deadline)
        another_past(world, deadline)


class HalfWay(Fault):
    """One of two replicas is of the release before, and the load balancer picks either."""

    id = "deployment-half-way"
    title = "A rollout of the gateway was paused half-way: one of its two pods is of the release before."
    component = "deployment"
    told = True
    expected: ClassVar[Mapping[str, Verdict]] = {
        tools.of(tools.ROLLED_OUT, _GATEWAY): Verdict.FAIL,
        tools.of(tools.IMAGES, _GATEWAY): Verdict.FAIL,
        tools.of(tools.VERSIONS, _GATEWAY): Verdict.FAIL,
        tools.ONE: Verdict.FAIL,
        # What is not complete has no time after it.
        **dict.fromkeys(tools.COMPARISON, Verdict.UNKNOWN),
    }

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Want the release before, and pause as soon as the first pod is of it."""
        rollouts.order(world, _GATEWAY, rollouts.previous(world, _GATEWAY))
        wait(lambda: _updated(world, _GATEWAY) > 0, deadline, "the first pod being of the release before")
        tools.change(world, _GATEWAY, {"paused": True})
        wait(
            lambda: (
                len([pod for pod in workloads.pods(world, _GATEWAY) if pod.ready and not pod.deleting])
                == ApiGateway.replicas
            ),
            deadline,
            "both pods of the gateway being ready",
        )
        wait_scraped(world, _GATEWAY, ApiGateway.replicas, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Want the release again, and let it be rolled out."""
        tools.back(world, _GATEWAY, deadline)
        wait_scraped(world, _GATEWAY, ApiGateway.replicas, deadline)


def _overdue(world: World, service: str) -> bool:
    conditions = (workloads.deployment(world, service).get("status") or {}).get("conditions") or ()
    return any(one.get("reason") == "ProgressDeadlineExceeded" for one in conditions)


def _updated(world: World, service: str) -> int:
    found = workloads.deployment(world, service)
    status = found.get("status") or {}
    seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    return int(status.get("updatedReplicas", 0)) if seen else 0


FAULTS: tuple[type[Fault], ...] = (Unseen, UnseenForLong, ScaledToNone, Stuck, HalfWay)
