"""The estate as its environment file declares it: frozen, validated, without secrets.

A section that a selected check needs must be there, or be declared `absent = "reason"`; the sections are optional here
because a file need only speak of what is checked with it.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, Tag, model_validator

from apgms_ops.environment.backups import Backups, DatabaseBackups, DatabaseRestore, Heartbeat, Snapshots
from apgms_ops.environment.deployment import Comparison, DeploymentRules
from apgms_ops.environment.evidence import Archive, Authority, Evidence, Identity, TrustedKey
from apgms_ops.environment.failover import Failover
from apgms_ops.environment.github import Artifacts, Github
from apgms_ops.environment.kafka import Accepted, Group, Kafka, KafkaSecurity, Topic
from apgms_ops.environment.kubernetes import Kubernetes
from apgms_ops.environment.limits import BurnRate, Limits
from apgms_ops.environment.oncall import Contact, EscalationPath, IncidentRules, Oncall, PagedService
from apgms_ops.environment.postgres import Postgres
from apgms_ops.environment.prometheus import Prometheus
from apgms_ops.environment.service_levels import (
    Anchor,
    Availability,
    KnownAbn,
    Latency,
    LookupLatency,
    Objective,
    Outside,
    Persistence,
    ReconciliationDelay,
    Service,
)
from apgms_ops.environment.smoke import Credentials, Smoke
from apgms_ops.environment.types import Absent, Model, Name, Seq, Text, Zoned
from apgms_ops.errors import EnvironmentInvalid

__all__ = [
    "SECTIONS",
    "Absent",
    "Accepted",
    "Anchor",
    "Archive",
    "Artifacts",
    "Authority",
    "Availability",
    "Backups",
    "BurnRate",
    "Comparison",
    "Contact",
    "Credentials",
    "DatabaseBackups",
    "DatabaseRestore",
    "DeploymentRules",
    "Environment",
    "EscalationPath",
    "Evidence",
    "Failover",
    "Github",
    "Group",
    "Heartbeat",
    "Identities",
    "Identity",
    "IncidentRules",
    "Kafka",
    "KafkaSecurity",
    "KnownAbn",
    "Kubernetes",
    "Latency",
    "Limits",
    "LookupLatency",
    "Maintenance",
    "Objective",
    "Oncall",
    "Outside",
    "PagedService",
    "Persistence",
    "Postgres",
    "Prometheus",
    "ReconciliationDelay",
    "Service",
    "Smoke",
    "Snapshots",
    "Topic",
    "TrustedKey",
]

SECTIONS = (
    "kubernetes",
    "kafka",
    "postgres",
    "prometheus",
    "github",
    "smoke",
    "evidence",
    "archive",
    "backups",
    "oncall",
)
"""The targets that an environment may have, and that may be declared absent."""


class Maintenance(Model):
    """A declared window whose requests count neither as traffic nor as errors."""

    service: Name
    """Which service."""
    start: Zoned = Field(alias="from")
    """First moment of the window."""
    end: Zoned = Field(alias="to")
    """First moment after the window."""
    reason: Text
    """Why, and who announced it."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start >= self.end:
            msg = "`from` must be before `to`"
            raise ValueError(msg)
        return self

    def covers(self, at: datetime) -> bool:
        """Whether `at` (aware) lies in the window."""
        return self.start <= at.astimezone(UTC) < self.end


class Identities(Model):
    """What each system calls itself. A check on a system that says otherwise is UNKNOWN."""

    kafka: Text | None = None
    """Kafka's cluster id."""
    postgres: Text | None = None
    """PostgreSQL's system identifier."""
    prometheus: Text | None = None
    """The value of Prometheus's external label `prometheus.identity_label`."""
    kubernetes: Text | None = None
    """UID of the namespace kube-system."""
    github: Text | None = None
    """The number of the repository, which it keeps when it is renamed."""
    pagerduty: Text | None = None
    """The account's own name, the first part of its address: acme of https://acme.pagerduty.com."""
    services: Text | None = None
    """What the services' `/version` calls their environment."""


def _tag(value: Any) -> str:  # noqa: ANN401 — pydantic hands over what the file holds
    return "absent" if isinstance(value, Absent) or (isinstance(value, dict) and "absent" in value) else "present"


class Environment(Model):
    """One estate."""

    name: Name
    """What the environment is called; the file is called so as well."""
    notes: Seq[Text] = ()
    """Said at the head of every run and in its report: which broker of the sandbox answers, for example."""
    identities: Identities = Identities()
    """What the systems call themselves: right answers from another system are no answers."""
    services: Annotated[dict[Name, Service], Field(min_length=1)]
    """The services of the platform, by name."""
    limits: Limits = Limits()
    """What the checks compare with."""
    deployment: DeploymentRules = DeploymentRules()
    """What a release is held to once it is deployed."""
    maintenance: Seq[Maintenance] = ()
    """Declared maintenance windows."""
    kubernetes: (
        Annotated[Annotated[Kubernetes, Tag("present")] | Annotated[Absent, Tag("absent")], Discriminator(_tag)] | None
    ) = None
    """The cluster."""
    kafka: (
        Annotated[Annotated[Kafka, Tag("present")] | Annotated[Absent, Tag("absent")], Discriminator(_tag)] | None
    ) = None
    """The brokers and their inventory."""
    postgres: (
        Annotated[Annotated[Postgres, Tag("present")] | Annotated[Absent, Tag("absent")], Discriminator(_tag)] | None
    ) = None
    """The database."""
    prometheus: (
        Annotated[Annotated[Prometheus, Tag("present")] | Annotated[Absent, Tag("absent")], Discriminator(_tag)] | None
    ) = None
    """The metrics server."""
    github: (
        Annotated[Annotated[Github, Tag("present")] | Annotated[Absent, Tag("absent")], Discriminator(_tag)] | None
    ) = None
    """The repository, and what a release must have gone through there."""
    smoke: (
        Annotated[Annotated[Smoke, Tag("present")] | Annotated[Absent, Tag("absent")], Discriminator(_tag)] | None
    ) = None
    """The front door, and the synthetic tenant that walks the customer journey through it."""
    evidence: (
        Annotated[Annotated[Evidence, Tag("present")] | Annotated[Absent, Tag("absent")], Discriminator(_tag)] | None
    ) = None
    """What makes evidence of this environment's runs."""
    archive: (
        Annotated[Annotated[Archive, Tag("present")] | Annotated[Absent, Tag("absent")], Discriminator(_tag)] | None
    ) = None
    """Where it is kept, so that nobody can delete it."""
    backups: (
        Annotated[Annotated[Backups, Tag("present")] | Annotated[Absent, Tag("absent")], Discriminator(_tag)] | None
    ) = None
    """What the platform can be restored from."""
    oncall: (
        Annotated[Annotated[Oncall, Tag("present")] | Annotated[Absent, Tag("absent")], Discriminator(_tag)] | None
    ) = None
    """Who is called when something breaks."""
    failover: (
        Annotated[Annotated[Failover, Tag("present")] | Annotated[Absent, Tag("absent")], Discriminator(_tag)] | None
    ) = None
    """How the database is failed over. No check reads it: a command does."""

    @model_validator(mode="after")
    def _maintained_services_exist(self) -> Self:
        unknown = sorted({window.service for window in self.maintenance} - set(self.services))
        if unknown:
            msg = f"maintenance declared for services that do not exist: {', '.join(unknown)}"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _every_service_calls_somebody(self) -> Self:
        if isinstance(self.oncall, Oncall):
            silent = sorted(set(self.services) - set(self.oncall.services))
            if silent:
                msg = f"oncall.services does not name {', '.join(silent)}: who is called for it?"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _synthetic_numbers_are_nobodys(self) -> Self:
        if isinstance(self.smoke, Smoke):
            known = {known.abn for service in self.services.values() for known in service.known_abns}
            shared = sorted(known & set(self.smoke.abns))
            if shared:
                msg = f"smoke.abns holds {', '.join(shared)}, which known_abns names as somebody's: it is not synthetic"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _ways_lead_somewhere(self) -> Self:
        for section in SECTIONS:
            if self.via(section) is not None and not isinstance(self.kubernetes, Kubernetes):
                msg = f"{section}.via leads through the cluster, and [kubernetes] is not declared"
                raise ValueError(msg)
        return self

    def via(self, section: str) -> str | None:
        """Return the access path of a section that is reached through the cluster, or None."""
        via: str | None = getattr(getattr(self, section, None), "via", None)
        return via

    def absence(self, section: str) -> str | None:
        """Return why `section` is absent, or None where it is declared.

        Raises:
            EnvironmentInvalid: The section is neither declared nor declared absent.
        """
        declared = getattr(self, section) if section in SECTIONS else None
        if declared is None:
            msg = (
                f"environment {self.name} says nothing about [{section}]: "
                f'declare the section, or say [{section}] absent = "reason"'
            )
            raise EnvironmentInvalid(msg)
        return declared.absent if isinstance(declared, Absent) else None

    @property
    def unpinned(self) -> tuple[str, ...]:
        """The declared systems whose identity is not pinned: whatever answers at their address is believed."""
        unpinned = [
            section
            for section in SECTIONS
            if isinstance(getattr(self, section), Kubernetes | Kafka | Postgres | Prometheus | Github)
            and getattr(self.identities, section) is None
        ]
        asked = any(service.urls for service in self.services.values()) or isinstance(self.smoke, Smoke)
        if asked and self.identities.services is None:
            unpinned.append("services")
        if isinstance(self.oncall, Oncall) and self.identities.pagerduty is None:
            unpinned.append("pagerduty")
        return tuple(unpinned)
