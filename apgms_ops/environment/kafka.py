"""The brokers of an estate, and the topics and consumer groups that must be found on them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from apgms_ops.environment.types import Duration, HostPort, Model, SecretRef, Seq, Text, TopicName, Zoned
from apgms_ops.environment.via import ExecVia


class Topic(Model):
    """A topic that must exist."""

    name: TopicName
    """Its name."""
    partitions: Annotated[int, Field(ge=1, le=100_000)]
    """Partitions that it must have."""
    dlq: bool = True
    """Whether its dead-letter topic, `<name>.dlq`, must exist as well, with as many partitions."""


class Group(Model):
    """A consumer group that must be alive and keep up on the topics it reads."""

    name: Text
    """The group's id."""
    topics: Annotated[Seq[TopicName], Field(min_length=1)]
    """Topics that it reads; each is declared under `kafka.topics`."""


class Accepted(Model):
    """A finding that is accepted by name, with a reason, until it expires."""

    name: Text
    """What is accepted: a consumer group's id, a vulnerability's, the tag of a release."""
    reason: Text
    """Why."""
    expires: Zoned
    """When the acceptance ends; from then on it is a finding again."""

    def in_force(self, at: datetime) -> bool:
        """Whether the acceptance still holds at `at`.

        Raises:
            ValueError: `at` has no zone.
        """
        if at.tzinfo is None:
            msg = f"a time with its zone is needed, not {at.isoformat()}"
            raise ValueError(msg)
        return at.astimezone(UTC) < self.expires


class KafkaSecurity(Model):
    """How clients authenticate to the brokers; secrets by reference."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """As the brokers' listener is configured."""
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    """SASL mechanism; needed with SASL_…, refused without."""
    username: SecretRef | None = None
    """SASL user."""
    password: SecretRef | None = None
    """SASL password."""
    ca_file: Text | None = None
    """Certificate authority of the brokers, a PEM file; the system's where it is left out."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        sasl = (self.mechanism, self.username, self.password)
        if self.protocol.startswith("SASL") and None in sasl:
            msg = f"protocol {self.protocol} needs mechanism, username and password"
            raise ValueError(msg)
        if not self.protocol.startswith("SASL") and any(sasl):
            msg = f"protocol {self.protocol} takes no mechanism, username or password"
            raise ValueError(msg)
        if not self.protocol.endswith("SSL") and self.ca_file:
            msg = f"protocol {self.protocol} takes no ca_file"
            raise ValueError(msg)
        return self


class Kafka(Model):
    """The brokers and the inventory that must be found on them."""

    bootstrap: Annotated[Seq[HostPort], Field(min_length=1)]
    """Brokers to ask first."""
    via: ExecVia | None = None
    """The workload in whose pods Kafka's own tools are run, where the brokers cannot be reached from here."""
    command_config: Text | None = None
    """A file there with the tools' client properties (`--command-config`), where the brokers ask for credentials."""
    security: KafkaSecurity = KafkaSecurity()
    """How clients authenticate."""
    topics: Annotated[Seq[Topic], Field(min_length=1)]
    """Topics that must exist."""
    groups: Annotated[Seq[Group], Field(min_length=1)]
    """Consumer groups that must be alive and keep up."""
    ignored_groups: Seq[Accepted] = ()
    """Groups on the brokers that are not declared, and are accepted for a while."""
    stall_window: Duration = timedelta(seconds=15)
    """Time between the two readings of offsets; longer than the consumers' auto-commit interval (5 s by default)."""
    waiting_time: Duration = timedelta(minutes=10)
    """How long a message may wait, unread, for a group that does not move."""
    settling_time: Duration = timedelta(seconds=60)
    """How long a group may rebalance, seen to do nothing else, before that is a finding; longer than any deployment."""
    isolation_level: Literal["read_committed", "read_uncommitted"] = "read_committed"
    """What counts as a topic's end: the last stable offset, or the high watermark."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for what, names in (
            ("topics", [t.name for t in self.topics]),
            ("groups", [g.name for g in self.groups]),
            ("ignored_groups", [a.name for a in self.ignored_groups]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                msg = f"{what} declared twice: {', '.join(twice)}"
                raise ValueError(msg)
        self._one_way()
        declared = {t.name for t in self.topics}
        for group in self.groups:
            unknown = sorted(set(group.topics) - declared)
            if unknown:
                msg = f"group {group.name} reads topics that are not declared: {', '.join(unknown)}"
                raise ValueError(msg)
        # An acceptance must not silence a group that the estate depends on.
        both = sorted({g.name for g in self.groups} & {a.name for a in self.ignored_groups})
        if both:
            msg = f"groups both declared and ignored: {', '.join(both)}"
            raise ValueError(msg)
        return self

    @property
    def where(self) -> str:
        """Its address, for people."""
        return str(self.via or ", ".join(self.bootstrap))

    def _one_way(self) -> None:
        if self.via is None:
            if self.command_config is not None:
                msg = "command_config belongs to via"
                raise ValueError(msg)
            return
        if self.security != KafkaSecurity():
            msg = "security belongs to a direct connection: with via, command_config names a file for Kafka's tools"
            raise ValueError(msg)
        if self.isolation_level != "read_uncommitted":
            msg = 'via needs isolation_level = "read_uncommitted": its tools know no last stable offset'
            raise ValueError(msg)

    @property
    def required_topics(self) -> dict[str, int]:
        """Every topic that must exist, dead-letter topics included, with its number of partitions."""
        named = {topic.name: topic.partitions for topic in self.topics}
        return named | {f"{topic.name}.dlq": topic.partitions for topic in self.topics if topic.dlq}

    def ignored(self, at: datetime) -> dict[str, Accepted]:
        """Return the acceptances that are in force at `at` (aware), by the group's id."""
        return {accepted.name: accepted for accepted in self.ignored_groups if accepted.in_force(at)}
