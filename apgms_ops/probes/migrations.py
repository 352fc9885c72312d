"""Runbook, Deployment Procedure, step 4: which changes of the database's schema are applied."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.postgres import Kind, Statement
from apgms_ops.deadline import Deadline
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.database import require_current
from apgms_ops.probes.probe import probe

if TYPE_CHECKING:
    from apgms_ops.clients.postgres import PostgresClient

_APPLIED: Final = Statement(
    "applied migrations",
    "SELECT version::text, applied_at FROM schema_migrations ORDER BY applied_at, version",
    {"version": Kind.TEXT, "applied_at": Kind.TIME},
)


@dataclass(frozen=True, slots=True)
class Applied:
    """One change of the schema."""

    version: str
    at: datetime | None
    """None where that was not written down."""


@dataclass(frozen=True, slots=True)
class Migrations:
    """The changes that the database has been through."""

    at: datetime
    """The database's clock."""
    applied: tuple[Applied, ...]

    def missing(self, needed: Iterable[str]) -> Findings:
        """Say which of the needed changes are not applied.

        Raises:
            Unobserved: It is not declared what is needed.
        """
        wanted = tuple(needed)
        if not wanted:
            msg = "deployment.migrations is not declared: nobody says which migrations the release needs"
            raise Unobserved(msg)
        there = {one.version for one in self.applied}
        last = self.applied[-1].version if self.applied else "none at all"
        return Findings(
            f"migration {version} is not applied; the last one that is: {last}"
            for version in wanted
            if version not in there
        )


@probe(deadline=20.0)
def migrations(postgres: "PostgresClient", deadline: Deadline) -> Migrations:
    """Every migration that the database says it has been through."""
    with postgres.snapshot(deadline) as snapshot:
        require_current(snapshot.server)
        rows = snapshot.rows(_APPLIED, deadline)
        applied = tuple(Applied(row.text("version"), row.time_or_none("applied_at")) for row in rows)
        return Migrations(snapshot.server.now, applied)
