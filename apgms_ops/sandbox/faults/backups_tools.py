"""What the faults of backups have in common: the checks that ask of them, and ways to change the repository."""

import json
from collections.abc import Callable
from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import verified
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.objectstore import BACKUPS as BUCKET
from apgms_ops.sandbox.objectstore import NAME as OBJECTSTORE
from apgms_ops.sandbox.pgbackrest import programs
from apgms_ops.sandbox.pgbackrest.archiving import await_archived
from apgms_ops.sandbox.state import write_atomically
from apgms_ops.sandbox.world import World

VERIFY_BACKUPS: Final = "verify-backups"
"""The kind of record."""
FOLDER: Final = "checks/backups/"
_FILE: Final = f"{FOLDER}test_database_backups.py"
WELL: Final = f"{_FILE}::test_the_repository_is_well"
NEWEST: Final = f"{_FILE}::test_the_newest_backup_is_fresh"
FULL: Final = f"{_FILE}::test_the_newest_full_backup_is_fresh"
PAGES: Final = f"{_FILE}::test_no_backup_holds_bad_pages"
LACKS: Final = f"{_FILE}::test_no_backup_lacks_another"
CLUSTER: Final = f"{_FILE}::test_backups_are_of_the_cluster_that_runs"
ENCRYPTED: Final = f"{_FILE}::test_the_repository_is_encrypted"
GAP: Final = f"{_FILE}::test_the_write_ahead_log_has_no_gap"
ARCHIVED: Final = f"{_FILE}::test_the_write_ahead_log_is_archived_at_once"
VERIFIED: Final = f"{_FILE}::test_every_file_of_the_repository_was_verified"
HISTORY: Final = (WELL, NEWEST, FULL, PAGES, LACKS, CLUSTER, ENCRYPTED)
"""What is judged by pgBackRest's own word for its backups."""
ARCHIVE: Final = (GAP, ARCHIVED)
DATABASE: Final = (*HISTORY, *ARCHIVE)
"""What is asked beside the primary, through the cluster."""
RESTORED: Final = f"{FOLDER}test_drills.py::test_a_restore_of_the_database_was_rehearsed"
_TOPIC: Final = f"{FOLDER}test_drills.py::test_a_restore_of_a_topic_was_rehearsed"
RECORDS: Final = (VERIFIED, RESTORED, _TOPIC)
"""What is judged by the records in the archive."""
ALL: Final = (*DATABASE, *RECORDS)
"""What asks the object store."""


def order(world: World, path: str, deadline: Deadline, **body: Any) -> Any:  # noqa: ANN401 — JSON
    """Give the object store an order about the bucket of the backups."""
    return require(world.port(f"{OBJECTSTORE}.control"), path, deadline, {"bucket": BUCKET, **body})


def verify(world: World, deadline: Deadline, *, sound: bool) -> None:
    """Have every file verified, as somebody does every week.

    Raises:
        SandboxError: It came to something else.
    """
    verified.operate(world, verified.VERIFY, deadline, codes=(0,) if sound else (1,))


def forget_verifications(world: World, deadline: Deadline) -> None:
    """Have the archive forget that anything was ever verified."""
    body = {"prefix": f"drills/sandbox/{VERIFY_BACKUPS}/"}
    require(world.port(f"{OBJECTSTORE}.control"), "/forget", deadline, body)


def newest_label(world: World, deadline: Deadline) -> str:
    """Return the label of the newest backup."""
    (stanza,) = json.loads(programs.run(world, "info", "--output=json", deadline=deadline))
    return str(stanza["backup"][-1]["label"])


def segment_key(segment: str) -> str:
    """Return what the name of a segment's object begins with."""
    return f"{programs.PREFIX}/archive/{programs.STANZA}/15-1/{segment[:16]}/{segment}-"


def with_options(world: World, change: Callable[[str], str]) -> str:
    """Change the configuration by which pgBackRest is run beside the primary, and return what it was."""
    file = programs.config(world, programs.WRITER)
    before = file.read_text(encoding="utf-8")
    write_atomically(file, change(before))
    return before


def restore_options(world: World, before: str, deadline: Deadline) -> None:
    """Give the configuration back, and return once the primary archives again."""
    write_atomically(programs.config(world, programs.WRITER), before)
    await_archived(world, deadline)
