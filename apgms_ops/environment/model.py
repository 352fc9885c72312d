"""The estate as its environment file declares it: frozen, validated, without secrets.

A section that a selected check needs must be there, or be declared `absent = "reason"`; the sections are optional here
because a file need only speak of what is checked with it.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, Tag, model_validator

from apgms_ops.environment.kafka import Accepted, Group, Kafka, KafkaSecurity, Topic
from apgms_ops.environment.limits import BurnRate, Limits
from apgms_ops.environment.service_levels import (
    Availability,
    Latency,
    LookupLatency,
    Objective,
    Persistence,
    ReconciliationDelay,
    Service,
)
from apgms_ops.environment.types import Absent, HttpUrl, Model, Name, SecretRef, Seq, Text, Zoned
from apgms_ops.errors import EnvironmentInvalid

__all__ = [
    "SECTIONS",
    "Absent",
    "Accepted",
    "Availability",
    "BurnRate",
    "Environment",
    "Group",
    "Identities",
    "Kafka",
    "KafkaSecurity",
    "Kubernetes",
    "Latency",
    "Limits",
    "LookupLatency",
    "Maintenance",
    "Objective",
    "Persistence",
    "Prometheus",
    "ReconciliationDelay",
    "Service",
    "Topic",
]

SECTIONS = ("kubernetes", "kafka", "prometheus")
"""The targets that an environment may have, and that may be declared absent."""


class Kubernetes(Model):
    """The cluster, and the platform's namespace in it."""

    context: Text
    """A context of the kubeconfig file, or "in-cluster"."""
    namespace: Name
    """Where the platform runs."""


class Prometheus(Model):
    """The metrics server."""

    url: HttpUrl
    """Its address."""
    token: SecretRef | None = None
    """Bearer token, where it asks for one."""
    ca_file: Text | None = None
    """Certificate authority of the server, a PEM file; the system's where it is left out."""
    identity_label: Text = "cluster"
    """The external label whose value is the server's identity."""


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
    prometheus: Text | None = None
    """The value of Prometheus's external label `prometheus.identity_label`."""
    kubernetes: Text | None = None
    """UID of the namespace kube-system."""


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
    prometheus: (
        Annotated[Annotated[Prometheus, Tag("present")] | Annotated[Absent, Tag("absent")], Discriminator(_tag)] | None
    ) = None
    """The metrics server."""

    @model_validator(mode="after")
    def _maintained_services_exist(self) -> Self:
        unknown = sorted({window.service for window in self.maintenance} - set(self.services))
        if unknown:
            msg = f"maintenance declared for services that do not exist: {', '.join(unknown)}"
            raise ValueError(msg)
        return self

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
        return tuple(
            section
            for section in SECTIONS
            if isinstance(getattr(self, section), Kubernetes | Kafka | Prometheus)
            and getattr(self.identities, section) is None
        )
