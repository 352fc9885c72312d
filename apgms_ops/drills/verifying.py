"""Every file of the database's repository, read and compared with its checksum; recorded as a rehearsal is."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from apgms_ops.deadline import Deadline
from apgms_ops.errors import Unobserved
from apgms_ops.evidence.rehearsal import VERIFY_BACKUPS, Rehearsal

if TYPE_CHECKING:
    from apgms_ops.clients.pgbackrest import PgbackrestClient, Verification


def verify(
    pgbackrest: "PgbackrestClient", environment: str, stanza: str, by: str, deadline: Deadline
) -> tuple[Rehearsal, bool]:
    """Verify a repository, and return what came of it, and whether that could be found out.

    Args:
        pgbackrest: Who verifies.
        environment: The environment's name.
        stanza: Whose backups.
        by: The user and the machine.
        deadline: For all of it: as long as reading everything takes.
    """
    began = datetime.now(UTC)
    figures: dict[str, str] = {}
    known = True
    try:
        found = pgbackrest.verify(deadline)
        problems, figures = tuple(found.problems()), _figures(found)
    except Unobserved as error:
        problems, known = (f"could not be found out: {error}",), False
    return Rehearsal(VERIFY_BACKUPS, environment, stanza, began, datetime.now(UTC), problems, figures, by), known


def _figures(found: "Verification") -> dict[str, str]:
    backups = [one for one in found.examined if one.backup]
    archives = [one for one in found.examined if not one.backup]
    return {
        "backups": str(len(backups)),
        "files of backups": f"{sum(one.valid for one in backups)} of {sum(one.checked for one in backups)} valid",
        "segments of the write-ahead log": f"{sum(one.valid for one in archives)}"
        f" of {sum(one.checked for one in archives)} valid",
    }
