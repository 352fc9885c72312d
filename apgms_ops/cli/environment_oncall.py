"""What `apgms-ops env show` says of those who are called, and of incidents."""

from collections.abc import Iterator

from apgms_ops.environment.model import Oncall
from apgms_ops.environment.types import format_duration


def described(oncall: Oncall) -> Iterator[str]:
    """Yield the lines of the section."""
    yield f"  account at {oncall.url}, token {oncall.token}"
    for name, service in oncall.services.items():
        yield f"    {name}: service {service.id}, policy {service.policy} ({oncall.policies[service.policy].id})"
    yield from (f"    {contact.role}: user {contact.user}, number {contact.number}" for contact in oncall.contacts)
    rules = oncall.incidents
    yield f"    incidents are written down in {rules.folder}"
    limits = (
        ("near: without a gap for", oncall.near),
        ("far: and for", oncall.far),
        ("escalation: the next level is called within", oncall.escalation),
        ("acknowledgement: calls again within", oncall.acknowledgement),
        ("looked_back: an incident has its file for", rules.looked_back),
        ("reviewed: its review is held within", rules.reviewed),
    )
    for what, limit in limits:
        yield f"    {f'{what} {format_duration(limit.value)}':<58} {limit.source}"
