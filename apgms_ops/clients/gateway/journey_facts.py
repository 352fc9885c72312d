"""What the front door says to a customer, as frozen data."""

from dataclasses import dataclass, field
from datetime import datetime

Scalar = str | int | bool | None
"""A field of an answer. A number that is not whole, or beyond 2^53, is kept as text that says so."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One request, and what came of it."""

    step: str
    """The step of the journey that it is part of."""
    name: str
    """Its own name within the journey: `deposit-2`."""
    what: str
    """Method and path: `POST /v1/deposits`."""
    correlation_id: str
    at: datetime
    """When it was sent, by our clock."""
    took: float
    """Seconds until the last byte."""
    status: int | None = None
    """None where there was no answer."""
    tls: str | None = None
    """The version of TLS that was negotiated: `TLSv1.3`."""
    date: datetime | None = None
    """When it was answered, by the platform's clock, to the second (header `Date`)."""
    fields: dict[str, Scalar] = field(default_factory=dict)
    """The scalar fields of the answer; never a token."""
    trouble: str | None = None
    """Why there was no answer, or why it could not be read."""


@dataclass(frozen=True, slots=True)
class TokenSeen:
    """What an access token says of itself; nobody has verified its signature here."""

    algorithm: str
    claims: tuple[str, ...]
    """The names of its claims."""
    subject: str | None
    """Whose it is, as the platform knows them."""
    organisation: str | None
    factors: tuple[str, ...]
    """`amr`: how its bearer showed who it is."""
    issued_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A row of an account, as the API tells it."""

    id: int | str
    period: str
    amount_cents: Scalar
    balance_after_cents: Scalar
    prev_hash: str
    hash: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An entry of the audit log, as the API tells it."""

    seq: int
    event_id: str
    org_id: str
    actor_id: str
    action: str
    at: str
    """As it was written: its text is part of what is hashed."""
    prev_hash: str
    hash: str
    computed: str | None
    """The hash of what was told; None where the payload was not told."""
