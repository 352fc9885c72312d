"""The record of a rehearsal: a restore that was tried, or a repository that was verified; signed, and kept. Pure.

It is an in-toto statement in the same envelope as the seal of a run, of a type of its own, so that neither passes for
the other. Its place in the archive is `drills/ENVIRONMENT/KIND/TIME.json`, by the time at which it ended.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence import dsse
from apgms_ops.evidence.dsse import Envelope
from apgms_ops.evidence.keys import PublicKey
from apgms_ops.evidence.statement import TYPE
from apgms_ops.evidence.trust import Trust
from apgms_ops.observation import canonical, digest, timestamp

PREDICATE_TYPE: Final = "urn:apgms-ops:rehearsal:v1"
RESTORE_DATABASE: Final = "restore-database"
RESTORE_TOPIC: Final = "restore-topic"
VERIFY_BACKUPS: Final = "verify-backups"
KINDS: Final = (RESTORE_DATABASE, RESTORE_TOPIC, VERIFY_BACKUPS)
FOLDER: Final = "drills"
LARGEST: Final = 1024 * 1024
"""Bytes of a record."""
_KEY: Final = re.compile(
    r"drills/(?P<environment>[a-z0-9-]+)/(?P<kind>[a-z-]+)/(?P<at>[0-9]{8}T[0-9]{6}\.[0-9]{6}Z)\.json"
)
_TIME: Final = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What was tried, and what came of it."""

    kind: str
    """One of KINDS."""
    environment: str
    target: str
    """What was restored or verified: the stanza, or the topic."""
    began: datetime
    ended: datetime
    problems: tuple[str, ...]
    """What was not as it must be; empty where it passed."""
    figures: Mapping[str, str]
    """What was measured, in words: `{"recovery time": "12.3 s (limit 1h)"}`."""
    by: str
    """The user and the machine."""

    @property
    def passed(self) -> bool:
        """Whether nothing was amiss."""
        return not self.problems

    @property
    def key(self) -> str:
        """Its name in the archive."""
        return f"{folder_of(self.environment, self.kind)}{self.ended.astimezone(UTC).strftime(_TIME)}.json"

    def to_json(self) -> dict[str, Any]:
        """Return the predicate of its statement."""
        return {
            "kind": self.kind,
            "environment": self.environment,
            "target": self.target,
            "began": timestamp(self.began),
            "ended": timestamp(self.ended),
            "problems": list(self.problems),
            "figures": dict(self.figures),
            "by": self.by,
        }


def folder_of(environment: str, kind: str = "") -> str:
    """Return what the names of an environment's records begin with, of one kind or of all."""
    return f"{FOLDER}/{environment}/{kind}{'/' if kind else ''}"


def ended_at(key: str) -> datetime | None:
    """Return when the rehearsal of that name in the archive ended; None where it is not the name of one."""
    match = _KEY.fullmatch(key)
    if match is None or match["kind"] not in KINDS:
        return None
    try:
        return datetime.strptime(match["at"], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def signed(rehearsal: Rehearsal, public: PublicKey, sign: Callable[[bytes], bytes]) -> bytes:
    """Return the record's content.

    Args:
        rehearsal: What came of it.
        public: The key that signs.
        sign: Returns its signature.
    """
    predicate = rehearsal.to_json()
    subject = {"name": rehearsal.key, "digest": {"sha256": digest(canonical(predicate))}}
    payload = canonical({"_type": TYPE, "subject": [subject], "predicateType": PREDICATE_TYPE, "predicate": predicate})
    return Envelope(payload, public.id, sign(dsse.encoding(payload))).to_bytes()


def read(data: bytes, key: str, trust: Trust) -> Rehearsal:
    """Verify a record, and return what it says.

    Args:
        data: Its content.
        key: Its name in the archive.
        trust: Whom to believe.

    Raises:
        EvidenceInvalid: It is malformed, of another name or environment, or not signed by a key that was in force.
    """
    if len(data) > LARGEST:
        msg = f"{key}: larger than {LARGEST} bytes"
        raise EvidenceInvalid(msg)
    envelope = dsse.parse(data, key)
    believed = trust.all_of(envelope.key_id)
    if not any(one.public.verifies(envelope.signature, envelope.signed) for one in believed):
        msg = f"{key}: not signed by a key that is believed"
        raise EvidenceInvalid(msg)
    found = _parse(envelope.payload, key)
    if not any(one.in_force(found.ended) for one in believed):
        msg = f"{key}: signed by a key that was not in force when it ended"
        raise EvidenceInvalid(msg)
    if found.key != key or (trust.environment is not None and found.environment != trust.environment):
        msg = f"{key}: the record of another rehearsal"
        raise EvidenceInvalid(msg)
    return found


def _parse(payload: bytes, key: str) -> Rehearsal:
    try:
        data = json.loads(payload)
        if canonical(data) != payload or (data["_type"], data["predicateType"]) != (TYPE, PREDICATE_TYPE):
            msg = f"{key}: not the statement of a rehearsal"
            raise EvidenceInvalid(msg)
        said = data["predicate"]
        if said["kind"] not in KINDS:
            msg = f"{key}: of an unknown kind"
            raise EvidenceInvalid(msg)
        found = Rehearsal(
            kind=_text(said["kind"]),
            environment=_text(said["environment"]),
            target=_text(said["target"]),
            began=_time(said["began"]),
            ended=_time(said["ended"]),
            problems=tuple(map(_text, said["problems"])),
            figures={_text(name): _text(value) for name, value in said["figures"].items()},
            by=_text(said["by"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        msg = f"{key}: not the statement of a rehearsal ({type(error).__name__})"
        raise EvidenceInvalid(msg) from error
    if found.ended < found.began or found.ended - found.began > timedelta(days=30):
        msg = f"{key}: it ended before it began, or a month later"
        raise EvidenceInvalid(msg)
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        msg = "text expected"
        raise TypeError(msg)
    return value


def _time(value: object) -> datetime:
    at = datetime.fromisoformat(_text(value))
    if at.tzinfo is None:
        msg = "a time with its zone expected"
        raise ValueError(msg)
    return at.astimezone(UTC)
