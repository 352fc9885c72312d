"""Makes sealed runs, and an authority that dates them: all of it real but the clock; no estate is read."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from apgms_ops.deadline import Deadline
from apgms_ops.evidence import keys
from apgms_ops.evidence.chain import path_of
from apgms_ops.evidence.ledger import CLOSE, GENESIS, OBSERVATION, PLAN, VERDICT
from apgms_ops.evidence.sealing import Seal, Sealer
from apgms_ops.evidence.signing import Signer
from apgms_ops.evidence.trust import SealKey, Trust
from apgms_ops.observation import Observation, canonical, digest
from apgms_ops.verdict import Verdict, exit_code
from tests.evidence.toy_authority import ToyAuthority

BEGAN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CHECK = "checks/daily/test_lag.py::test_{}"
DAY = timedelta(days=1)


def a_key(name: str = "ops-2026", start: datetime | None = None, end: datetime | None = None) -> "Key":
    """Return a new key."""
    return Key(ed25519.Ed25519PrivateKey.generate(), name, start, end)


@dataclass(frozen=True)
class Key:
    """A key pair, and when it may seal."""

    private: Any
    name: str
    start: datetime | None = None
    end: datetime | None = None

    @property
    def trusted(self) -> SealKey:
        """As a verifier believes it."""
        return SealKey(self.name, keys.public_key(self.private.public_key(), self.name), self.start, self.end)

    @property
    def signer(self) -> Signer:
        """As a run uses it."""
        return Signer(self.name, self.trusted.public, lambda data, _: keys.sign(self.private, data))

    @property
    def pem(self) -> str:
        """The private half, as a file holds it."""
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return str(self.private.private_bytes(*form).decode())


@dataclass
class Clock:
    """A clock that each look moves on by a millisecond."""

    at: datetime = BEGAN

    def __call__(self) -> datetime:
        """Look."""
        self.at += timedelta(milliseconds=1)
        return self.at


@dataclass
class Book:
    """A ledger as it is being forged: entries that are hashed when they are written, and not before."""

    entries: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str, body: Mapping[str, Any], at: datetime) -> None:
        """Add an entry."""
        time = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        self.entries.append({"type": kind, "body": dict(body), "at": time})

    def write(self, path: Path) -> None:
        """Hash the chain and write it."""
        prev, lines = GENESIS, []
        for seq, entry in enumerate(self.entries):
            line = {"seq": seq, "prev": prev, "at": entry["at"], "type": entry["type"], "body": entry["body"]}
            prev = digest(canonical(line))
            lines.append(canonical(line | {"hash": prev}) + b"\n")
        path.write_bytes(b"".join(lines))

    @classmethod
    def read(cls, path: Path) -> "Book":
        """Read one back."""
        return cls([json.loads(line) for line in path.read_bytes().splitlines()])

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the entries of a kind."""
        return [entry for entry in self.entries if entry["type"] == kind]


class Forge:
    """Makes runs of one environment: with a key, an authority and a chain, all of which a test may bend."""

    def __init__(self, root: Path, environment: str = "production") -> None:
        """Make a folder of runs beside a folder of chains."""
        self.runs = root / "runs"
        self.runs.mkdir(parents=True, exist_ok=True)
        self.environment = environment
        self.clock = Clock()
        self.key = a_key()
        self.authority: ToyAuthority | None = ToyAuthority(self.clock)
        self.chain = path_of(root / "chain", environment)

    @property
    def trust(self) -> Trust:
        """Whom an auditor believes."""
        authorities = () if self.authority is None else (self.authority.ca,)
        return Trust((self.key.trusted,), authorities, self.environment)

    def record(
        self,
        verdicts: Sequence[str] = ("PASS", "FAIL", "PASS"),
        *,
        name: str | None = None,
        waivers: Sequence[Mapping[str, Any]] = (),
    ) -> Path:
        """Write a closed run that is not sealed yet."""
        began = self.clock()
        name = (
            name or f"{began:%Y%m%dT%H%M%S}.{began.microsecond // 1000:03d}Z-{self.environment}-{secrets.token_hex(3)}"
        )
        folder = self.runs / name
        (folder / "observations").mkdir(parents=True)
        (folder / "allure-results").mkdir()
        environment = canonical({"name": self.environment, "limits": {"consumer_lag": 200}})
        (folder / "environment.json").write_bytes(environment + b"\n")
        (folder / "allure-results" / "a-result.json").write_text('{"status": "passed"}')
        book = Book()
        planned = [_planned(number) for number in range(len(verdicts))]
        plan = {
            "run": name,
            "environment": self.environment,
            "environment_sha256": digest(environment),
            "release": "v1.4.2",
            "read_only": False,
            "replay_of": None,
            "planned_at": began.isoformat(),
            "checks": planned,
            "waivers": list(waivers),
        }
        book.add(PLAN, plan, self.clock())
        for probe in ("lag", "budgets"):
            sha256 = _observe(folder, probe, self.clock())
            book.add(OBSERVATION, {"probe": probe, "sha256": sha256, "failure": None}, self.clock())
        for check, verdict in zip(planned, verdicts, strict=True):
            body = {
                "check": check["id"],
                "verdict": verdict,
                "seen": "" if verdict == "PASS" else "201 behind",
                "took": 0.1,
            }
            if verdict == "WAIVED":
                body |= {"raw": "FAIL", "waiver": dict(waivers[0])}
            book.add(VERDICT, body, self.clock())
        counts = {verdict: list(verdicts).count(verdict) for verdict in verdicts}
        close = {
            "planned": len(verdicts),
            "verdicts": counts,
            "exit": exit_code(Verdict(verdict) for verdict in verdicts),
            "not_planned": [],
            "by": {"user": "ops on runner"},
        }
        book.add(CLOSE, close, self.clock())
        book.write(folder / "ledger.jsonl")
        return folder

    def seal(self, folder: Path) -> Seal:
        """Seal a run, with a place in the chain."""
        return Sealer(self.key.signer, self.authority, self.chain, self.clock).seal(folder, Deadline(30))

    def run(self, verdicts: Sequence[str] = ("PASS", "FAIL", "PASS"), **given: Any) -> Path:  # noqa: ANN401 — those of `record`
        """Record a run and seal it, a day after the one before."""
        self.clock.at += DAY
        folder = self.record(verdicts, **given)
        self.seal(folder)
        return folder


def _planned(number: int) -> dict[str, Any]:
    return {
        "id": CHECK.format(number),
        "promise": "No consumer group is 200 or more messages behind on any topic.",
        "runbook": ["daily-checks", 3],
        "step_title": "Kafka consumer lag",
        "controls": ["audit-logging"],
        "probes": ["lag"],
        "clients": ["kafka"],
        "service": None,
        "absent": None,
    }


def _observe(folder: Path, probe: str, at: datetime) -> str:
    data = canonical(
        Observation(probe, "Lag@1", at, at, 0.25, facts={"behind": 201, "id": secrets.token_hex(4)}).to_json()
    )
    (folder / "observations" / f"{digest(data)}.json").write_bytes(data)
    return digest(data)


def a_waiver(check: int, issued: datetime, expires: datetime) -> dict[str, Any]:
    """Return a waiver as a plan holds it."""
    return {
        "check": CHECK.format(check),
        "reason": "the broker is being replaced",
        "owner": "ops",
        "approver": "lead",
        "approval": "unproven",
        "issued": issued.isoformat(),
        "expires": expires.isoformat(),
        "link": "https://github.example/apgms/platform/pull/7",
    }
