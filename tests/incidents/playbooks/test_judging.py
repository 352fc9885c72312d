"""Which plans may be applied."""

import pytest

from apgms_ops.clients.terraform import Change, Plan
from apgms_ops.environment.failover import Failover
from apgms_ops.incidents.playbooks.judging import objections

HOME = ("ap-southeast-4",)
SECTION = Failover.model_validate(
    {
        "folder": "f",
        "targets": ["a.promote", "a.fence"],
        "replaceable": ["a.fence"],
        "recovery_point": {"value": "60s", "source": "test"},
        "region": "ap-southeast-4",
        "onshore": ["ap-southeast-2", "ap-southeast-4"],
        "primary": "env:A",
        "replica": "env:B",
        "services": "env:C",
    }
)
PROMOTE = Change("a.promote", ("create",), HOME)
FENCE = Change("a.fence", ("delete", "create"), HOME)


def plan(*changes: Change, errored: bool = False) -> Plan:
    """Return a plan."""
    return Plan("1.11.4", errored, changes, "d")


def test_a_failover_may_be_applied() -> None:
    """A plan that changes declared targets alone, onshore, and replaces only what it may, has nothing against it."""
    assert objections(plan(PROMOTE, FENCE), SECTION) == ()


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (plan(), "changes nothing"),
        (plan(Change("a.promote", ("no-op",)), Change("a.fence", ("no-op",))), "changes nothing"),
        (plan(PROMOTE), "has no a.fence"),
        (plan(PROMOTE, FENCE, errored=True), "not whole"),
        (plan(PROMOTE, FENCE, Change("a.database", ("update",), HOME)), "touches a.database"),
        (plan(FENCE, Change("a.promote", ("delete",), HOME)), "would delete a.promote"),
        (plan(FENCE, Change("a.promote", ("create", "delete"), HOME)), "not declared replaceable"),
        (plan(FENCE, Change("a.promote", ("forget",), HOME)), "would forget a.promote"),
        (plan(FENCE, Change("a.promote", ("create",), ("us-east-1",))), "leads to us-east-1"),
        (plan(Change("a.promote", ("create",)), Change("a.fence", ("create",))), "names no region"),
        (plan(Change("a.promote", ("create",), ("ap-southeast-2",)), Change("a.fence", ("no-op",))), "declared to be"),
    ],
)
def test_a_plan_that_is_no_failover_is_refused(bad: Plan, said: str) -> None:
    """Each reason not to apply a plan is named."""
    assert any(said in objection for objection in objections(bad, SECTION))
