"""Runbook, Backups, step 1: what lies in the bucket of the backups, the newest and the oldest looked at one by one."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.objectstore import NotThere
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.probe import probe
from apgms_ops.probes.rehearsals import declared
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from apgms_ops.clients.objectstore import Listed, ObjectStoreClient

_OF: Final = 10
"""Newest objects, and as many oldest, that are looked at one by one under each prefix."""
_AT_ONCE: Final = 8
"""Requests at once."""
_MOST: Final = 1_000_000
"""Objects that are listed under a prefix: a thousand requests."""
_ENCRYPTED: Final = frozenset({"AES256", "aws:kms", "aws:kms:dsse", "aws:fsx"})
"""The algorithms by which S3 encrypts."""
_NAMED: Final = 3
"""Objects of a prefix that are named; of more there is a count."""


@dataclass(frozen=True, slots=True)
class Looked:
    """An object that was looked at by itself."""

    key: str
    size: int
    """Bytes."""
    modified: datetime
    encryption: str | None
    """The algorithm by which the store encrypted it; None: it did not."""
    replication: str | None
    """How far it is copied, in S3's words; None: no rule is about it."""


@dataclass(frozen=True, slots=True)
class Under:
    """What lies under a prefix."""

    prefix: str
    count: int
    """Objects that are there."""
    size: int
    """Bytes of them all."""
    looked: tuple[Looked, ...]
    """The newest and the oldest, in the order of their names; one that went away meanwhile is not among them."""


@dataclass(frozen=True, slots=True)
class BackupObjects:
    """What lies under each prefix at which something is to be."""

    at: datetime
    """When it was read."""
    place: str
    under: tuple[Under, ...]

    def plain(self) -> Findings:
        """Say which objects are not encrypted, however the bucket is set up: it may have been so only later.

        Raises:
            Unobserved: There is nothing to look at where backups are to be, and none of the others is plain.
        """
        found = Findings(self._plain())
        if not found:
            self._require_something()
        return found

    def _plain(self) -> Iterator[str]:
        for under in self.under:
            plain = [one for one in under.looked if one.encryption not in _ENCRYPTED]
            yield from _some(
                (f"{printable(one.key, limit=120)} ({_said(one)}, of {one.modified:%Y-%m-%d})" for one in plain),
                f"of {len(under.looked)} objects looked at in {self.place}/{under.prefix}/ are not encrypted:",
            )

    def uncopied(self, environment: Environment) -> Findings:
        """Say which objects S3 could not copy, whatever the rules say, where the environment asks for copies.

        Raises:
            Unobserved: There is nothing to look at where backups are to be, and no copy of the others has failed.
        """
        if not declared(environment).replicated:
            return Findings()
        found = Findings(self._uncopied())
        if not found:
            self._require_something()
        return found

    def _uncopied(self) -> Iterator[str]:
        for under in self.under:
            failed = [one for one in under.looked if one.replication == "FAILED"]
            yield from _some(
                (printable(one.key, limit=120) for one in failed),
                f"of {len(under.looked)} objects looked at in {self.place}/{under.prefix}/ could not be copied:",
            )

    def _require_something(self) -> None:
        for under in self.under:
            if not under.looked:
                msg = f"there is nothing in {self.place}/{under.prefix}/ to look at, and backups are to be there"
                raise Unobserved(msg)


def _said(one: Looked) -> str:
    return "not at all" if one.encryption is None else f'"{printable(one.encryption, limit=30)}"'


def _some(names: Iterable[str], what: str) -> Iterator[str]:
    """Yield one sentence about them, where there are any."""
    listed = list(names)
    if listed:
        more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
        yield f"{len(listed)} {what} {', '.join(listed[:_NAMED])}{more}"


@probe(deadline=120.0)
def backup_objects(backups: "ObjectStoreClient", environment: Environment, deadline: Deadline) -> BackupObjects:
    """How much lies in the bucket of the backups, and how the newest and the oldest objects are kept."""
    section = declared(environment)
    prefixes = dict.fromkeys((section.database.prefix, section.kafka.prefix))
    return BackupObjects(
        at=datetime.now(UTC),
        place=backups.source,
        under=tuple(_under(backups, prefix, deadline) for prefix in prefixes),
    )


def _under(store: "ObjectStoreClient", prefix: str, deadline: Deadline) -> Under:
    found = store.survey(f"{prefix}/", deadline, of=_OF, most=_MOST)
    ends = {one.key: one for one in (*found.newest, *found.oldest)}

    def look(one: "Listed") -> Looked | None:
        try:
            stored = store.stored(one.key, deadline, digest=False)
        except NotThere:  # backups expire: it went away since it was listed
            return None
        return Looked(one.key, stored.size, stored.modified, stored.encryption, stored.replication)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        looked = tuple(one for one in pool.map(look, (ends[key] for key in sorted(ends))) if one is not None)
    return Under(prefix, found.count, found.size, looked)
