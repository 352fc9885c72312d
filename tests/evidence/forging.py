"""Runs as whoever holds a key could make them up: sealed with the real key, and not true."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from apgms_ops.deadline import Deadline
from apgms_ops.evidence import dsse, keys, statement
from apgms_ops.evidence.dsse import Envelope
from apgms_ops.evidence.files import subjects
from apgms_ops.evidence.ledger import verify
from apgms_ops.evidence.statement import Sealed
from apgms_ops.observation import canonical
from tests.evidence.making import BEGAN, DAY, Book, Forge, a_waiver

WAIVER = a_waiver(1, BEGAN, BEGAN + 30 * DAY)
HOUR = timedelta(hours=1)
PAST: dict[str, Any] = {"seq": 1, "previous": "0" * 64, "previous_run": "a"}


def forged(
    forge: Forge,
    run: Path,
    change: Callable[[dict[str, Any]], None] = lambda _: None,
    sealed: Sealed | None = None,
    *,
    dated: bool = False,
) -> Path:
    """Seal a run without looking at what is sealed, with a statement that may be bent."""
    sealed = sealed or Sealed(forge.clock(), None)
    if dated and forge.authority is not None:
        sealed = replace(sealed, authority=forge.authority.url)
    entries = verify((run / "ledger.jsonl").read_bytes().splitlines())
    data = json.loads(statement.build(entries, subjects(run), sealed))
    change(data)
    payload = canonical(data)
    signature = keys.sign(forge.key.private, dsse.encoding(payload))
    (run / "attestation.json").write_bytes(Envelope(payload, forge.key.trusted.public.id, signature).to_bytes())
    if dated and forge.authority is not None:
        answer, _ = forge.authority.stamp(signature, Deadline(5))
        (run / "timestamp.tsr").write_bytes(answer)
    return run


def rewrite(run: Path, change: Callable[[Book], None]) -> None:
    """Write a ledger anew, with all its hashes."""
    book = Book.read(run / "ledger.jsonl")
    change(book)
    book.write(run / "ledger.jsonl")
