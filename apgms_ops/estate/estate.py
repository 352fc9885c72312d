"""Builds the clients of an environment, each over its access path, with the secrets and the recorder of one probe."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import (
    Archive,
    Backups,
    Contact,
    Credentials,
    DatabaseBackups,
    Environment,
    Github,
    Kafka,
    Kubernetes,
    Postgres,
    Prometheus,
    Smoke,
)
from apgms_ops.environment.types import Absent
from apgms_ops.environment.via import Path
from apgms_ops.errors import EnvironmentInvalid, Unobserved
from apgms_ops.estate import calling, changing
from apgms_ops.estate.pods import Pods
from apgms_ops.estate.proxied import through
from apgms_ops.estate.shells import shells
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret, SecretReference

if TYPE_CHECKING:
    from apgms_ops.clients.gateway import Services
    from apgms_ops.clients.gateway.front_door import Customer, FrontDoor, Login
    from apgms_ops.clients.github import GithubClient
    from apgms_ops.clients.github.commands import GithubCommands
    from apgms_ops.clients.kafka.client import KafkaClient
    from apgms_ops.clients.kafka.commands import KafkaCommands
    from apgms_ops.clients.kafka.tool_reader import ToolReader
    from apgms_ops.clients.kubernetes.client import KubernetesClient
    from apgms_ops.clients.kubernetes.commands import KubernetesCommands
    from apgms_ops.clients.objectstore import ObjectStoreClient
    from apgms_ops.clients.pagerduty import PagerdutyClient
    from apgms_ops.clients.pagerduty.commands import PagerdutyCommands
    from apgms_ops.clients.pgbackrest import PgbackrestClient
    from apgms_ops.clients.postgres import PostgresClient
    from apgms_ops.clients.prometheus import PrometheusClient

T = TypeVar("T")


class Estate:
    """The clients of one environment, made where they are first asked for.

    Each probe has an estate of its own, so that what its clients saw is recorded under its name.
    """

    def __init__(self, environment: Environment, secrets: Mapping[SecretReference, Secret], recorder: Recorder) -> None:
        """Take the model, the secrets that were read for this run, and where to record what is seen."""
        self.environment = environment
        self._secrets = secrets
        self._recorder = recorder

    def _secret(self, reference: SecretReference | None) -> Secret | None:
        return None if reference is None else self._require_secret(reference)

    def _require_secret(self, reference: SecretReference) -> Secret:
        if reference not in self._secrets:  # a probe that asks further than by the clients that it names
            msg = f"{reference} was not read for this run: none of the selected checks names what needs it"
            raise Unobserved(msg)
        return self._secrets[reference]

    def _section(self, section: "T | Absent | None", name: str) -> "T":
        if section is None or isinstance(section, Absent):
            msg = f"environment {self.environment.name} has no section [{name}]"
            raise EnvironmentInvalid(msg)
        return section

    @cached_property
    def archive(self) -> "ObjectStoreClient":
        """The bucket in which sealed runs are kept."""
        section: Archive = self._section(self.environment.archive, "archive")
        return self._bucket(section)

    @cached_property
    def backups(self) -> "ObjectStoreClient":
        """The bucket in which backups and snapshots are kept, to be read."""
        section: Backups = self._section(self.environment.backups, "backups")
        return self._bucket(section)

    def _bucket(self, section: Archive | Backups) -> "ObjectStoreClient":
        from apgms_ops.clients.objectstore import ObjectStoreClient  # noqa: PLC0415 — heavy

        return ObjectStoreClient(
            url=section.url,
            region=section.region,
            bucket=section.bucket,
            access_key_id=self._require_secret(section.access_key_id),
            secret_access_key=self._require_secret(section.secret_access_key),
            ca_file=section.ca_file,
            recorder=self._recorder,
        )

    @cached_property
    def front_door(self) -> "FrontDoor":
        """The front door, as far as nothing is changed there."""
        from apgms_ops.clients.gateway.front_door import FrontDoor  # noqa: PLC0415 — heavy

        section: Smoke = self._section(self.environment.smoke, "smoke")
        return FrontDoor(url=section.base_url, ca_file=section.ca_file, recorder=self._recorder)

    @cached_property
    def customer(self) -> "Customer":
        """A customer at the front door, who changes things: for the journey and commands; no check can name it."""
        from apgms_ops.clients.gateway.front_door import Customer  # noqa: PLC0415 — heavy

        section: Smoke = self._section(self.environment.smoke, "smoke")
        return Customer(url=section.base_url, ca_file=section.ca_file, recorder=self._recorder)

    def login(self, credentials: Credentials) -> "Login":
        """Return what somebody logs in with.

        Raises:
            Unobserved: It was not read for this run.
        """
        from apgms_ops.clients.gateway.front_door import Login  # noqa: PLC0415 — heavy

        return Login(
            username=self._require_secret(credentials.username),
            password=self._require_secret(credentials.password),
            otp_secret=self._require_secret(credentials.otp_secret),
        )

    @cached_property
    def gateway(self) -> "Services":
        """The client of the platform's own services, replica by replica."""
        from apgms_ops.clients.gateway import Services  # noqa: PLC0415 — heavy

        urls = {name: service.urls for name, service in self.environment.services.items()}
        return Services(urls=urls, recorder=self._recorder)

    @cached_property
    def github(self) -> "GithubClient":
        """The client of the platform's repository on GitHub."""
        from apgms_ops.clients.github import GithubClient  # noqa: PLC0415 — heavy

        section: Github = self._section(self.environment.github, "github")
        return GithubClient(
            url=section.url,
            owner=section.owner,
            repository=section.repository,
            token=self._secret(section.token),
            ca_file=section.ca_file,
            recorder=self._recorder,
        )

    @cached_property
    def github_commands(self) -> "GithubCommands":
        """What can be asked of GitHub that changes something: for commands; no probe can name it."""
        from apgms_ops.clients.github.commands import GithubCommands  # noqa: PLC0415 — heavy

        section: Github = self._section(self.environment.github, "github")
        return GithubCommands(
            url=section.url,
            owner=section.owner,
            repository=section.repository,
            token=self._secret(section.token),
            ca_file=section.ca_file,
            recorder=self._recorder,
        )

    @cached_property
    def kafka(self) -> "KafkaClient":
        """The Kafka client."""
        from apgms_ops.clients.kafka.client import KafkaClient  # noqa: PLC0415 — heavy

        section: Kafka = self._section(self.environment.kafka, "kafka")
        security = section.security
        return KafkaClient(
            bootstrap=section.bootstrap,
            protocol=security.protocol,
            mechanism=security.mechanism,
            username=self._secret(security.username),
            password=self._secret(security.password),
            ca_file=security.ca_file,
            isolation_level=section.isolation_level,
            recorder=self._recorder,
            tools=None if section.via is None else self._tools(section, section.via),
        )

    @cached_property
    def kafka_commands(self) -> "KafkaCommands":
        """What can be asked of the brokers that changes something: for commands; no probe can name it."""
        section: Kafka = self._section(self.environment.kafka, "kafka")
        secrets = (self._secret(section.security.username), self._secret(section.security.password))
        return changing.kafka_commands(section, secrets, self._recorder)

    def _tools(self, section: Kafka, via: str) -> "ToolReader":
        """Return who runs Kafka's own tools: in a pod of the workload that the environment names."""
        from apgms_ops.clients.kafka.tool_reader import Ran, ToolReader  # noqa: PLC0415 — heavy

        pods = Pods(self.kubernetes, Path.parse(via))

        def run(command: Sequence[str], deadline: Deadline) -> Ran:
            done = pods.execute(pods.names(deadline)[0], command, deadline)
            return Ran(done.stdout, done.stderr, done.exit_code, done.cut)

        return ToolReader(run, section.bootstrap, section.command_config)

    @cached_property
    def kubernetes(self) -> "KubernetesClient":
        """The Kubernetes client."""
        from apgms_ops.clients.kubernetes.client import KubernetesClient  # noqa: PLC0415 — heavy

        section: Kubernetes = self._section(self.environment.kubernetes, "kubernetes")
        access = changing.access(section, section.context, self._secret(section.token))
        return KubernetesClient(access=access, recorder=self._recorder)

    @cached_property
    def kubernetes_commands(self) -> "KubernetesCommands":
        """What can be asked of the cluster that changes something: for commands; no probe can name it."""
        section: Kubernetes = self._section(self.environment.kubernetes, "kubernetes")
        return changing.kubernetes_commands(section, self._secret(section.token), self._recorder)

    @cached_property
    def pagerduty(self) -> "PagerdutyClient":
        """The client of PagerDuty, which reads."""
        return calling.reader(self._section(self.environment.oncall, "oncall"), self._require_secret, self._recorder)

    @cached_property
    def pagerduty_commands(self) -> "PagerdutyCommands":
        """What makes, notes and resolves incidents: for commands; no probe can name it."""
        return calling.commands(self._section(self.environment.oncall, "oncall"), self._require_secret, self._recorder)

    def contact_number(self, contact: Contact) -> Secret:
        """Return a number of the runbook's list."""
        return self._require_secret(contact.number)

    @cached_property
    def postgres(self) -> "PostgresClient":
        """The PostgreSQL client."""
        from apgms_ops.clients.postgres import PostgresClient  # noqa: PLC0415 — heavy

        section: Postgres = self._section(self.environment.postgres, "postgres")
        dsn = self._secret(section.dsn)
        return PostgresClient(dsn=dsn or shells(self.kubernetes, section), recorder=self._recorder)

    @cached_property
    def primary(self) -> "PostgresClient":
        """The database's primary, beside which its backups are taken; what `postgres` leads to may be a replica."""
        from apgms_ops.clients.postgres import PostgresClient  # noqa: PLC0415 — heavy

        via, declared = self._database_backups.via, self.environment.postgres
        if via is None:
            return self.postgres
        known = declared if isinstance(declared, Postgres) and declared.via is not None else None
        there = Postgres(
            via=via,
            role="primary",
            database=known.database if known else None,
            user=known.user if known else None,
        )
        return PostgresClient(dsn=shells(self.kubernetes, there), recorder=self._recorder)

    @cached_property
    def pgbackrest(self) -> "PgbackrestClient":
        """pgBackRest, beside the primary or here."""
        from apgms_ops.clients.pgbackrest import PgbackrestClient, Place  # noqa: PLC0415 — heavy
        from apgms_ops.estate.backing_up import here, in_pods  # noqa: PLC0415 — heavy

        section = self._database_backups
        place = (
            Place(here, section.command, beside=False)
            if section.via is None
            else Place(in_pods(Pods(self.kubernetes, Path.parse(section.via))))
        )
        return PgbackrestClient(place=place, stanza=section.stanza, recorder=self._recorder)

    @property
    def _database_backups(self) -> DatabaseBackups:
        section: Backups = self._section(self.environment.backups, "backups")
        return section.database

    @cached_property
    def prometheus(self) -> "PrometheusClient":
        """The Prometheus client."""
        from apgms_ops.clients.prometheus import PrometheusClient  # noqa: PLC0415 — heavy

        section: Prometheus = self._section(self.environment.prometheus, "prometheus")
        return PrometheusClient(
            url=section.where,
            through=None if section.via is None else through(section.via, self.kubernetes),
            token=self._secret(section.token),
            ca_file=section.ca_file,
            identity_label=section.identity_label,
            recorder=self._recorder,
        )
