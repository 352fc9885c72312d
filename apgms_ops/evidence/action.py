"""The record of a command that changes something: what it was to do, by whom, and what came of it.

`<folder>/<id>/ledger.jsonl` is a ledger as that of a run (see ledger.py), of two entries: a `plan`, written before
anything is done, and a `close`. One without the second was cut off: nobody knows what it did. It lies beside the runs
of the checks and not among them, for it has no verdicts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from apgms_ops.evidence.ledger import CLOSE, PLAN, Entry, Ledger, verify
from apgms_ops.evidence.run import run_id

DONE, FAILED, INTERRUPTED = "done", "failed", "interrupted"


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be done."""

    command: str
    """As one would type it: `release tag v1.4.3`."""
    environment: str
    does: str
    """In words."""
    steps: tuple[str, ...]
    by: str
    """The user of the machine, and the machine."""
    identities: Mapping[str, str]
    """System → what it calls itself, of those that were asked before."""


class ActionRecord:
    """One command's ledger."""

    def __init__(self, folder: Path, intent: Intent, at: datetime) -> None:
        """Write what is about to be done.

        Args:
            folder: Where such records are kept; made if it is missing.
            intent: What it is.
            at: The present, with its zone: it names the record.

        Raises:
            OSError: It cannot be written; then nothing must be done.
        """
        name = run_id(intent.environment, at)
        self.path = folder / name
        self.path.mkdir(parents=True)
        self._ledger = Ledger(self.path / "ledger.jsonl")
        body = {
            "action": name,
            "command": intent.command,
            "environment": intent.environment,
            "does": intent.does,
            "steps": list(intent.steps),
            "by": intent.by,
            "identities": dict(intent.identities),
        }
        self._ledger.append(PLAN, body)

    def close(self, outcome: str, cause: str = "") -> None:
        """Write what came of it.

        Args:
            outcome: DONE, FAILED or INTERRUPTED.
            cause: Why it is not done; without secrets.

        Raises:
            OSError: It cannot be written.
        """
        self._ledger.append(CLOSE, {"outcome": outcome, "cause": cause})


def read_action(path: Path) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """Return what a command was to do, and what came of it: None where it was cut off.

    Raises:
        EvidenceInvalid: The ledger does not verify.
        OSError: It cannot be read.
    """
    entries: Sequence[Entry] = verify((path / "ledger.jsonl").read_bytes().splitlines(), str(path / "ledger.jsonl"))
    last = entries[-1]
    return entries[0].body, last.body if last.type == CLOSE else None
