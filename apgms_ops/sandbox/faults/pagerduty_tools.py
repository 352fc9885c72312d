"""The names of the checks that ask PagerDuty, and how a fault changes what PagerDuty knows."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import pagerduty
from apgms_ops.sandbox.faults import standins
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
    return standins.order(world, pagerduty.NAME, path, body, deadline)


class PeopleFault(standins.StandInFault):
    """Something about people: at most one such fault at a time."""

    component = pagerduty.NAME
    reach = REACH


class Edited(PeopleFault, standins.Edited):
    """PagerDuty knows something else than before."""


class Removed(PeopleFault, standins.Removed):
    """Records that are not there."""


class Added(PeopleFault, standins.Added):
    """A record more than there should be."""


class Switched(PeopleFault, standins.Switched):
    """PagerDuty answers in another way."""

    expected: ClassVar[Mapping[str, Verdict]] = unknown(*EVERYTHING)
