"""How PagerDuty is asked whose account it is, and whether the token may read what the checks read."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from apgms_ops.doctor.findings import Permission, Told
from apgms_ops.environment.model import EscalationPath, Oncall
from apgms_ops.errors import AccessDenied

if TYPE_CHECKING:
    from apgms_ops.deadline import Deadline
    from apgms_ops.estate import Estate
    from apgms_ops.observation import Recorder


def ask(estate: "Estate", recorder: "Recorder", deadline: "Deadline") -> Told:
    """Ask for one thing of each kind that is read; whose account it is stands in the first answer."""
    client, section = estate.pagerduty, estate.environment.oncall
    permissions: list[Permission] = []
    if isinstance(section, Oncall):
        services = [service.id for service in section.services.values()]
        user = section.contacts[0].user
        client.service(services[0], deadline)
        permissions = [
            _tried("escalation policies", lambda: [client.escalation_policy(p.id, deadline) for p in _paths(section)]),
            _tried("users and how they are reached", lambda: client.user(user, deadline)),
            _tried("maintenance windows", lambda: client.maintenance_windows(services, deadline)),
        ]
    (identities, _, _) = recorder.seen
    found = identities[0].id if identities else None
    return Told(identity=found, permissions=tuple(permissions))


def _paths(section: Oncall) -> list[EscalationPath]:
    return list(section.policies.values())


def _tried(what: str, read: Callable[[], object]) -> Permission:
    try:
        read()
    except AccessDenied as error:
        return Permission(what, granted=False, grant=f"give the token leave to read {what}: {error}")
    return Permission(what, granted=True, grant="")
