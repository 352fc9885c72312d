"""Runbook, Daily Checks, step 1: who is called, now and in the days to come, and whether the call gets through."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.pagerduty.facts import User
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Contact, Environment
from apgms_ops.errors import Unobserved
from apgms_ops.probes.on_call_facts import Listed, Person, Rota, Rule, Way
from apgms_ops.probes.paged_services import declared_oncall
from apgms_ops.probes.probe import probe
from apgms_ops.secret import Secret

if TYPE_CHECKING:
    from apgms_ops.clients.pagerduty import PagerdutyClient
    from apgms_ops.estate import Estate

_MOST: Final = 50
"""People that are looked at: a rotation of more is none."""


@probe(deadline=60.0)
def on_call(pagerduty: "PagerdutyClient", estate: "Estate", environment: Environment, deadline: Deadline) -> Rota:
    """Who is on call at each level of the declared policies, and how they are reached; and the numbers of the list."""
    declared = declared_oncall(environment)
    at = datetime.now(UTC).replace(microsecond=0)
    until = at + declared.far.value
    # Of a policy that is not there PagerDuty would say that nobody is on call: each is read first.
    policies = tuple(pagerduty.escalation_policy(path.id, deadline) for path in declared.policies.values())
    shifts = pagerduty.on_calls([policy.id for policy in policies], at, until, deadline)
    wanted = sorted({shift.user for shift in shifts} | {contact.user for contact in declared.contacts})
    if len(wanted) > _MOST:
        msg = f"{len(wanted)} people are on call within the time looked at; {_MOST} are looked at at most"
        raise Unobserved(msg)
    users = {id_: pagerduty.user(id_, deadline) for id_ in wanted}
    return Rota(
        at=at,
        until=until,
        policies=policies,
        shifts=shifts,
        people=tuple(_person(id_, user) for id_, user in users.items()),
        contacts=tuple(
            compared(contact, estate.contact_number(contact), users[contact.user]) for contact in declared.contacts
        ),
    )


def _person(id_: str, user: User | None) -> Person:
    if user is None:
        return Person(id_, there=False, role="", invited=False, ways=(), rules=())
    ways = tuple(Way(way.id, way.kind, _ending(way.number), way.blocked) for way in user.methods)
    rules = tuple(Rule(rule.urgency, rule.delay, rule.method) for rule in user.rules)
    return Person(user.id, there=True, role=user.role, invited=user.invited, ways=ways, rules=rules)


def _ending(number: Secret | None) -> str:
    return "" if number is None else number.reveal()[-2:]


def compared(contact: Contact, number: Secret, user: User | None) -> Listed:
    """Return whether a number of the list is one of the person's, without the number.

    Raises:
        Unobserved: What the list holds is no telephone number.
    """
    written = re.sub(r"[ ().\-]", "", number.reveal())
    if not re.fullmatch(r"\+[1-9][0-9]{5,14}", written, re.ASCII):
        msg = f"the number of the {contact.role} ({contact.number}) is not of the form +61400000000"
        raise Unobserved(msg)
    return Listed(contact.role, contact.user, written[-2:], same=Secret(written) in _numbers(user))


def _numbers(user: User | None) -> Sequence[Secret]:
    return [] if user is None else [way.number for way in user.methods if way.number is not None]
