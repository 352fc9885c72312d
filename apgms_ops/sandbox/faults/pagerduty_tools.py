"""The names of the checks that ask PagerDuty, and how a fault changes what PagerDuty knows."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import pagerduty
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.incidents import INCIDENTS
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

REACH: Final = "checks/daily/ checks/incidents/"
CHECKS: Final = "checks/daily/test_on_call.py::"
TONIGHT: Final = f"{CHECKS}test_somebody_is_on_call_tonight"
WEEK: Final = f"{CHECKS}test_somebody_is_on_call_this_week"
TWO: Final = f"{CHECKS}test_the_second_level_is_somebody_else"
IN_TIME: Final = f"{CHECKS}test_the_second_level_is_called_in_time"
REACHED: Final = f"{CHECKS}test_who_is_on_call_can_be_reached"
ROUTED: Final = f"{CHECKS}test_policies_point_to_the_declared_schedules"
NUMBERS: Final = f"{CHECKS}test_the_contact_numbers_are_right"
ROTA: Final = (TONIGHT, WEEK, TWO, IN_TIME, REACHED, ROUTED, NUMBERS)
"""What is judged by who is on call."""
POLICY: Final = f"{CHECKS}test_services_use_the_declared_policies"
SHOWN: Final = f"{CHECKS}test_no_service_is_hidden"
URGENT: Final = f"{CHECKS}test_incidents_are_urgent"
AGAIN: Final = f"{CHECKS}test_what_is_acknowledged_calls_again"
SERVICES: Final = (POLICY, SHOWN, URGENT, AGAIN)
"""What is judged by the services."""
ON_CALL: Final = (*ROTA, *SERVICES)
EVERYTHING: Final = (*ON_CALL, *INCIDENTS)
"""All that asks PagerDuty."""


def failing(*checks: str) -> Mapping[str, Verdict]:
    """Return that these checks fail."""
    return dict.fromkeys(checks, Verdict.FAIL)


def unknown(*checks: str) -> Mapping[str, Verdict]:
    """Return that these checks cannot tell."""
    return dict.fromkeys(checks, Verdict.UNKNOWN)


def order(world: World, path: str, body: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
    """Give the stand-in an order and return its answer.

    Raises:
        SandboxError: It refuses, or does not answer.
    """
    answer: dict[str, Any] = require(world.port(f"{pagerduty.NAME}.control"), path, deadline, dict(body))
    return answer


class PeopleFault(Fault):
    """Something about people: at most one such fault at a time."""

    component = pagerduty.NAME
    reach = REACH


class Edited(PeopleFault):
    """PagerDuty knows something else than before. What it knew is what heals it."""

    collection: ClassVar[str]
    wanted: ClassVar[Mapping[str, Any]]
    values: ClassVar[Mapping[str, Any]]

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Change it."""
        body = {"collection": self.collection, "wanted": self.wanted, "values": self.values}
        return order(world, "/edit", body, deadline)

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Put the records back as they were."""
        order(world, "/put", {"collection": self.collection, "records": memo["records"]}, deadline)


class Removed(PeopleFault):
    """Records that are not there."""

    collection: ClassVar[str]
    wanted: ClassVar[Mapping[str, Any]]

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Take them away."""
        return order(world, "/remove", {"collection": self.collection, "wanted": self.wanted}, deadline)

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Put them back."""
        order(world, "/put", {"collection": self.collection, "records": memo["records"]}, deadline)


class Added(PeopleFault):
    """A record more than there should be."""

    collection: ClassVar[str]
    id_of_record: ClassVar[str]

    @abstractmethod
    def record(self) -> dict[str, Any]:
        """Return it."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Put it there."""
        made = {**self.record(), "id": self.id_of_record}
        return order(world, "/put", {"collection": self.collection, "records": [made]}, deadline)

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — its id is known
        """Take it away; where it was taken away before, it is put there first, so that healing twice is harmless."""
        order(
            world,
            "/put",
            {"collection": self.collection, "records": [{**self.record(), "id": self.id_of_record}]},
            deadline,
        )
        order(world, "/remove", {"collection": self.collection, "wanted": {"id": self.id_of_record}}, deadline)


class Switched(PeopleFault):
    """PagerDuty answers in another way."""

    expected: ClassVar[Mapping[str, Verdict]] = unknown(*EVERYTHING)
    switches: ClassVar[Mapping[str, Any]]

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Switch it."""
        order(world, "/switches", self.switches, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Switch it back."""
        order(world, "/switches", {name: type(value)() for name, value in self.switches.items()}, deadline)
