"""What the faults of the object store have in common."""

from collections.abc import Mapping
from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.objectstore import NAME
from apgms_ops.sandbox.world import World

_FILE: Final = "checks/compliance/test_retention.py"
PROTECTED: Final = f"{_FILE}::test_the_archive_protects_what_is_in_it"
ARCHIVED: Final = f"{_FILE}::test_every_sealed_run_is_archived"
LOSABLE: Final = f"{_FILE}::test_archived_runs_cannot_be_lost"
ALL: Final = (PROTECTED, ARCHIVED, LOSABLE)
COMPLIANCE: Final = "checks/compliance/"
"""The only checks that ask for the evidence's bucket."""
_BUCKET: Final = "checks/backups/test_backup_bucket.py"
ONSHORE: Final = f"{_BUCKET}::test_the_bucket_of_the_backups_is_onshore"
COPIES_ONSHORE: Final = f"{_BUCKET}::test_copies_of_the_backups_stay_onshore"
COPIED: Final = f"{_BUCKET}::test_the_backups_are_copied_where_that_is_asked_for"
NOT_PUBLIC: Final = f"{_BUCKET}::test_the_bucket_of_the_backups_is_not_public"
ENCRYPTS: Final = f"{_BUCKET}::test_the_bucket_of_the_backups_encrypts"
ENCRYPTED: Final = f"{_BUCKET}::test_the_backups_in_the_bucket_are_encrypted"
VERSIONED: Final = f"{_BUCKET}::test_what_is_written_over_can_be_had_back"
NOT_AGED_AWAY: Final = f"{_BUCKET}::test_no_rule_takes_backups_away"
BACKUPS: Final = (
    ONSHORE,
    COPIES_ONSHORE,
    COPIED,
    NOT_PUBLIC,
    ENCRYPTS,
    ENCRYPTED,
    VERSIONED,
    NOT_AGED_AWAY,
)
"""The checks that ask for the backups' bucket, and so come to UNKNOWN where the store does not answer."""
EVERYWHERE: Final = f"{COMPLIANCE} checks/backups/"
"""The only checks that ask it for anything."""


def order(world: World, path: str, body: Mapping[str, Any], deadline: Deadline) -> Any:  # noqa: ANN401 — JSON
    """Give the store an order."""
    return require(world.port(f"{NAME}.control"), path, deadline, dict(body))
