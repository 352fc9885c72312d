"""What a probe saw: facts, the raw payloads behind them, when, how long, and who answered.

An observation is what a check judges and what an auditor keeps. It is written as canonical JSON (RFC 8785), so that
its digest names it.
"""

import hashlib
import json
import math
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.redact import values

SCHEMA = "apgms-ops/observation/v1"
RAW_LIMIT = 256 * 1024
"""Characters kept of one raw payload; a longer one says how much was cut."""
_EXAMINED = 4 * RAW_LIMIT
"""Characters of a payload that are looked through for secrets; what lies behind them is cut unseen."""
_LONGEST_SECRET = 128 * 1024
"""Characters at the end of what was looked through in which a secret may have been cut in half."""


class Findings(tuple[str, ...]):
    """Sentences about what is wrong; empty, and so false, where nothing is.

    A check says `assert not facts.something()`. The assertion's text is then the sentences themselves, which is what
    the terminal and the report show.
    """

    __slots__ = ()

    def __new__(cls, sentences: Iterable[str] = ()) -> Self:
        """Keep the order in which the sentences came."""
        return super().__new__(cls, sentences)

    def __repr__(self) -> str:
        """Read as prose."""
        return "; ".join(self)


@dataclass(frozen=True, slots=True)
class Identity:
    """The system that answered: `system` as the environment pins it (kafka, …), `id` its own word for itself."""

    system: str
    id: str


@dataclass(frozen=True, slots=True)
class Raw:
    """A payload as it came, redacted: what it answers, its media type, its text, and how many characters were cut."""

    name: str
    media_type: str
    text: str
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One failed attempt at an idempotent read that was tried again."""

    doing: str
    cause: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there are no facts: the error's class name, and its text in one line."""

    kind: str
    cause: str


@dataclass(frozen=True, slots=True)
class Observation:
    """One probe's result. Either `facts` (JSON, of the type that `schema` names) or `failure` is set."""

    probe: str
    schema: str
    started_at: datetime
    observed_at: datetime
    took: float
    """Seconds."""
    facts: Any = None
    failure: Failure | None = None
    identities: tuple[Identity, ...] = ()
    raw: tuple[Raw, ...] = ()
    attempts: tuple[Attempt, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that is recorded."""
        return {
            "$schema": SCHEMA,
            "probe": self.probe,
            "schema": self.schema,
            "started_at": timestamp(self.started_at),
            "observed_at": timestamp(self.observed_at),
            "took_seconds": round(self.took, 6),
            "facts": self.facts,
            "failure": None if self.failure is None else {"kind": self.failure.kind, "cause": self.failure.cause},
            "identities": [{"system": i.system, "id": i.id} for i in self.identities],
            "raw": [{"name": r.name, "media_type": r.media_type, "text": r.text, "cut": r.cut} for r in self.raw],
            "attempts": [{"doing": a.doing, "cause": a.cause} for a in self.attempts],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Observation":
        """Read a recorded observation.

        Raises:
            EvidenceInvalid: It is of another schema, or a field is missing or of the wrong shape.
        """
        try:
            if data["$schema"] != SCHEMA:
                msg = f"not an observation of schema {SCHEMA}: {data['$schema']!r:.60}"
                raise EvidenceInvalid(msg)
            failure = data["failure"]
            if (failure is None) == (data["facts"] is None):
                msg = "observation is malformed: it must hold either facts or a failure"
                raise EvidenceInvalid(msg)
            return cls(
                probe=_text(data["probe"]),
                schema=_text(data["schema"]),
                started_at=_time(data["started_at"]),
                observed_at=_time(data["observed_at"]),
                took=_number(data["took_seconds"]),
                facts=data["facts"],
                failure=None if failure is None else Failure(_text(failure["kind"]), _text(failure["cause"])),
                identities=tuple(Identity(_text(i["system"]), _text(i["id"])) for i in data["identities"]),
                raw=tuple(
                    Raw(_text(r["name"]), _text(r["media_type"]), _text(r["text"]), int(_number(r["cut"])))
                    for r in data["raw"]
                ),
                attempts=tuple(Attempt(_text(a["doing"]), _text(a["cause"])) for a in data["attempts"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            msg = f"observation is malformed: {type(error).__name__}: {error}"
            raise EvidenceInvalid(msg) from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        msg = f"text expected, not {value!r:.60}"
        raise TypeError(msg)
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        msg = f"a number expected, not {value!r:.60}"
        raise TypeError(msg)
    return value


def _time(value: object) -> datetime:
    at = datetime.fromisoformat(_text(value))
    if at.tzinfo is None:
        msg = f"a time with its zone expected, not {value!r:.60}"
        raise ValueError(msg)
    return at


def timestamp(at: datetime) -> str:
    """Return an aware time as UTC in RFC 3339 with microseconds.

    Raises:
        ValueError: It has no zone, so that nobody knows when it is.
    """
    if at.tzinfo is None:
        msg = f"a time with its zone is needed, not {at.isoformat()}"
        raise ValueError(msg)
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def canonical(data: object) -> bytes:
    """Return canonical JSON (RFC 8785).

    Raises:
        ValueError: Something in it has no canonical form: NaN, infinity, an integer beyond 2^53, a foreign type.
    """
    # Imported here: a listing of the checks needs no evidence.
    import rfc8785  # noqa: PLC0415

    try:
        return rfc8785.dumps(data)  # type: ignore[arg-type]
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        msg = f"no canonical JSON: {error}"
        raise ValueError(msg) from error


def digest(data: bytes) -> str:
    """Return the lower-case hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


def _encodable(text: str) -> str:
    """Return text that UTF-8 can hold: JSON may smuggle in half of a surrogate pair, on which writing would fail."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(slots=True)
class Recorder:
    """Collects what one probe's clients saw besides the facts. Safe to use from several threads."""

    redact: Callable[[str], str]
    _raw: list[Raw] = field(default_factory=list)
    _identities: dict[Identity, None] = field(default_factory=dict)
    _attempts: list[Attempt] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def raw(self, name: str, text: str, media_type: str = "text/plain") -> None:
        """Keep a payload as it came, redacted, and cut at RAW_LIMIT characters."""
        # Redacted before it is cut: half of a secret is recognised by nothing. A payload of hundreds of megabytes is
        # looked through in part, and what may hold half of a secret at the end of that part is not kept.
        clean = self.redact(_encodable(text[:_EXAMINED]))
        unseen = max(0, len(text) - _EXAMINED)
        kept = clean[: min(RAW_LIMIT, max(0, len(clean) - _LONGEST_SECRET)) if unseen else RAW_LIMIT]
        raw = Raw(self.redact(_encodable(name)), media_type, kept, len(clean) - len(kept) + unseen)
        with self._lock:
            self._raw.append(raw)

    def raw_json(self, name: str, data: object) -> None:
        """Keep a payload that a driver had already decoded: its text redacted, its typed numbers as they are."""
        text = json.dumps(values(data, self.redact), ensure_ascii=False, separators=(",", ":"))
        # No second pass over the text: it would take one nine-digit offset in eleven for a tax file number.
        raw = Raw(
            self.redact(_encodable(name)),
            "application/json",
            _encodable(text)[:RAW_LIMIT],
            max(0, len(text) - RAW_LIMIT),
        )
        with self._lock:
            self._raw.append(raw)

    def identify(self, system: str, identity: str) -> None:
        """Say which system answered: its own name for itself, never the address that was asked."""
        with self._lock:
            self._identities[Identity(system, identity)] = None

    def attempt(self, doing: str, cause: str) -> None:
        """Say that an idempotent read failed and is tried again."""
        with self._lock:
            self._attempts.append(Attempt(self.redact(doing), self.redact(cause)))

    @property
    def seen(self) -> tuple[tuple[Identity, ...], tuple[Raw, ...], tuple[Attempt, ...]]:
        """What has been collected so far."""
        with self._lock:
            return tuple(self._identities), tuple(self._raw), tuple(self._attempts)
