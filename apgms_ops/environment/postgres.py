"""The platform's database, as the checks reach it."""

from typing import Literal, Self

from pydantic import model_validator

from apgms_ops.environment.types import Model, SecretRef, Text
from apgms_ops.environment.via import ExecVia


class Postgres(Model):
    """The database, read only. Either `dsn` or `via` says where it is."""

    dsn: SecretRef | None = None
    """libpq's connection string, for a role that may only read; it holds a password, so it is a secret."""
    via: ExecVia | None = None
    """The workload in whose pods `psql` is run."""
    role: Literal["primary", "replica"] | None = None
    """Which of its servers is asked with `via`, where not the replica; each says itself what it is."""
    database: Text | None = None
    """The database that `psql` connects to with `via`, where it is not called `apgms`."""
    user: Text | None = None
    """The role that `psql` connects as with `via`, where not `postgres`."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.dsn is None) == (self.via is None):
            msg = "expected either dsn or via"
            raise ValueError(msg)
        if self.dsn is not None and (self.role or self.database or self.user):
            msg = "role, database and user belong to via: a dsn holds its own"
            raise ValueError(msg)
        return self

    @property
    def where(self) -> str:
        """Its address, for people."""
        return str(self.dsn or self.via)
