"""pgBackRest on the sandbox's PostgreSQL: an encrypted repository in its object store, with a history that is real.

What may enter: finding Debian's pgBackRest, its configuration, and taking backups. What is asked of it later is the
checks' business.
"""

from apgms_ops.sandbox.pgbackrest.component import NAME, Pgbackrest
from apgms_ops.sandbox.pgbackrest.programs import STANZA, command, run

__all__ = ["NAME", "STANZA", "Pgbackrest", "command", "run"]
