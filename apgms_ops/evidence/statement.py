"""What a seal says: an in-toto Statement v1 over the files of a run, with the summary that an auditor asks for. Pure.

The summary repeats what the ledger holds, so that it can be read by itself; verifying holds the two together.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.dsse import NAME
from apgms_ops.evidence.files import require_safe, shown
from apgms_ops.evidence.ledger import Entry
from apgms_ops.observation import canonical, timestamp

TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:apgms-ops:run:v1"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_TOLD: Final = ("release", "read_only", "replay_of", "environment_sha256", "planned_at")
"""What of the plan the summary repeats."""


def is_digest(value: object) -> bool:
    """Whether a JSON value is a SHA-256 as it is written here."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Link:
    """A run's place in the chain of its environment."""

    seq: int
    """From 0 up."""
    previous: str | None
    """SHA-256 of the attestation of the run before it; None for the first."""
    previous_run: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of the statement."""
        return {"seq": self.seq, "previous": self.previous, "previous_run": self.previous_run}


@dataclass(frozen=True, slots=True)
class Sealed:
    """What making a seal added to what the run recorded."""

    at: datetime
    """By the clock of the machine: what is claimed."""
    link: Link | None
    unchained: str = ""
    """Why there is no link."""
    authority: str | None = None
    """Who was asked for a timestamp."""
    undated: str = ""
    """Why the authority gave none."""


def summary(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return what the ledger of a closed run says, for the statement."""
    plan, close = entries[0].body, entries[-1].body
    verdicts = {e.body["check"]: e.body for e in entries if e.type == "verdict"}
    kept = ("verdict", "raw")
    checks = [
        {
            "check": check["id"],
            "runbook": check.get("runbook"),
            "controls": check.get("controls"),
            **{key: verdicts.get(check["id"], {})[key] for key in kept if key in verdicts.get(check["id"], {})},
        }
        for check in plan["checks"]
    ]
    return {
        "run": plan["run"],
        "environment": plan["environment"],
        **{key: plan.get(key) for key in _TOLD},
        "closed_at": timestamp(entries[-1].at),
        "ledger": {"entries": len(entries), "head": entries[-1].hash},
        "checks": checks,
        "closing": dict(close),
    }


def build(entries: Sequence[Entry], subjects: list[dict[str, object]], sealed: Sealed) -> bytes:
    """Return the statement's canonical JSON."""
    stamp = None if sealed.authority is None else {"authority": sealed.authority, "missing": sealed.undated or None}
    predicate = summary(entries) | {
        "sealed_at": timestamp(sealed.at),
        "chain": None if sealed.link is None else sealed.link.to_json(),
        "unchained": sealed.unchained or None,
        "timestamp": stamp,
    }
    return canonical({"_type": TYPE, "subject": subjects, "predicateType": PREDICATE_TYPE, "predicate": predicate})


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that was read: its form is sound, and nothing of it is verified."""

    subjects: Mapping[str, str]
    """Name → SHA-256."""
    predicate: Mapping[str, Any]
    run: str
    environment: str
    sealed: Sealed


def parse(payload: bytes) -> Statement:
    """Read a statement.

    Raises:
        EvidenceInvalid: It is malformed, of another type, or not canonical: a key that stands twice says two things.
    """
    try:
        data = json.loads(payload)
        if canonical(data) != payload:
            msg = f"{NAME}: the statement is not canonical JSON"
            raise EvidenceInvalid(msg)
        if data["_type"] != TYPE or data["predicateType"] != PREDICATE_TYPE:
            msg = f"{NAME}: the statement is not one of a run ({data['predicateType']!r:.80})"
            raise EvidenceInvalid(msg)
        predicate = data["predicate"]
        return Statement(
            subjects=_subjects(data["subject"]),
            predicate=predicate,
            run=_text(predicate["run"]),
            environment=_text(predicate["environment"]),
            sealed=_sealed(predicate),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        msg = f"{NAME}: the statement is malformed ({type(error).__name__})"
        raise EvidenceInvalid(msg) from error


def _subjects(data: list[dict[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for subject in data:
        name, sha256 = _text(subject["name"]), subject["digest"]["sha256"]
        require_safe(name)
        if name in found or not is_digest(sha256) or set(subject) != {"name", "digest"}:
            msg = f"{NAME}: the statement names {shown(name)} twice, or without its digest"
            raise EvidenceInvalid(msg)
        found[name] = sha256
    return found


def _sealed(predicate: Mapping[str, Any]) -> Sealed:
    at = datetime.fromisoformat(_text(predicate["sealed_at"]))
    chain, stamp = predicate["chain"], predicate["timestamp"]
    link = None
    if chain is not None:
        link = Link(chain["seq"], chain["previous"], chain["previous_run"])
        first = link.seq == 0
        sound = (
            type(link.seq) is int and link.seq >= 0 and (link.previous is None if first else is_digest(link.previous))
        )
        if not sound or (link.previous_run is None) != first:
            msg = "a place in the chain is a number and the digest before it"
            raise ValueError(msg)
    if at.tzinfo is None:
        msg = "a time with its zone expected"
        raise ValueError(msg)
    return Sealed(
        at=at,
        link=link,
        unchained=predicate["unchained"] or "",
        authority=None if stamp is None else _text(stamp["authority"]),
        undated="" if stamp is None else stamp["missing"] or "",
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        msg = "text expected"
        raise TypeError(msg)
    return value
