"""Backups, step 1: which backups the repository says it has, and which of their files are really there."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.objectstore import NotThere
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.probes.backup_facts import BackupHistory
from apgms_ops.probes.probe import probe
from apgms_ops.probes.rehearsals import declared

if TYPE_CHECKING:
    from apgms_ops.clients.objectstore import ObjectStoreClient
    from apgms_ops.clients.pgbackrest import Backup, PgbackrestClient
    from apgms_ops.clients.postgres import PostgresClient

_MANIFEST: Final = "backup.manifest"
_AT_ONCE: Final = 8
"""Requests at once."""


@probe(deadline=60.0)
def backup_history(
    pgbackrest: "PgbackrestClient",
    primary: "PostgresClient",
    backups: "ObjectStoreClient",
    environment: Environment,
    deadline: Deadline,
) -> BackupHistory:
    """What `pgbackrest info` says, the running primary, and which backups have their list of files in the bucket."""
    section = declared(environment).database
    stanza = pgbackrest.info(deadline)
    server = primary.server(deadline)

    def is_held(backup: "Backup") -> bool:
        # One object a backup: the files that it lists are for `verify` to read.
        key = f"{section.prefix}/backup/{section.stanza}/{backup.label}/{_MANIFEST}"
        try:
            return backups.stored(key, deadline).size > 0
        except NotThere:
            return False

    ours = [backup for backup in stanza.backups if backup.repository == section.repository]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        held = list(pool.map(is_held, ours))
    return BackupHistory(
        at=datetime.now(UTC),
        database_clock=server.now,
        system_id=server.system_id,
        version=server.version.partition(".")[0],
        stanza=stanza,
        repository=section.repository,
        held=tuple(backup.label for backup, there in zip(ours, held, strict=True) if there),
    )
