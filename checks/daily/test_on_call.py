"""Daily Checks, step 1: if something breaks tonight, somebody is called who hears it."""

import pytest

from apgms_ops.environment.model import Environment
from apgms_ops.probes.on_call_facts import Rota
from apgms_ops.probes.paged_services import PagedServices, declared_oncall

pytestmark = [pytest.mark.runbook("daily-checks", 1), pytest.mark.control("security-monitoring")]


def test_somebody_is_on_call_tonight(on_call: Rota, environment: Environment) -> None:
    """For the next 24 hours an active person is on call at every level of every policy, without a gap."""
    assert not on_call.gaps(environment, declared_oncall(environment).near)


def test_somebody_is_on_call_this_week(on_call: Rota, environment: Environment) -> None:
    """For the next 7 days an active person is on call at every level of every policy, without a gap."""
    assert not on_call.gaps(environment, declared_oncall(environment).far)


def test_the_second_level_is_somebody_else(on_call: Rota, environment: Environment) -> None:
    """At no time is one person alone on call at two levels."""
    assert not on_call.alone(environment)


def test_the_second_level_is_called_in_time(on_call: Rota, environment: Environment) -> None:
    """A level that does not answer passes an incident on to the next within the declared time."""
    assert not on_call.slow(environment)


def test_who_is_on_call_can_be_reached(on_call: Rota, environment: Environment) -> None:
    """Whoever is on call is active, has a telephone, and is told of what is urgent at once, by a way that wakes."""
    assert not on_call.out_of_reach(environment)


def test_policies_point_to_the_declared_schedules(on_call: Rota, environment: Environment) -> None:
    """Each level of each escalation policy points to the schedule that is declared for it, and to nothing else."""
    assert not on_call.rerouted(environment)


def test_the_contact_numbers_are_right(on_call: Rota, environment: Environment) -> None:
    """Each number of the runbook's list is a telephone of that person on PagerDuty."""
    assert not on_call.misnumbered(environment)


def test_services_use_the_declared_policies(paged_services: PagedServices, environment: Environment) -> None:
    """Each service uses the escalation policy that is declared for it."""
    assert not paged_services.astray(environment)


def test_no_service_is_hidden(paged_services: PagedServices, environment: Environment) -> None:
    """No service is disabled or in maintenance, now or in a window of the next 7 days."""
    assert not paged_services.silent(environment)


def test_incidents_are_urgent(paged_services: PagedServices, environment: Environment) -> None:
    """What breaks in any service is of high urgency, at every hour."""
    assert not paged_services.not_urgent(environment)


def test_what_is_acknowledged_calls_again(paged_services: PagedServices, environment: Environment) -> None:
    """An incident that was acknowledged, and goes on, calls again within 5 minutes."""
    assert not paged_services.resting(environment)
