"""A rota with holes, and people who are called and do not hear it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.pagerduty_tools import (
    IN_TIME,
    NUMBERS,
    POLICY,
    REACHED,
    ROTA,
    ROUTED,
    TONIGHT,
    TWO,
    WEEK,
    Edited,
    PeopleFault,
    Removed,
    failing,
    order,
    unknown,
)
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_BEGIN = "2026-01-05T09:00:00"
_DAY = 86_400


def _layer(*users: str, **values: object) -> dict[str, Any]:
    return {"start": _BEGIN, "end": None, "users": list(users), "turn": _DAY, "restrictions": [], **values}


class NightGap(Edited):
    """Somebody is on call now, and nobody from two to three tonight."""

    id = "pagerduty-night-gap"
    title = "Nobody is on call from 02:00 to 03:00."
    references = ("D1.1",)
    expected: ClassVar[Mapping[str, Verdict]] = failing(TONIGHT, WEEK)
    collection = "schedules"
    wanted: ClassVar[Mapping[str, Any]] = {"id": "PSCHEDULE1"}
    values: ClassVar[Mapping[str, Any]] = {
        "layers": [
            _layer(
                "PUSER01",
                "PUSER02",
                restrictions=[
                    {"type": "daily_restriction", "start_time_of_day": "03:00:00", "duration_seconds": _DAY - 3600}
                ],
            )
        ]
    }


class RotaEnds(PeopleFault):
    """A rotation that somebody let run out: tonight is covered, and the week is not."""

    id = "pagerduty-rota-ends"
    title = "The second level's rotation ends in three days."
    expected: ClassVar[Mapping[str, Verdict]] = failing(WEEK)

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let it end."""
        end = (datetime.now(UTC) + timedelta(days=3)).isoformat()
        values = {"layers": [_layer("PUSER03", "PUSER04", turn=7 * _DAY, end=end)]}
        body = {"collection": "schedules", "wanted": {"id": "PSCHEDULE2"}, "values": values}
        return order(world, "/edit", body, deadline)

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Let it go on."""
        order(world, "/put", {"collection": "schedules", "records": memo["records"]}, deadline)


class RotaEmpty(Edited):
    """200, and an empty list: nobody at all."""

    id = "pagerduty-rota-empty"
    title = "Neither schedule has anybody in it any more."
    # Of nobody it cannot be said whether they can be reached.
    expected: ClassVar[Mapping[str, Verdict]] = {**failing(TONIGHT, WEEK), **unknown(REACHED)}
    collection = "schedules"
    wanted: ClassVar[Mapping[str, Any]] = {"time_zone": "Australia/Sydney"}
    values: ClassVar[Mapping[str, Any]] = {"layers": []}


class OneForBoth(Edited):
    """Two levels, one person."""

    id = "pagerduty-one-person"
    title = "One person is on call at both levels."
    expected: ClassVar[Mapping[str, Verdict]] = failing(TWO)
    collection = "schedules"
    wanted: ClassVar[Mapping[str, Any]] = {"id": "PSCHEDULE2"}
    values: ClassVar[Mapping[str, Any]] = {"layers": [_layer("PUSER01", "PUSER02")]}


class OtherSchedule(Edited):
    """Somebody is called, and not who is meant to be."""

    id = "pagerduty-other-schedule"
    title = "The first level points to the office's schedule."
    references = ("D1.7",)
    expected: ClassVar[Mapping[str, Verdict]] = failing(ROUTED)
    collection = "escalation_policies"
    wanted: ClassVar[Mapping[str, Any]] = {"id": "PPLATFORM"}
    values: ClassVar[Mapping[str, Any]] = {
        "rules": [
            {"id": "PPLATFORMR1", "delay": 15, "targets": [{"type": "schedule", "id": "PSCHEDULE3"}]},
            {"id": "PPLATFORMR2", "delay": 15, "targets": [{"type": "schedule", "id": "PSCHEDULE2"}]},
        ]
    }


class OneLevel(Edited):
    """A policy that gives up after the first who does not answer."""

    id = "pagerduty-one-level"
    title = "The escalation policy has no second level."
    expected: ClassVar[Mapping[str, Verdict]] = failing(ROUTED, TONIGHT, WEEK)
    collection = "escalation_policies"
    wanted: ClassVar[Mapping[str, Any]] = {"id": "PPLATFORM"}
    values: ClassVar[Mapping[str, Any]] = {
        "rules": [{"id": "PPLATFORMR1", "delay": 15, "targets": [{"type": "schedule", "id": "PSCHEDULE1"}]}]
    }


class PassedOnLate(Edited):
    """The second level hears of it in the morning."""

    id = "pagerduty-passed-on-late"
    title = "The first level keeps an incident for ten hours before the second is called."
    expected: ClassVar[Mapping[str, Verdict]] = failing(IN_TIME)
    collection = "escalation_policies"
    wanted: ClassVar[Mapping[str, Any]] = {"id": "PPLATFORM"}
    values: ClassVar[Mapping[str, Any]] = {
        "rules": [
            {"id": "PPLATFORMR1", "delay": 600, "targets": [{"type": "schedule", "id": "PSCHEDULE1"}]},
            {"id": "PPLATFORMR2", "delay": 15, "targets": [{"type": "schedule", "id": "PSCHEDULE2"}]},
        ]
    }


class PolicyMissing(PeopleFault):
    """The declared policy is gone: of it PagerDuty would say that nobody is on call, and it says 404."""

    id = "pagerduty-policy-missing"
    title = "The escalation policy was deleted, and the services were given the default one."
    expected: ClassVar[Mapping[str, Verdict]] = {**unknown(*ROTA), **failing(POLICY)}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Delete it."""
        edit = {"collection": "services", "wanted": {"policy": "PPLATFORM"}, "values": {"policy": "PDEFAULT"}}
        services = order(world, "/edit", edit, deadline)["records"]
        gone = order(world, "/remove", {"collection": "escalation_policies", "wanted": {"id": "PPLATFORM"}}, deadline)
        return {"services": services, "escalation_policies": gone["records"]}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Make it again, and give it back."""
        for collection, records in memo.items():
            order(world, "/put", {"collection": collection, "records": records}, deadline)


class NoRule(Removed):
    """A telephone, and nothing that says to call it."""

    id = "pagerduty-no-rule"
    title = "Somebody on call has a telephone, and no rule for what is urgent."
    references = ("D1.5",)
    expected: ClassVar[Mapping[str, Verdict]] = failing(REACHED)
    collection = "notification_rules"
    wanted: ClassVar[Mapping[str, Any]] = {"user": "PUSER01", "urgency": "high"}


class RuleDelayed(Edited):
    """Told, and late."""

    id = "pagerduty-rule-delayed"
    title = "Somebody on call is called a quarter of an hour after what is urgent."
    expected: ClassVar[Mapping[str, Verdict]] = failing(REACHED)
    collection = "notification_rules"
    wanted: ClassVar[Mapping[str, Any]] = {"user": "PUSER02", "urgency": "high"}
    values: ClassVar[Mapping[str, Any]] = {"delay": 15}


class NoPhone(Removed):
    """Rules that point to a number that is no more."""

    id = "pagerduty-no-phone"
    title = "Somebody on call has removed the telephone."
    expected: ClassVar[Mapping[str, Verdict]] = failing(REACHED)
    collection = "contact_methods"
    wanted: ClassVar[Mapping[str, Any]] = {"user": "PUSER02", "type": "phone_contact_method"}


class PhoneBlocked(Edited):
    """A number that PagerDuty no longer calls."""

    id = "pagerduty-phone-blocked"
    title = "PagerDuty has blocked the telephone of somebody on call."
    expected: ClassVar[Mapping[str, Verdict]] = failing(REACHED)
    collection = "contact_methods"
    wanted: ClassVar[Mapping[str, Any]] = {"user": "PUSER02", "type": "phone_contact_method"}
    values: ClassVar[Mapping[str, Any]] = {"blacklisted": True}


class NeverCame(Edited):
    """On call, and has never logged in."""

    id = "pagerduty-never-came"
    title = "Somebody in the rotation has never accepted the invitation."
    expected: ClassVar[Mapping[str, Verdict]] = failing(TONIGHT, WEEK, REACHED)
    collection = "users"
    wanted: ClassVar[Mapping[str, Any]] = {"id": "PUSER02"}
    values: ClassVar[Mapping[str, Any]] = {"invitation_sent": True}


class Deactivated(Removed):
    """Has left the company, and stayed in the rotation."""

    id = "pagerduty-user-deactivated"
    title = "Somebody in the rotation is no user of the account any more."
    expected: ClassVar[Mapping[str, Verdict]] = failing(TONIGHT, WEEK, REACHED)
    collection = "users"
    wanted: ClassVar[Mapping[str, Any]] = {"id": "PUSER02"}


class WrongNumber(Edited):
    """A new telephone, of which the runbook does not know."""

    id = "pagerduty-wrong-number"
    title = "The platform lead has another number than the runbook's list says."
    expected: ClassVar[Mapping[str, Verdict]] = failing(NUMBERS)
    collection = "contact_methods"
    wanted: ClassVar[Mapping[str, Any]] = {"user": "PUSER03", "address": "491570157"}
    values: ClassVar[Mapping[str, Any]] = {"address": "491570110"}


FAULTS: tuple[type[Fault], ...] = (
    NightGap,
    RotaEnds,
    RotaEmpty,
    OneForBoth,
    OtherSchedule,
    OneLevel,
    PassedOnLate,
    PolicyMissing,
    NoRule,
    RuleDelayed,
    NoPhone,
    PhoneBlocked,
    NeverCame,
    Deactivated,
    WrongNumber,
)
