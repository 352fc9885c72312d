"""PostgreSQL in the sandbox: a primary, one streaming replica, and the platform's tables.

What may enter: finding and running Debian's PostgreSQL, its roles and its schema. What is written into the tables is
the services' business.
"""

from apgms_ops.sandbox.postgres.component import NAME, PRIMARY, REPLICA, Postgres, launch, owner_dsn

__all__ = ["NAME", "PRIMARY", "REPLICA", "Postgres", "launch", "owner_dsn"]
