"""Answers of the front door → facts, or `BadAnswer` that names the place. Pure."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from apgms_ops.clients.gateway.journey_facts import AuditEvent, LedgerRow, Scalar
from apgms_ops.clients.http.answer import Answer
from apgms_ops.clients.http.shape import field, list_field, mapping, rfc3339, text_field, wrong
from apgms_ops.observation import canonical
from apgms_ops.redact import names_a_secret

_LONGEST: Final = 300
"""Characters of a field that are kept."""
_LARGEST: Final = 2**53 - 1


def json_of(answer: Answer) -> object:
    """Return the body of an answer; None of one that has none.

    Raises:
        BadAnswer: It has one, and that is no JSON.
    """
    return answer.json() if answer.body else None


def fields(data: object) -> dict[str, Scalar]:
    """Return the scalar fields of an answer, but none that holds a secret. What is no whole number is kept as text."""
    if not isinstance(data, dict):
        return {}
    return {
        str(name)[:_LONGEST]: scalar(value)
        for name, value in data.items()
        if not isinstance(value, dict | list) and not names_a_secret(str(name))
    }


def scalar(value: object) -> Scalar:
    """Return a field's value; a number that is not whole as text, which no amount of cents is."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()[:_LONGEST]
    if isinstance(value, int) and abs(value) <= _LARGEST:
        return value
    return f"{value!r}, which is no whole number of a sane size"[:_LONGEST]


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """Return when an answer says that it was made; None where it does not, or says nonsense."""
    try:
        at = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def ledger(data: object) -> tuple[LedgerRow, ...]:
    """Return the rows of an account, as they came: oldest first.

    Raises:
        BadAnswer: It is of another shape.
    """
    answer = mapping(data, "ledger")
    name = "rows" if "rows" in answer else "entries"
    return tuple(_row(item, f"ledger.{name}[{n}]") for n, item in enumerate(list_field(answer, name, "ledger")))


def _row(item: object, where: str) -> LedgerRow:
    row = mapping(item, where)
    identity = field(row, "id", where)
    if isinstance(identity, bool) or not isinstance(identity, int | str):
        wrong(f"{where}.id", "a number or a text", identity)
    return LedgerRow(
        id=identity,
        period=text_field(row, "period", where),
        amount_cents=scalar(field(row, "amountCents", where)),
        balance_after_cents=scalar(field(row, "balanceAfterCents", where)),
        prev_hash=text_field(row, "prevHash", where),
        hash=text_field(row, "hash", where),
        created_at=rfc3339(field(row, "createdAt", where), f"{where}.createdAt"),
    )


def events(data: object) -> tuple[AuditEvent, ...]:
    """Return entries of the audit log, oldest first, each with the hash that its content comes to.

    Raises:
        BadAnswer: It is of another shape.
    """
    answer = mapping(data, "events")
    return tuple(_event(item, f"events[{n}]") for n, item in enumerate(list_field(answer, "events", "events")))


def _event(item: object, where: str) -> AuditEvent:
    event = mapping(item, where)
    seq = field(event, "seq", where)
    if isinstance(seq, bool) or not isinstance(seq, int):
        wrong(f"{where}.seq", "a whole number", seq)
    texts = {
        name: text_field(event, name, where)
        for name in ("eventId", "orgId", "actorId", "action", "at", "prevHash", "hash")
    }
    rfc3339(texts["at"], f"{where}.at")
    return AuditEvent(
        seq=seq,
        event_id=texts["eventId"],
        org_id=texts["orgId"],
        actor_id=texts["actorId"],
        action=texts["action"],
        at=texts["at"],
        prev_hash=texts["prevHash"],
        hash=texts["hash"],
        computed=_computed(texts, event["payload"]) if "payload" in event else None,
    )


def _computed(texts: Mapping[str, str], payload: object) -> str:
    """Return SHA-256(prev_hash ‖ RFC 8785 of the entry's fields), in lower-case hex (DOMAIN: the audit chain)."""
    content = {
        "event_id": texts["eventId"],
        "org_id": texts["orgId"],
        "actor_id": texts["actorId"],
        "action": texts["action"],
        "at": texts["at"],
        "payload": payload,
    }
    try:
        return hashlib.sha256(texts["prevHash"].encode() + canonical(content)).hexdigest()
    except ValueError as error:
        return f"none: {error}"
