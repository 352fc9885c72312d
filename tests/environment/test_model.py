"""The model of an estate."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from apgms_ops.environment.loading import load
from apgms_ops.environment.model import (
    Accepted,
    BurnRate,
    Comparison,
    Environment,
    Kafka,
    Limits,
    Maintenance,
    Prometheus,
)
from apgms_ops.environment.types import Count, Limit
from apgms_ops.errors import EnvironmentInvalid

AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
SHIPPED = Path(__file__).parents[2] / "environments"


@pytest.mark.parametrize("value", ["200", 200.5, 200.0, True, None, 0, -1])
def test_a_limit_is_not_converted_in_silence(value: object) -> None:
    """A lag limit is a whole number above zero: text, fractions and truth values are refused."""
    with pytest.raises(ValidationError):
        Limit[Count].model_validate({"value": value, "source": "x"})


def test_the_model_is_frozen() -> None:
    """What was loaded cannot be changed."""
    with pytest.raises(ValidationError):
        Limits().consumer_lag = Limit[Count](value=1, source="x")  # type: ignore[misc]


def test_an_acceptance_ends_at_its_expiry() -> None:
    """An ignored group is accepted until its expiry, and not from then on."""
    accepted = Accepted(name="x", reason="y", expires=AT)
    assert accepted.in_force(AT - timedelta(microseconds=1))
    assert not accepted.in_force(AT)
    with pytest.raises(ValueError, match="zone"):
        accepted.in_force(AT.replace(tzinfo=None))


def test_only_acceptances_in_force_ignore_a_group() -> None:
    """Of the declared acceptances, those that have expired ignore nothing."""
    kafka = load(SHIPPED / "production.toml").kafka
    assert isinstance(kafka, Kafka)
    old, new = (Accepted(name=n, reason="r", expires=AT + timedelta(days=d)) for n, d in (("old", -1), ("new", 1)))
    assert set(kafka.model_copy(update={"ignored_groups": (old, new)}).ignored(AT)) == {"new"}


def test_a_maintenance_window_ends_before_its_end() -> None:
    """A window covers its first moment and not its last."""
    window = Maintenance.model_validate({"service": "x", "from": AT, "to": AT + timedelta(hours=1), "reason": "r"})
    assert [window.covers(AT + timedelta(hours=h)) for h in (-1, 0, 1)] == [False, True, False]


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_burn_rate_is_a_positive_finite_number(rate: float) -> None:
    """A rate that is zero, endless or no number is refused."""
    with pytest.raises(ValidationError):
        BurnRate(rate=rate, long=timedelta(hours=1), short=timedelta(minutes=5))


def environment(**sections: object) -> Environment:
    """Return staging's services with only these sections."""
    services = load(SHIPPED / "staging.toml").services
    return Environment.model_validate({"name": "x", "services": services, **sections})


def test_a_section_is_declared_absent_or_missing() -> None:
    """A declared section is there, an absent one says why, and a missing one is a configuration error."""
    estate = environment(prometheus=Prometheus(url="http://p:1"), kafka={"absent": "no brokers here"})
    assert estate.absence("prometheus") is None
    assert estate.absence("kafka") == "no brokers here"
    for section in ("kubernetes", "name", "nonsense"):
        with pytest.raises(EnvironmentInvalid, match=section):
            estate.absence(section)


def test_systems_that_are_not_pinned_are_named() -> None:
    """A declared system without an identity is not pinned; an absent one needs none."""
    assert environment(prometheus=Prometheus(url="http://p:1"), kafka={"absent": "x"}).unpinned == ("prometheus",)
    assert load(SHIPPED / "sandbox.toml").unpinned == ()


@pytest.mark.parametrize("name", ["production", "staging", "sandbox"])
def test_every_shipped_environment_says_what_a_release_is_held_to(name: str) -> None:
    """Each of its numbers has a source of its own, and the migrations that a release needs are named."""
    rules = load(SHIPPED / f"{name}.toml").deployment
    assert rules.migrations
    for limit in (
        rules.soak,
        rules.settling_time,
        *(getattr(rules.comparison, key) for key in Comparison.model_fields),
    ):
        assert limit.source


@pytest.mark.parametrize("confidence", ["0%", "100%", "101%"])
def test_a_confidence_leaves_room_for_chance(confidence: str) -> None:
    """Nothing is ever known to be no chance at all, and a coin that counts always says nothing."""
    with pytest.raises(ValidationError):
        Comparison.model_validate({"confidence": {"value": confidence, "source": "x"}})
