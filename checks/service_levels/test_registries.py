"""Service Overview, step 4: the register is asked, answers in time, and what it answers is right."""

import pytest

from apgms_ops.environment.model import Limits
from apgms_ops.probes.registry_answers import RegistryAnswers, TimedLookups
from apgms_ops.probes.registry_lookups import UncachedLookups

pytestmark = [
    pytest.mark.runbook("service-overview", 4),
    pytest.mark.control("entity-validation"),
    pytest.mark.services(with_objective="lookup-latency"),
]


def test_look_ups_are_answered_in_time(uncached_lookups: UncachedLookups, limits: Limits, service: str) -> None:
    """The promised share of the uncached look-ups is answered within the limit; one that fails is too slow."""
    assert not uncached_lookups.of(service).slower(limits.window_coverage)


def test_every_look_up_is_timed(timed_lookups: TimedLookups, service: str) -> None:
    """Every look-up is timed, also those that fail: what is left out of the figure cannot make it worse."""
    assert not timed_lookups.untimed(service)


def test_known_numbers_are_answered_right(registry_answers: RegistryAnswers, service: str) -> None:
    """Every replica, past its cache, says of known business numbers what is known of them."""
    assert not registry_answers.wrong(service)
