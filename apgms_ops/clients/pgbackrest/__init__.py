"""pgBackRest: what its repository holds, and whether all of it is sound.

What may enter: its commands, run beside the database or here, and their answers as facts. What good enough is, the
checks say: `info` is ok over a gap in the archive, and `verify` ends well whatever it found.
"""

from apgms_ops.clients.pgbackrest.client import Host, PgbackrestClient, Place, Ran
from apgms_ops.clients.pgbackrest.facts import Archive, Backup, Code, Database, Kind, Repository, Stanza, Status
from apgms_ops.clients.pgbackrest.verification import Examined, Verification

__all__ = [
    "Archive",
    "Backup",
    "Code",
    "Database",
    "Examined",
    "Host",
    "Kind",
    "PgbackrestClient",
    "Place",
    "Ran",
    "Repository",
    "Stanza",
    "Status",
    "Verification",
]
