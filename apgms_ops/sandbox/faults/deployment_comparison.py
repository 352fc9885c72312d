"""Releases that are rolled out and stable, and serve worse than what ran before them."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import rollouts, workloads
from apgms_ops.sandbox.faults import deployment_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.kafka_tools import another_past
from apgms_ops.sandbox.faults.services_tools import wait_scraped
from apgms_ops.sandbox.faults.switching import Switch, switch
from apgms_ops.sandbox.services import ApiGateway
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_GATEWAY: Final = ApiGateway.name
_REPLICAS: Final = tuple(f"{_GATEWAY}.{number}" for number in range(1, ApiGateway.replicas + 1))
_AFTER: Final = 10.0
"""Seconds after a rollout that the sandbox's environment compares."""
_GATEWAY_CHECKS: Final = "checks/service_levels/test_api_gateway.py::"


class _Worse(Fault):
    """New pods of the gateway, which are switched as soon as they are there."""

    component = "deployment"
    wanted: ClassVar[Mapping[str, Switch]]
    # A probe from outside that meets a pod in its last moment is one of the few that a new past holds.
    may_notice: ClassVar[frozenset[str]] = frozenset({f"{_GATEWAY_CHECKS}test_the_outside_view_agrees"})

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Replace every pod, switch the new ones, and wait until the time after is over."""
        rollouts.note(world, _GATEWAY, self.id)
        workloads.await_rolled_out(world, _GATEWAY, deadline)
        for replica in _REPLICAS:
            switch(world, replica, deadline, **self.wanted)
        wait_scraped(world, _GATEWAY, ApiGateway.replicas, deadline)
        deadline.pause(_AFTER, "the time after the rollout to be over")
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Roll out what ran before, and forget how badly it went."""
        for replica in _REPLICAS:
            switch(world, replica, deadline, **dict.fromkeys(self.wanted, 0))
        tools.back(world, _GATEWAY, deadline)
        another_past(world, deadline)
        wait_scraped(world, _GATEWAY, ApiGateway.replicas, deadline)


class FailsMore(_Worse):
    """Half of the requests is answered with 503; the month's budget does not notice a few seconds of it."""

    id = "deployment-fails-more"
    title = "A release of the gateway answers half of the requests with 503; its rollout is complete and stable."
    wanted: ClassVar[Mapping[str, Switch]] = {"fail_share": 0.5}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.FAILS_MORE: Verdict.FAIL}
    # How much of an hour's budget they take depends on how long it lasts.
    may_notice = _Worse.may_notice | {"checks/daily/test_error_budgets.py::test_the_error_budget_does_not_burn"}


class Slower(_Worse):
    """Every request takes longer than the limit; a day's quantile does not notice a few seconds of it."""

    id = "deployment-slower"
    title = "A release of the gateway takes 400 ms longer for every request; its rollout is complete and stable."
    wanted: ClassVar[Mapping[str, Switch]] = {"delay_ms": 400}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.SLOWER: Verdict.FAIL}


FAULTS: tuple[type[Fault], ...] = (FailsMore, Slower)
