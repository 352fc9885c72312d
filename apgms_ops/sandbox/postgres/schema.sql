-- The platform's tables. Money is integer cents, times carry their zone.

CREATE TABLE schema_migrations (
  version text PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- `payload` is json, not jsonb: it keeps the canonical text that was hashed. Hashes may be NULL and ids may repeat as far
-- as the database is concerned: that they do not is for the writer to see to, and for the checks to find out.
CREATE TABLE audit_log (
  seq bigserial PRIMARY KEY,
  event_id text NOT NULL,
  org_id text NOT NULL,
  actor_id text NOT NULL,
  action text NOT NULL,
  at timestamptz NOT NULL,
  payload json NOT NULL,
  prev_hash text,
  hash text
);
CREATE INDEX audit_log_event_id ON audit_log (event_id);
CREATE INDEX audit_log_at ON audit_log (at);
CREATE INDEX audit_log_correlation ON audit_log ((payload ->> 'correlationId'));

CREATE TABLE employers (
  abn text PRIMARY KEY,
  legal_name text NOT NULL,
  status text NOT NULL,
  synthetic boolean NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE periods (
  abn text NOT NULL,
  tax_type text NOT NULL CHECK (tax_type IN ('PAYGW', 'GST')),
  period text NOT NULL,
  state text NOT NULL CHECK (state IN ('OPEN', 'CLOSED', 'PAID', 'BLOCKED_DISCREPANCY')),
  PRIMARY KEY (abn, tax_type, period)
);

CREATE TABLE ledger (
  id bigserial PRIMARY KEY,
  abn text NOT NULL,
  tax_type text NOT NULL CHECK (tax_type IN ('PAYGW', 'GST')),
  period text NOT NULL,
  amount_cents bigint NOT NULL,
  balance_after_cents bigint NOT NULL,
  prev_hash text NOT NULL,
  hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ledger_account ON ledger (abn, tax_type, id);

CREATE TABLE payments (
  id text PRIMARY KEY,
  ledger_id bigint NOT NULL REFERENCES ledger (id),
  state text NOT NULL CHECK (state IN ('PREPARED', 'SENT', 'ACK', 'FAILED')),
  requested_at timestamptz NOT NULL DEFAULT now(),
  reconciled_at timestamptz,
  idempotency_key text NOT NULL
);
CREATE INDEX payments_ledger ON payments (ledger_id);
CREATE INDEX payments_unreconciled ON payments (requested_at) WHERE reconciled_at IS NULL;

-- What a restored database is looked through for: how new its newest row is says how much was lost.
CREATE TABLE backup_heartbeats (
  at timestamptz PRIMARY KEY
);

INSERT INTO schema_migrations (version) VALUES
  ('0001_audit_log'), ('0002_employers'), ('0003_ledger'), ('0004_payments');
