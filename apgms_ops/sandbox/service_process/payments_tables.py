"""The tables that the payments service has for itself beside the platform's."""

from typing import Final

from apgms_ops.sandbox.service_process.database import Database
from apgms_ops.sandbox.service_process.tenants import CUSTOMERS

_TABLES: Final = """
SELECT pg_advisory_xact_lock(hashtext('payments tables'));
CREATE TABLE IF NOT EXISTS idempotency (
  org_id text NOT NULL,
  key text NOT NULL,
  request text NOT NULL,
  status integer NOT NULL,
  answer text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, key)
);
CREATE TABLE IF NOT EXISTS outbox (
  id bigserial PRIMARY KEY,
  topic text NOT NULL,
  event text NOT NULL
);
CREATE INDEX IF NOT EXISTS ledger_period ON ledger (abn, tax_type, period);
CREATE INDEX IF NOT EXISTS payments_waiting ON payments (requested_at)
  WHERE reconciled_at IS NULL AND state <> 'FAILED';
"""
"""What was answered under an idempotency key, and events that are told to the broker after the commit."""
_CUSTOMER: Final = (
    "INSERT INTO employers (abn, legal_name, status, synthetic) VALUES (%s, %s, 'active', false) ON CONFLICT DO NOTHING"
)


def make(database: Database) -> None:
    """Make the tables that are not there, and register the customers.

    Raises:
        Unavailable: The database is away.
    """
    with database.transaction() as connection:
        connection.execute(_TABLES)
        for customer in sorted(CUSTOMERS.items()):
            connection.execute(_CUSTOMER, customer)
