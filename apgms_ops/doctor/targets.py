"""The targets of an environment, and how each is asked what it is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.postgres.statement import Kind, Statement
from apgms_ops.doctor import front_door, github, kubernetes, pagerduty
from apgms_ops.doctor.findings import Permission, Told, Wanted
from apgms_ops.environment.model import (
    Absent,
    Environment,
    Github,
    Kafka,
    Kubernetes,
    Oncall,
    Postgres,
    Prometheus,
    Smoke,
)
from apgms_ops.errors import BadAnswer

if TYPE_CHECKING:
    from apgms_ops.deadline import Deadline
    from apgms_ops.estate import Estate
    from apgms_ops.observation import Recorder

Ask = Callable[["Estate", "Recorder", "Deadline"], Told]

_TABLES: Final = ("audit_log", "ledger", "payments", "periods", "schema_migrations")
_READABLE: Final = Statement(
    "what may be read",
    "SELECT name, to_regclass(name) IS NOT NULL,"
    " coalesce(has_table_privilege(to_regclass(name)::oid, 'SELECT'), false)"
    " FROM unnest(string_to_array(%(tables)s, ',')) AS name",
    {"name": Kind.TEXT, "there": Kind.BOOLEAN, "readable": Kind.BOOLEAN},
    {"tables": ",".join(_TABLES)},
)
# The oldest that the clients were tried with.
_PROMETHEUS: Final = (2, 42)
_POSTGRES: Final = (15,)
_KUBERNETES: Final = (1, 27)


@dataclass(frozen=True, slots=True)
class Target:
    """One system that the checks ask."""

    name: str
    section: str
    """The section of the environment that declares it."""
    where: str
    """Its address, for people."""
    wanted: Wanted
    ask: Ask


def targets_of(environment: Environment) -> Iterator[Target]:
    """Yield every target that the environment declares; one that is declared absent is none."""
    identities = environment.identities
    for name, service in environment.services.items():
        for number, url in enumerate(service.urls, start=1):
            wanted = Wanted(identities.services, "identities.services")
            yield Target(f"{name} {number}", "services", str(url), wanted, _replica(name, number))
    if isinstance(environment.kafka, Kafka):
        wanted = Wanted(identities.kafka, "identities.kafka")
        yield Target("kafka", "kafka", environment.kafka.where, wanted, _kafka)
    if isinstance(environment.postgres, Postgres):
        wanted = Wanted(identities.postgres, "identities.postgres", _POSTGRES)
        yield Target("postgres", "postgres", environment.postgres.where, wanted, _postgres)
    if isinstance(environment.prometheus, Prometheus):
        wanted = Wanted(identities.prometheus, "identities.prometheus", _PROMETHEUS)
        yield Target("prometheus", "prometheus", environment.prometheus.where, wanted, _prometheus)
    if isinstance(environment.kubernetes, Kubernetes):
        wanted = Wanted(identities.kubernetes, "identities.kubernetes", _KUBERNETES)
        yield Target("kubernetes", "kubernetes", environment.kubernetes.where, wanted, kubernetes.ask)
    if isinstance(environment.github, Github):
        section, wanted = environment.github, Wanted(identities.github, "identities.github")
        where = f"{section.url}, {section.owner}/{section.repository}"
        yield Target("github", "github", where, wanted, github.ask)
    if isinstance(environment.oncall, Oncall):
        wanted = Wanted(identities.pagerduty, "identities.pagerduty")
        yield Target("pagerduty", "oncall", environment.oncall.url, wanted, pagerduty.ask)
    if isinstance(environment.smoke, Smoke):
        wanted = Wanted(identities.services, "identities.services")
        yield Target("front door", "smoke", environment.smoke.where, wanted, front_door.ask)


def absent_of(environment: Environment) -> Iterator[tuple[str, str]]:
    """Yield the sections that are declared absent, each with its reason."""
    for section in ("kafka", "postgres", "prometheus", "kubernetes", "github", "smoke"):
        declared = getattr(environment, section)
        if isinstance(declared, Absent):
            yield section, declared.absent


def _replica(service: str, number: int) -> Ask:
    def ask(estate: "Estate", _: "Recorder", deadline: "Deadline") -> Told:
        version = estate.gateway.replicas(service)[number - 1].version(deadline)
        if version.service != service:
            msg = f"what answers calls itself {version.service}, not {service}"
            raise BadAnswer(msg)
        return Told(version=version.version, identity=version.environment)

    return ask


def _kafka(estate: "Estate", recorder: "Recorder", deadline: "Deadline") -> Told:
    section = estate.environment.kafka
    names = [group.name for group in section.groups] if isinstance(section, Kafka) else []
    reading = estate.kafka.read(deadline, groups=names, every_group=False)
    (identities, _, _) = recorder.seen
    identity = next((seen.id for seen in identities if seen.system == "kafka"), None)
    permissions = tuple(
        Permission(
            f"DESCRIBE on group {group.name}",
            group.unread is None,
            f"{group.unread}; kafka-acls --add --operation Describe --group {group.name}",
        )
        for group in reading.groups
    )
    return Told(identity=identity, permissions=permissions)


def _postgres(estate: "Estate", _: "Recorder", deadline: "Deadline") -> Told:
    before = datetime.now(UTC)
    with estate.postgres.snapshot(deadline) as snapshot:
        between = before + (datetime.now(UTC) - before) / 2
        rows = snapshot.rows(_READABLE, deadline)
    server = snapshot.server
    permissions = tuple(
        Permission(f"SELECT on {row.text('name')}", row.truth("readable"), _grant(row.text("name"), row.truth("there")))
        for row in rows
    )
    return Told(server.version, server.system_id, server.now - between, permissions)


def _grant(table: str, there: bool) -> str:  # noqa: FBT001 — what the row says
    return f"GRANT SELECT ON {table} TO the role" if there else "there is no such table in this database"


def _prometheus(estate: "Estate", _: "Recorder", deadline: "Deadline") -> Told:
    client = estate.prometheus
    identity = client.identity(deadline)
    version = client.build(deadline).version
    before = datetime.now(UTC)
    clock = client.server_time(deadline)
    between = before + (clock.ours - before) / 2
    return Told(version, identity, clock.server - between, (Permission("queries", granted=True, grant=""),))
