"""A payments service that is gone, and a bank that does not answer it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import holds
from apgms_ops.sandbox.faults import deployment_tools as deployment
from apgms_ops.sandbox.faults import kafka_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.prometheus import NAME, query
from apgms_ops.sandbox.services import Payments
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_CHECKS: Final = "checks/service_levels/"
_GROUPS: Final = ("payments-executor", "reconciliation-worker")


class PaymentsKilled(Fault):
    """Nobody pays, nobody reconciles, and nobody says so: the lag of both groups stays what it was."""

    id = "service-payments-killed"
    title = "The payments service was killed: its groups are empty, and deposits are refused."
    component = Payments.name
    told = True
    expected: ClassVar[Mapping[str, Verdict]] = {
        tools.MEMBERS: Verdict.FAIL,
        tools.ASSIGNED: Verdict.FAIL,
        tools.KEEPS_UP: Verdict.UNKNOWN,
        tools.STALLED: Verdict.UNKNOWN,
        f"{_CHECKS}test_payments.py::test_no_reconciliation_is_parked": Verdict.UNKNOWN,
        **deployment.gone(Payments.name),
    }
    # What was seen last is believed for a while; and how much of the budget its 503s take depends on how long it lasts.
    may_notice: ClassVar[frozenset[str]] = frozenset(
        {
            f"{_CHECKS}test_payments.py::test_the_reconciliation_gauge_is_true",
            f"{_CHECKS}test_api_gateway.py::test_requests_are_answered",
            "checks/daily/test_error_budgets.py::test_the_error_budget_does_not_burn",
            *deployment.COMPARED,
        }
    )

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Kill it, and wait until the broker and Prometheus have noticed."""
        holds.kill(world, Payments.name)
        self.await_noticed(world, deadline)
        return {}

    @staticmethod
    def await_noticed(world: World, deadline: Deadline) -> None:
        """Return once Prometheus and the broker have noticed that the payments are gone."""
        tools.wait(
            lambda: query(world.port(NAME), f'sum(up{{job="{Payments.name}"}})', deadline) == 0.0,
            deadline,
            "Prometheus missing it",
        )
        for group in _GROUPS:
            tools.wait(
                lambda group=group: tools.group_of(world, group, deadline).state == "Empty",  # type: ignore[misc]  # a default
                deadline,
                f"{group} being empty",
            )

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Start it again, and forget what failed meanwhile."""
        payments = Payments()
        payments.stop(world, deadline)
        payments.start(world, deadline)
        payments.ready(world, deadline)
        tools.another_past(world, deadline)


FAULTS: tuple[type[Fault], ...] = (PaymentsKilled,)
