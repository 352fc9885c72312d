"""What `pgbackrest info` says, as frozen data; times are aware.

Source: pgBackRest's command reference, `info --output=json`, and src/command/info/info.c for the codes.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Code(Enum):
    """What a status code says; every one that pgBackRest has, and one for those that it may yet get."""

    OK = 0
    MISSING_STANZA_PATH = 1
    NO_VALID_BACKUP = 2
    MISSING_STANZA_DATA = 3
    MIXED = 4
    DATABASE_MISMATCH = 5
    NO_SUCH_BACKUP = 6
    OTHER = 99
    """It could not be looked into; the message says why."""
    UNKNOWN = -1


class Kind(Enum):
    """Of a backup: all of it, what differs from the last full one, what differs from the last one."""

    FULL = "full"
    DIFFERENTIAL = "diff"
    INCREMENTAL = "incr"


@dataclass(frozen=True, slots=True)
class Status:
    """Of a stanza, or of one repository of it."""

    code: Code
    number: int
    """As it was said."""
    message: str


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository of a stanza."""

    key: int
    """Its number in the configuration."""
    cipher: str
    """`none`, or by what it is encrypted."""
    status: Status


@dataclass(frozen=True, slots=True)
class Database:
    """A cluster that backups were taken of; there is another with each upgrade, or where it was made anew."""

    id: int
    repository: int
    system_id: str
    version: str
    """The major version."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The archive of one database's write-ahead log. Its bounds say nothing of what is missing between them."""

    id: str
    """Its folder: `15-1`."""
    database: int
    repository: int
    oldest: str | None
    """Name of a segment; None: there is none."""
    newest: str | None


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup that ended well enough to be listed. One that failed is not."""

    label: str
    kind: Kind
    database: int
    repository: int
    started: datetime
    stopped: datetime
    first_segment: str | None
    """Of the write-ahead log without which it cannot be restored; None: it was taken of a stopped database."""
    last_segment: str | None
    prior: str | None
    """The backup that it differs from."""
    references: tuple[str, ...]
    """All the backups whose files it needs."""
    page_errors: bool | None
    """Whether pages failed their checksums; None: nobody knows."""
    size: int
    """Bytes of the database."""
    stored: int
    """Bytes that it added to the repository."""


@dataclass(frozen=True, slots=True)
class Stanza:
    """All that is known of one database cluster's backups."""

    name: str
    status: Status
    cipher: str
    repositories: tuple[Repository, ...]
    databases: tuple[Database, ...]
    archives: tuple[Archive, ...]
    backups: tuple[Backup, ...]
    """In the order in which they were taken, oldest first."""
    backing_up: bool
    """Whether a backup is under way."""
