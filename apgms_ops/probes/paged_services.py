"""Runbook, Daily Checks, step 1: whether what breaks makes an incident that calls somebody, at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from apgms_ops.clients.pagerduty.facts import MaintenanceWindow, Service, ServiceStatus, Urgency
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment, Oncall
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import EnvironmentInvalid, Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.local_time import local
from apgms_ops.probes.probe import probe
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from apgms_ops.clients.pagerduty import PagerdutyClient


@dataclass(frozen=True, slots=True)
class Paged:
    """A service of ours, as PagerDuty has it."""

    name: str
    """Ours."""
    service: Service


@dataclass(frozen=True, slots=True)
class PagedServices:
    """Every service that is declared, and the maintenance windows of any."""

    at: datetime
    services: tuple[Paged, ...]
    windows: tuple[MaintenanceWindow, ...]
    """Open ones, and those to come."""

    def silent(self, environment: Environment) -> Findings:
        """Say which services make no incidents, now or within the days that are looked ahead.

        Raises:
            Unobserved: The state of one is not known here.
        """
        declared = declared_oncall(environment)
        found = [
            f"{one.name} is {'disabled' if one.service.status is ServiceStatus.DISABLED else 'in maintenance'}: "
            "nobody is called for it"
            for one in self._every(environment)
            if one.service.status in (ServiceStatus.DISABLED, ServiceStatus.MAINTENANCE)
        ]
        until = self.at + declared.far.value
        for window in self.windows:
            hidden = [one.name for one in self.services if one.service.id in window.services]
            if hidden and window.end > self.at and window.start < until:
                when = f"from {local(window.start, declared)} to {local(window.end, declared)}"
                found.append(f"maintenance window {printable(window.id, limit=40)} hides {', '.join(hidden)} {when}")
        strange = [one.name for one in self.services if one.service.status is ServiceStatus.UNKNOWN]
        if strange and not found:
            msg = f"PagerDuty says of {', '.join(strange)} what is not known here"
            raise Unobserved(msg)
        return Findings(found)

    def not_urgent(self, environment: Environment) -> Findings:
        """Say which services make incidents that may wait."""
        return Findings(
            f"incidents of {one.name} are of urgency {' or '.join(urgency.value for urgency in one.service.urgencies)}"
            ", and not always high"
            for one in self._every(environment)
            if any(urgency is not Urgency.HIGH for urgency in one.service.urgencies) or not one.service.urgencies
        )

    def resting(self, environment: Environment) -> Findings:
        """Say in which services an incident that somebody acknowledged, and forgot, rests for too long."""
        return Findings(self._resting(environment))

    def _resting(self, environment: Environment) -> Iterator[str]:
        limit = declared_oncall(environment).acknowledgement
        allowed = f"{format_duration(limit.value)} ({limit.source})"
        for one in self._every(environment):
            timeout = one.service.acknowledgement_timeout
            if timeout is None:
                yield f"an acknowledged incident of {one.name} rests for ever; it is to call again within {allowed}"
            elif not 0 < timeout <= limit.value.total_seconds():
                yield f"an acknowledged incident of {one.name} calls again after {timeout:g} s, not within {allowed}"

    def astray(self, environment: Environment) -> Findings:
        """Say which services use another escalation policy than is declared."""
        declared = declared_oncall(environment)
        wanted = {name: declared.policies[service.policy] for name, service in declared.services.items()}
        return Findings(
            f"{one.name} uses escalation policy {printable(one.service.policy, limit=40)}, not {wanted[one.name].id}"
            for one in self._every(environment)
            if one.service.policy != wanted[one.name].id
        )

    def _every(self, environment: Environment) -> tuple[Paged, ...]:
        missing = sorted(set(declared_oncall(environment).services) - {one.name for one in self.services})
        if missing:
            msg = f"{', '.join(missing)} was not read"
            raise Unobserved(msg)
        return self.services


@probe(deadline=40.0)
def paged_services(pagerduty: "PagerdutyClient", environment: Environment, deadline: Deadline) -> PagedServices:
    """Every declared service of PagerDuty's: how it stands, how it calls, and what maintenance is planned."""
    declared = declared_oncall(environment)
    at = datetime.now(UTC)
    services = tuple(
        Paged(name, pagerduty.service(service.id, deadline)) for name, service in declared.services.items()
    )
    windows = pagerduty.maintenance_windows([one.service.id for one in services], deadline)
    return PagedServices(at, services, windows)


def declared_oncall(environment: Environment) -> Oncall:
    """Return the section.

    Raises:
        EnvironmentInvalid: There is none.
    """
    if not isinstance(environment.oncall, Oncall):
        msg = f"environment {environment.name} has no section [oncall]"
        raise EnvironmentInvalid(msg)
    return environment.oncall
