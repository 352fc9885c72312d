"""Who is on call: each finding by itself, and both days on which the clocks change in Sydney."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apgms_ops.clients.pagerduty.facts import (
    ContactKind,
    ContactMethod,
    EscalationPolicy,
    Level,
    MaintenanceWindow,
    OnCall,
    Service,
    ServiceStatus,
    Target,
    TargetKind,
    Urgency,
    User,
)
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Environment, Oncall
from apgms_ops.errors import Unobserved
from apgms_ops.probes.on_call import compared
from apgms_ops.probes.on_call_facts import Listed, Person, Rota, Rule, Way
from apgms_ops.probes.paged_services import Paged, PagedServices, declared_oncall
from apgms_ops.secret import Secret

AT = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
SYDNEY = ZoneInfo("Australia/Sydney")
LEVELS = tuple(Level(900, (Target(TargetKind.SCHEDULE, id_),)) for id_ in ("PSCHPRIM1", "PSCHSECO1"))
POLICY = EscalationPolicy("PPLATFORM", "Platform", LEVELS, ("PAPIGATE1",))
ALWAYS = [OnCall("PPLATFORM", level, f"PU{level}", f"PSCH{level}", None, None) for level in (1, 2)]
WAY = Way("PC1", ContactKind.PHONE, "17", blocked=False)
MAIL = Way("PC2", ContactKind.EMAIL, "", blocked=False)
RULE = Rule(Urgency.HIGH, 0, "PC1")


def person(id_: str, **values: Any) -> Person:  # noqa: ANN401 — its fields
    """Return somebody who can be reached."""
    return replace(Person(id_, there=True, role="user", invited=False, ways=(WAY,), rules=(RULE,)), **values)


def rota(*shifts: OnCall, **values: Any) -> Rota:  # noqa: ANN401 — its fields
    """Return these shifts; without any, two people who always are on call."""
    contacts = (
        Listed("platform engineer, primary rotation", "PPRIMARY1", "17", same=True),
        Listed("platform lead, secondary rotation", "PSECOND01", "18", same=True),
    )
    made = Rota(AT, AT + WEEK, (POLICY,), shifts or tuple(ALWAYS), (person("PU1"), person("PU2")), contacts)
    return replace(made, **values)


def shift(level: int, user: str, start: datetime | None, end: datetime | None) -> OnCall:
    """Return a shift."""
    return OnCall("PPLATFORM", level, user, f"PSCH{level}", start, end)


@pytest.fixture(scope="module")
def environment() -> Environment:
    """Production, as it is declared."""
    return load(Path(__file__).parents[2] / "environments" / "production.toml")


@pytest.fixture(scope="module")
def oncall(environment: Environment) -> Oncall:
    """Its section."""
    return declared_oncall(environment)


def test_a_good_rota_is_good(environment: Environment, oncall: Oncall) -> None:
    """Nothing is found."""
    good = rota()
    found = [good.gaps(environment, oncall.near), good.gaps(environment, oncall.far), good.alone(environment)]
    found += [good.out_of_reach(environment), good.rerouted(environment), good.misnumbered(environment)]
    assert not any(found)


def test_an_hour_without_anybody_is_told_in_local_time(environment: Environment, oncall: Oncall) -> None:
    """From two to three tonight, in Sydney; overlapping shifts around it make no difference."""
    start = datetime(2026, 11, 28, 2, 0, tzinfo=SYDNEY).astimezone(UTC)
    shifts = [shift(1, "PU1", None, start), shift(1, "PU2", AT, start - timedelta(minutes=1))]
    shifts += [shift(1, "PU1", start + timedelta(hours=1), None), ALWAYS[1]]
    (found,) = rota(*shifts).gaps(environment, oncall.near)
    assert found.startswith(
        "nobody is on call at level 1 of platform from Sat 2026-11-28 02:00 AEDT to Sat 2026-11-28 03:00 AEDT"
    )


@pytest.mark.parametrize("day", [datetime(2026, 10, 4, tzinfo=SYDNEY), datetime(2027, 4, 4, tzinfo=SYDNEY)])
def test_the_clocks_change_without_a_gap_and_with_one(environment: Environment, oncall: Oncall, day: datetime) -> None:
    """Shifts that hand over at nine by the clock leave no gap; one of 24 hours where a day has 25 leaves an hour."""
    at = (day - timedelta(days=2)).astimezone(UTC)
    hands = [datetime(day.year, day.month, day.day, 9, tzinfo=SYDNEY) + timedelta(days=n) for n in range(-4, 8)]
    by_the_clock = [
        shift(level, f"PU{level}", a.astimezone(UTC), b.astimezone(UTC)) for level in (1, 2) for a, b in pairwise(hands)
    ]
    made = rota(*by_the_clock, at=at, until=at + WEEK)
    assert not made.gaps(environment, oncall.far)
    in_hours = [replace(one, end=(one.start or at) + timedelta(hours=24)) for one in by_the_clock]
    found = rota(*in_hours, at=at, until=at + WEEK).gaps(environment, oncall.far)
    # In autumn the day has 25 hours.
    assert len(found) == (2 if day.month == 4 else 0)
    first_gap = [replace(one, start=(one.end or at) - timedelta(hours=24)) for one in by_the_clock]
    assert len(rota(*first_gap, at=at, until=at + WEEK).gaps(environment, oncall.far)) == len(found)


def test_the_second_level_does_not_stand_for_the_first(environment: Environment, oncall: Oncall) -> None:
    """Level 1 without anybody is a gap, however well level 2 is covered; and so is a rota of nobody."""
    assert len(rota(ALWAYS[1]).gaps(environment, oncall.near)) == 1
    assert len(rota(shifts=()).gaps(environment, oncall.near)) == 2


@pytest.mark.parametrize("values", [{"there": False}, {"invited": True}, {"role": "read_only_user"}])
def test_who_is_not_active_is_nobody(environment: Environment, oncall: Oncall, values: dict[str, Any]) -> None:
    """A shift of somebody who has left, never came or may only look on covers nothing."""
    made = rota(people=(person("PU1", **values), person("PU2")))
    assert len(made.gaps(environment, oncall.near)) == 1
    assert len(made.out_of_reach(environment)) == 1


def test_further_than_was_looked_is_not_known(environment: Environment, oncall: Oncall) -> None:
    """A week is not judged by a day."""
    with pytest.raises(Unobserved, match="7d ahead"):
        rota(until=AT + timedelta(days=1)).gaps(environment, oncall.far)


def test_one_person_at_both_levels_is_found(environment: Environment) -> None:
    """From the day on which it is so, and not where somebody else is there as well."""
    later = AT + timedelta(days=2)
    swapped = [shift(1, "PU1", None, None), shift(2, "PU2", None, later), shift(2, "PU1", later, None)]
    (found,) = rota(*swapped).alone(environment)
    assert "PU1 alone is on call at both levels 1 and 2" in found
    assert "2026-11-29" in found
    assert not rota(*swapped, shift(2, "PU2", later, None)).alone(environment)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"ways": ()}, "no telephone"),
        ({"ways": (replace(WAY, kind=ContactKind.EMAIL),)}, "no telephone"),
        ({"ways": (replace(WAY, blocked=True),)}, "not blocked"),
        ({"rules": ()}, "no such rule"),
        ({"rules": (replace(RULE, urgency=Urgency.LOW),)}, "no such rule"),
        ({"rules": (replace(RULE, delay=300),)}, "no such rule"),
        ({"rules": (replace(RULE, way="PC9"),)}, "no such rule"),
        (
            {"rules": (replace(RULE, way="PC2"),), "ways": (WAY, Way("PC2", ContactKind.EMAIL, "", blocked=False))},
            "rule",
        ),
    ],
)
def test_who_would_not_hear_is_found(environment: Environment, values: dict[str, Any], said: str) -> None:
    """On call, and out of reach."""
    found = rota(people=(person("PU1", **values), person("PU2"))).out_of_reach(environment)
    assert any(said in one for one in found)


def test_nobody_to_reach_is_not_everybody_reached(environment: Environment) -> None:
    """Without anybody on call, or with somebody who was not read, it is not known."""
    with pytest.raises(Unobserved, match="nobody is on call"):
        rota(shifts=()).out_of_reach(environment)
    with pytest.raises(Unobserved, match="was not read"):
        rota(people=(person("PU1"),)).out_of_reach(environment)


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ((Target(TargetKind.SCHEDULE, "POTHER"),), "points to schedule POTHER, not"),
        ((Target(TargetKind.USER, "PSCHPRIM1"),), "points to user PSCHPRIM1, not"),
        ((*LEVELS[0].targets, Target(TargetKind.USER, "PU9")), "as well as"),
        ((), "no level 1"),
    ],
)
def test_another_target_is_found(environment: Environment, targets: tuple[Target, ...], said: str) -> None:
    """Each level points to its schedule and to nothing else."""
    policy = replace(POLICY, levels=(Level(900, targets), LEVELS[1]))
    (found,) = rota(policies=(policy,)).rerouted(environment)
    assert said in found
    assert rota(policies=(replace(POLICY, levels=LEVELS[:1]),)).rerouted(environment) == ("platform has no level 2",)
    with pytest.raises(Unobserved):
        rota(policies=()).rerouted(environment)


def test_numbers_are_compared_and_not_shown(environment: Environment, oncall: Oncall) -> None:
    """Written in whichever way, the same; and of another only the ends are told."""
    contact = oncall.contacts[0]
    method = ContactMethod("PC1", ContactKind.PHONE, Secret("+61400000017"), blocked=False)
    user = User(contact.user, "user", invited=False, methods=(method,), rules=())
    assert compared(contact, Secret("+61 400 000 017"), user) == Listed(contact.role, contact.user, "17", same=True)
    other = compared(contact, Secret("+61400000018"), user)
    assert (other.same, compared(contact, Secret("+61400000017"), None).same) == (False, False)
    people = (person("PU1"), person("PU2"), person(contact.user))
    (found,) = rota(contacts=(other, rota().contacts[1]), people=people).misnumbered(environment)
    assert "ends with 18" in found
    assert "end with 17" in found
    assert "000017" not in found
    with pytest.raises(Unobserved) as caught:
        compared(contact, Secret("0400000017"), user)
    assert "000017" not in str(caught.value)
    with pytest.raises(Unobserved, match="not compared"):
        rota(contacts=()).misnumbered(environment)


SERVICE = Service("PAPIGATE1", "x", ServiceStatus.ACTIVE, "PPLATFORM", (Urgency.HIGH,), 300)


def paged(environment: Environment, *windows: MaintenanceWindow, **values: Any) -> PagedServices:  # noqa: ANN401
    """Return the declared services, the first with these values."""
    declared = declared_oncall(environment).services.items()
    services = [Paged(name, replace(SERVICE, id=service.id)) for name, service in declared]
    services[0] = Paged(services[0].name, replace(services[0].service, **values))
    return PagedServices(AT, tuple(services), windows)


def test_good_services_are_good(environment: Environment) -> None:
    """Nothing is found; an open incident hides nothing."""
    good = paged(environment, status=ServiceStatus.CRITICAL)
    found = [good.silent(environment), good.not_urgent(environment), good.resting(environment)]
    assert not any([*found, good.astray(environment)])


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [(-1, 1, 1), (24, 25, 1), (-2, -1, 0), (24 * 8, 24 * 9, 0)],
)
def test_windows_that_hide_are_found(environment: Environment, start: int, end: int, found: int) -> None:
    """One that is open, or begins within the week; one that is over or far away hides nothing yet."""
    times = [AT + timedelta(hours=hours) for hours in (start, end)]
    window = MaintenanceWindow("PW1", times[0], times[1], ("PAPIGATE1",))
    assert len(paged(environment, window).silent(environment)) == found


def test_each_service_is_judged(environment: Environment) -> None:
    """Status, urgency, acknowledgement and policy; what is not known is not good."""
    assert paged(environment, status=ServiceStatus.DISABLED).silent(environment)
    assert paged(environment, status=ServiceStatus.MAINTENANCE).silent(environment)
    with pytest.raises(Unobserved):
        paged(environment, status=ServiceStatus.UNKNOWN).silent(environment)
    for urgencies in [(Urgency.LOW,), (Urgency.HIGH, Urgency.LOW), (Urgency.SEVERITY_BASED,), (Urgency.UNKNOWN,), ()]:
        assert len(paged(environment, urgencies=urgencies).not_urgent(environment)) == 1
    for timeout in (None, 301.0, 0.0):
        assert len(paged(environment, acknowledgement_timeout=timeout).resting(environment)) == 1
    assert len(paged(environment, policy="POTHER").astray(environment)) == 1
    with pytest.raises(Unobserved, match="was not read"):
        replace(paged(environment), services=()).not_urgent(environment)


@pytest.mark.parametrize(("delays", "said"), [((1800, 36_000), 0), ((1801, 900), 1), ((-60, 900), 1)])
def test_the_next_level_is_called_in_time(environment: Environment, delays: tuple[float, ...], said: int) -> None:
    """Every level but the last passes on what it does not answer; how long the last waits is nobody's loss."""
    levels = tuple(replace(level, delay=delay) for level, delay in zip(LEVELS, delays, strict=True))
    assert len(rota(policies=(replace(POLICY, levels=levels),)).slow(environment)) == said
