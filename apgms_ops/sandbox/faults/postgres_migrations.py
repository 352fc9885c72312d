"""A database that has not been through a migration which the release needs."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import deployment_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.payments_tools import tables
from apgms_ops.sandbox.postgres import NAME
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_VERSION: Final = "0004_payments"


class MigrationMissing(Fault):
    """The pods are new, and the job that should have gone before them was not run."""

    id = "deployment-migration-missing"
    title = "The last migration that the release needs was not applied."
    component = NAME
    expected: ClassVar[Mapping[str, Verdict]] = {tools.MIGRATED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Take it out of the table of those that are applied."""
        statement = "DELETE FROM schema_migrations WHERE version = %s RETURNING applied_at::text"
        with tables(world, deadline) as connection:
            row = connection.execute(statement, (_VERSION,)).fetchone()
        return {"at": row[0] if row else None}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Put it back, as of when it was applied."""
        statement = (
            "INSERT INTO schema_migrations (version, applied_at) VALUES (%s, coalesce(%s::timestamptz, now()))"
            " ON CONFLICT (version) DO NOTHING"
        )
        with tables(world, deadline) as connection:
            connection.execute(statement, (_VERSION, memo["at"]))


FAULTS: tuple[type[Fault], ...] = (MigrationMissing,)
