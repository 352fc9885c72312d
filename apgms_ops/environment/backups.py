"""What is kept to restore from: the bucket, the database's backups, Kafka's snapshots, and how good they must be."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from apgms_ops.environment.evidence import Prefix
from apgms_ops.environment.smoke import HttpsUrl
from apgms_ops.environment.types import (
    Count,
    Duration,
    Expected,
    Limit,
    Model,
    Name,
    Ratio,
    SecretRef,
    Seq,
    Text,
    TopicName,
)
from apgms_ops.environment.via import ExecVia

Stanza = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$"),
    Expected("the name of a stanza of pgBackRest, such as apgms"),
]
Region = Annotated[
    str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$"), Expected("a region of AWS, such as ap-southeast-2")
]

TableName = Annotated[
    str,
    Field(pattern=r"^[a-z_][a-z0-9_]{0,62}\.[a-z_][a-z0-9_]{0,62}$"),
    Expected("a table with its schema, such as public.outbox"),
]


class DatabaseRestore(Model):
    """Where `apgms-ops drill restore-database` rehearses a restore: on the machine on which it is run."""

    scratch: Text
    """Folder in which the drill makes one of its own, and removes it; never that of a server."""
    config: Text
    """pgBackRest's configuration file there; it holds the repository's key and its own, and may only read."""
    programs: Text
    """Folder of PostgreSQL's programs, of the major version of the backups."""
    pgbackrest: Text = "pgbackrest"
    """The program."""
    run_with: Seq[Text] = ()
    """What is put before each command, such as `runuser -u postgres --`: PostgreSQL does not run as root."""
    emptied: Seq[TableName] = ()
    """Tables, with their schema, that are empty now and then, such as queues: they may come back so."""
    database: Text = "apgms"
    """The database that is looked into once it is restored."""
    user: Text = "postgres"
    """The role that does it; the scratch server trusts whoever may read its socket's folder."""


class Heartbeat(Model):
    """A row that the platform writes all the time: how much a restore loses is read off the newest one in it."""

    table: Annotated[
        str,
        Field(pattern=r"^[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?$"),
        Expected("a table, such as backup_heartbeats or ops.heartbeats"),
    ]
    """The table."""
    column: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$"), Expected("a column, such as at")]
    """Its column of type timestamptz: when the row was written."""


class DatabaseBackups(Model):
    """pgBackRest's repository in the bucket. Either `via` or `command` says how it is asked."""

    stanza: Stanza
    """The stanza."""
    via: ExecVia | None = None
    """The workload in whose pods pgBackRest is run: in that of the primary, which is looked for."""
    command: Seq[Text] = ()
    """pgBackRest on this machine, with the options that it needs: `["pgbackrest", "--config=…"]`."""
    repository: Count = 1
    """The number, in pgBackRest's configuration, of the repository in this bucket: `1` of `repo1-path`."""
    prefix: Prefix = "pgbackrest"
    """`repo1-path` without the / before it: what its objects' names begin with."""
    newest: Limit[Duration]
    """How old the newest backup may be."""
    newest_full: Limit[Duration]
    """How old the newest full backup may be."""
    archived: Limit[Duration]
    """How old the newest archived segment of the write-ahead log may be."""
    waiting: Limit[Count]
    """Segments of the write-ahead log that may wait to be archived."""
    verified: Limit[Duration]
    """How old the last recorded verification of every file in the repository may be (`apgms-ops backups verify`)."""
    drilled: Limit[Duration]
    """How old the last restore drill may be."""
    recovery_point: Limit[Duration]
    """How much a restore may lose (RPO)."""
    recovery_time: Limit[Duration]
    """How long a restore may take (RTO)."""
    heartbeat: Heartbeat
    """What a restore drill looks for."""
    restore: DatabaseRestore | None = None
    """Where restores are rehearsed."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.via is None) == (not self.command):
            msg = "expected either via or command"
            raise ValueError(msg)
        return self


class Snapshots(Model):
    """Kafka's nightly snapshots in the bucket."""

    prefix: Prefix = "kafka"
    """What their objects' names begin with."""
    newest: Limit[Duration]
    """How old the newest snapshot of a topic may be."""
    lacking: Limit[Ratio]
    """Share of a partition's offsets for which a snapshot may hold no record: markers of transactions take some."""
    compacted: Seq[TopicName] = ()
    """Topics of which the broker keeps the newest record of a key alone, so that most offsets hold none."""
    cron_job: Name = "kafka-snapshot"
    """The CronJob that takes them, in the platform's namespace."""
    restore_job: Name = "kafka-restore"
    """The Job whose template a restore is made from, in the platform's namespace."""
    drilled: Limit[Duration]
    """How old the last drill of a topic's restore may be."""


class Backups(Model):
    """The bucket of the backups, as somebody who may read it, and what lies in it."""

    url: HttpsUrl | None = None
    """The S3 endpoint; AWS's own for the region where it is left out."""
    region: Region
    """The bucket's region."""
    bucket: Text
    """The bucket; versioned, encrypted, not public."""
    access_key_id: SecretRef
    """Access key id: of somebody who may read, and no more."""
    secret_access_key: SecretRef
    """Secret access key."""
    ca_file: Text | None = None
    """Certificate authority of the endpoint, a PEM file; the system's where it is left out."""
    onshore: Annotated[Seq[Region], Field(min_length=1)]
    """Regions in which backups, and copies of them, may lie."""
    replicated: bool = False
    """Whether the bucket must be replicated to another region."""
    database: DatabaseBackups
    """The database's backups."""
    kafka: Snapshots
    """Kafka's snapshots."""

    @property
    def via(self) -> str | None:
        """The access path of what is asked through the cluster."""
        return self.database.via
