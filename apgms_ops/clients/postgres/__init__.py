"""PostgreSQL, read in one snapshot at a time over libpq: rows as typed values, and every reason not to believe them.

Statements are written by those who ask; what their rows mean is not for here to say.
"""

from apgms_ops.clients.postgres.client import PostgresClient
from apgms_ops.clients.postgres.facts import Row, Server
from apgms_ops.clients.postgres.statement import Kind, Statement

__all__ = ["Kind", "PostgresClient", "Row", "Server", "Statement"]
