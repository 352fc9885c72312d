"""Makes sealed runs of which it is proven who ran them, and bends what they say; no server is asked."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from apgms_ops.evidence.identity import claims, record, token
from apgms_ops.evidence.identity.claims import Expected
from apgms_ops.evidence.identity.jwk import IssuerKey
from apgms_ops.evidence.identity.record import Finding
from apgms_ops.evidence.ledger import CLOSE, PLAN
from apgms_ops.observation import canonical, digest
from apgms_ops.redact import Redactor
from tests.evidence.identity.issuing import EC_KEY, REPOSITORY, RSA_KEY, SHA, claims_of, issuer_key, signed
from tests.evidence.making import DAY, Book, Forge

ISSUER = "https://issuer.example"
DECLARED = {"issuer": ISSUER, "repository": REPOSITORY, "callers": [], "required": False}
KEY = issuer_key(RSA_KEY)
CHECKS_AT = {"commit": SHA, "dirty": False}


def keys() -> list[IssuerKey]:
    """Return what the issuer publishes."""
    return [KEY, issuer_key(EC_KEY, "two")]


def record_identified(  # noqa: PLR0913 — what a test may bend
    forge: Forge,
    *,
    sign: Callable[[dict[str, Any]], str] = signed,
    changed: dict[str, Any] | None = None,
    declared: dict[str, Any] | None = DECLARED,
    checks_at: dict[str, Any] | None = None,
    bend: Callable[[dict[str, Any], Finding], bytes | None] | None = None,
) -> Path:
    """Record a run of which it is proven who ran it; it is not sealed yet.

    Args:
        forge: Makes it.
        sign: Signs the token.
        changed: Claims that are not as they should be.
        declared: What the environment names; None: nobody.
        checks_at: Of the closing entry.
        bend: Takes the body of the closing entry and what was found; changes the one, and returns `identity.json`.
    """
    forge.clock.at += DAY
    folder = forge.record()
    book = Book.read(folder / "ledger.jsonl")
    environment = canonical({"name": forge.environment, "evidence": {"identity": declared}})
    (folder / "environment.json").write_bytes(environment + b"\n")
    book.of(PLAN)[0]["body"]["environment_sha256"] = digest(environment)
    close = book.entries.pop()
    book.write(folder / "ledger.jsonl")
    head = json.loads((folder / "ledger.jsonl").read_bytes().splitlines()[-1])["hash"]
    at = datetime.fromisoformat(close["at"])
    found = finding(folder.name, head, at, sign=sign, changed=changed or {}, checks_at=checks_at or CHECKS_AT)
    body = close["body"]
    body["checks_at"] = checks_at or CHECKS_AT
    body["by"]["identity"] = found.to_json()
    kept = found.kept if bend is None else bend(body, found)
    if kept is not None:
        (folder / record.FILE).write_bytes(kept)
    if kept is not None and kept != found.kept:
        body["by"]["identity"]["sha256"] = digest(kept)
    book.add(CLOSE, body, at)
    book.write(folder / "ledger.jsonl")
    return folder


def rewrite(folder: Path, change: Callable[[Book], None]) -> None:
    """Change a ledger, and hash it anew."""
    book = Book.read(folder / "ledger.jsonl")
    change(book)
    book.write(folder / "ledger.jsonl")


def finding(  # noqa: PLR0913 — all that a token is made of
    run: str,
    head: str,
    at: datetime,
    *,
    sign: Callable[[dict[str, Any]], str],
    changed: dict[str, Any],
    checks_at: dict[str, Any],
) -> Finding:
    """Return what a run finds out with a token that was issued a second before."""
    now = int(at.timestamp())
    audience = claims.audience(run, head)
    times = {"iat": now - 1, "nbf": now - 1, "exp": now + 300}
    made = token.read(sign(claims_of(ISSUER, audience, **(times | changed))))
    expected = Expected(ISSUER, audience, REPOSITORY, (), checks_at, at)
    return record.found(made, keys(), expected, Redactor())


def recorded_with(kept: bytes | None, **others: Any) -> bytes:  # noqa: ANN401 — JSON
    """Return the record that a run keeps, with other entries."""
    return canonical(json.loads(kept or b"{}") | others)


def payload(kept: bytes | None, **others: Any) -> bytes:  # noqa: ANN401 — JSON
    """Return the record that a run keeps, with other claims in the payload of its token."""
    claims_kept = json.loads(json.loads(kept or b"{}")["payload"])
    return recorded_with(kept, payload=json.dumps(claims_kept | others, separators=(",", ":")))
