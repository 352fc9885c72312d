"""The estate as its environment file declares it: frozen, validated, without secrets.

A section that a selected check needs must be there, or be declared `absent = "reason"`; the sections are optional here
because a file need only speak of what is checked with it.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from apgms_ops.environment.types import Absent, Duration, Limit, Model, Ratio, SecretRef, Seq, Text, Zoned

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
"""A DNS label: an environment, a service."""
HttpUrl = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.\-]+(:\d{1,5})?(/[^\s?#]*)?$")]
HostPort = Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-]+:\d{1,5}$")]


class Latency(Model):
    """At least `quantile` of the requests within `window` take no longer than `limit`, a bucket edge of the histogram."""

    kind: Literal["latency"]
    quantile: Ratio
    limit: Duration
    window: Duration
    source: Text


class Availability(Model):
    """At least `target` of the requests within `window` are not answered with 5xx."""

    kind: Literal["availability"]
    target: Ratio
    window: Duration
    source: Text


class Persistence(Model):
    """`target` of the events that were emitted are persisted; 100 % is a comparison of integers."""

    kind: Literal["persistence"]
    target: Ratio
    source: Text


class ReconciliationDelay(Model):
    """The oldest item that is not reconciled is younger than `limit`."""

    kind: Literal["reconciliation-delay"]
    limit: Duration
    source: Text


Objective = Annotated[Latency | Availability | Persistence | ReconciliationDelay, Discriminator("kind")]


class Service(Model):
    """A service of the platform: where it runs, and its service levels."""

    deployment: Text
    replicas: Annotated[int, Field(ge=1)]
    objectives: Annotated[Seq[Objective], Field(min_length=1)]

    @property
    def availability(self) -> Availability | None:
        """The availability objective, where the service has one."""
        return next((o for o in self.objectives if isinstance(o, Availability)), None)


class Kubernetes(Model):
    """The cluster: the kubeconfig context (or in-cluster, where it is "in-cluster"), and the platform's namespace."""

    context: Text
    namespace: Name


class Topic(Model):
    """A topic that must exist, with its number of partitions; `dlq` says whether `<name>.dlq` must exist as well."""

    name: Text
    partitions: Annotated[int, Field(ge=1)]
    dlq: bool = True


class Group(Model):
    """A consumer group that must be alive and keep up on the topics it reads."""

    name: Text
    topics: Annotated[Seq[Text], Field(min_length=1)]


class Accepted(Model):
    """A finding that is accepted by name, with a reason, until it expires."""

    name: Text
    reason: Text
    expires: Zoned

    def in_force(self, at: datetime) -> bool:
        """Whether the acceptance still holds at `at`."""
        return at.astimezone(UTC) < self.expires


class KafkaSecurity(Model):
    """How clients authenticate to the brokers; secrets by reference."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    username: SecretRef | None = None
    password: SecretRef | None = None
    ca_file: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        sasl = (self.mechanism, self.username, self.password)
        if self.protocol.startswith("SASL") and None in sasl:
            msg = f"protocol {self.protocol} needs mechanism, username and password"
            raise ValueError(msg)
        if not self.protocol.startswith("SASL") and any(sasl):
            msg = f"protocol {self.protocol} takes no mechanism, username or password"
            raise ValueError(msg)
        return self


class Kafka(Model):
    """The brokers and the inventory that must be found on them."""

    bootstrap: Annotated[Seq[HostPort], Field(min_length=1)]
    security: KafkaSecurity = KafkaSecurity()
    topics: Annotated[Seq[Topic], Field(min_length=1)]
    groups: Annotated[Seq[Group], Field(min_length=1)]
    ignored_groups: Seq[Accepted] = ()
    stall_window: Duration = timedelta(seconds=15)
    """Time between two readings; longer than the consumers' auto-commit interval (5 s by default)."""
    isolation_level: Literal["read_committed", "read_uncommitted"] = "read_committed"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for what, names in (("topics", [t.name for t in self.topics]), ("groups", [g.name for g in self.groups])):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                msg = f"{what} declared twice: {', '.join(twice)}"
                raise ValueError(msg)
        declared = {t.name for t in self.topics}
        for group in self.groups:
            unknown = sorted(set(group.topics) - declared)
            if unknown:
                msg = f"group {group.name} reads topics that are not declared: {', '.join(unknown)}"
                raise ValueError(msg)
        return self

    @property
    def required_topics(self) -> dict[str, int]:
        """Every topic that must exist, dead-letter topics included, with its number of partitions."""
        named = {topic.name: topic.partitions for topic in self.topics}
        return named | {f"{topic.name}.dlq": topic.partitions for topic in self.topics if topic.dlq}


class Prometheus(Model):
    """The metrics server. Its identity is the value of the external label `identity_label`."""

    url: HttpUrl
    token: SecretRef | None = None
    ca_file: Text | None = None
    identity_label: Text = "cluster"


class BurnRate(Model):
    """A multi-window alert: red when both windows burn the budget at `rate` or faster."""

    rate: Annotated[float, Field(gt=0)]
    long: Duration
    short: Duration


_BURN_RATES = (
    BurnRate(rate=14.4, long=timedelta(hours=1), short=timedelta(minutes=5)),
    BurnRate(rate=6.0, long=timedelta(hours=6), short=timedelta(minutes=30)),
    BurnRate(rate=3.0, long=timedelta(days=1), short=timedelta(hours=2)),
    BurnRate(rate=1.0, long=timedelta(days=3), short=timedelta(hours=6)),
)


class Limits(Model):
    """What the checks compare with; each with its source."""

    consumer_lag: Limit[Annotated[int, Field(ge=1)]] = Limit(value=200, source="runbook: Daily Checks, step 3")
    """Messages a group may be behind on a topic: it must stay below."""
    dead_letters_per_day: Limit[Annotated[int, Field(ge=0)]] = Limit(value=0, source="runbook: Daily Checks, step 3")
    """Dead letters that may arrive on a topic within 24 hours."""
    remaining_budget: Limit[Ratio] = Limit(value=Decimal("0.1"), source="runbook: Daily Checks, step 4")
    """Share of the error budget that must be left."""
    window_coverage: Limit[Ratio] = Limit(value=Decimal("0.99"), source="runbook: Daily Checks, step 4")
    """Share of a window's hours that must hold samples for a figure over that window to be believed."""
    burn_rates: Seq[BurnRate] = _BURN_RATES
    """Source: the multi-window, multi-burn-rate alerts of the SRE workbook."""


class Maintenance(Model):
    """A declared window whose requests count neither as traffic nor as errors."""

    service: Name
    start: Zoned = Field(alias="from")
    end: Zoned = Field(alias="to")
    reason: Text

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start >= self.end:
            msg = "`from` must be before `to`"
            raise ValueError(msg)
        return self


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
    notes: Seq[Text] = ()
    """Said at the head of every run and in its report: which broker of the sandbox answers, for example."""
    identities: Identities = Identities()
    services: Annotated[dict[Name, Service], Field(min_length=1)]
    limits: Limits = Limits()
    maintenance: Seq[Maintenance] = ()
    kubernetes: (
        Annotated[Annotated[Kubernetes, Tag("present")] | Annotated[Absent, Tag("absent")], Discriminator(_tag)] | None
    ) = None
    kafka: (
        Annotated[Annotated[Kafka, Tag("present")] | Annotated[Absent, Tag("absent")], Discriminator(_tag)] | None
    ) = None
    prometheus: (
        Annotated[Annotated[Prometheus, Tag("present")] | Annotated[Absent, Tag("absent")], Discriminator(_tag)] | None
    ) = None

    @model_validator(mode="after")
    def _maintained_services_exist(self) -> Self:
        unknown = sorted({window.service for window in self.maintenance} - set(self.services))
        if unknown:
            msg = f"maintenance declared for services that do not exist: {', '.join(unknown)}"
            raise ValueError(msg)
        return self
