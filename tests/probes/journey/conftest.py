"""A platform for one test, and somebody who walks through its front door."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment, Smoke
from apgms_ops.estate import Estate
from apgms_ops.evidence.earlier import EarlierRuns
from apgms_ops.observation import Recorder
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.journey.facts import Journey
from apgms_ops.probes.journey.probe import journey
from apgms_ops.probes.journey.rules import smoke_of
from apgms_ops.probes.planned import Planned
from apgms_ops.redact import Redactor
from apgms_ops.secret import Secret, SecretReference
from tests.probes.journey.platform import ABNS, KNOWN, OTP, USERS, Platform


def environment(platform: Platform, **smoke: Any) -> Environment:  # noqa: ANN401 — whatever the section takes
    """Return the environment of a platform."""
    objective = {"kind": "availability", "target": "99.9%", "window": "30d", "source": "test"}
    known = [{"abn": abn, "answer": answer} for answer, abn in KNOWN.items()]
    service = {"deployment": "api-gateway", "replicas": 1, "objectives": [objective], "known_abns": known}

    def limit(value: str) -> dict[str, str]:
        return {"value": value, "source": "test"}

    section = {
        "base_url": platform.url,
        "ca_file": platform.ca_file,
        "minimum_tls": "1.3",
        "organisation": "org-smoke",
        "username": "env:WALKER",
        "password": "env:WALKERS_PASSWORD",
        "otp_secret": "env:OTP",
        "other_tenant": {"username": "env:OTHER", "password": "env:OTHERS_PASSWORD", "otp_secret": "env:OTP"},
        "legal_name": "Smoke test",
        "abns": list(ABNS),
        "bank": "synthetic",
        "abandoned_after": limit("10m"),
        "duration": limit("60s"),
        "step_limit": limit("20s"),
        "acknowledgement": limit("15s"),
        "audit": limit("5s"),
        "token_lifetime": limit("15m"),
        "clock_skew": limit("5s"),
    }
    return Environment.model_validate(
        {
            "name": "toy",
            "identities": {"services": "toy"},
            "services": {"registries": service},
            "smoke": section | smoke,
        }
    )


def secrets() -> dict[SecretReference, Secret]:
    """Return what was read for a run."""
    (walker, (_, password)), (other, (_, others)) = USERS.items()
    values = {"WALKER": walker, "WALKERS_PASSWORD": password, "OTP": OTP, "OTHER": other, "OTHERS_PASSWORD": others}
    return {SecretReference("env", name): Secret(value) for name, value in values.items()}


CODEC = FactsCodec(journey)


class Clock:
    """A clock that a pause moves on, so that nothing waits."""

    def __init__(self) -> None:
        """Begin at nought."""
        self.now = 0.0

    def deadline(self, seconds: float) -> Deadline:
        """Return a deadline by this clock."""
        return Deadline(seconds, clock=lambda: self.now, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Walker:
    """Walks, once for each run."""

    platform: Platform
    runs: Path
    environment: Environment
    clock: Clock = field(default_factory=Clock)
    interrupted: threading.Event = field(default_factory=threading.Event)
    recorder: Recorder = field(default_factory=lambda: Recorder(Redactor(secrets().values())))
    _number: int = 0

    @property
    def rules(self) -> Smoke:
        """What the journey is held to."""
        return smoke_of(self.environment)

    def walk(self, planned: Planned | None = None, *, read_only: bool = False) -> Journey:
        """Walk, and return the facts as a check judges them: once they went through JSON."""
        self._number += 1
        run = f"run-{self._number}"
        (self.runs / run).mkdir(parents=True, exist_ok=True)
        estate = Estate(self.environment, secrets(), self.recorder)
        facts = journey.function(
            front_door=estate.front_door,
            estate=estate,
            environment=self.environment,
            planned=planned or Planned(),
            earlier=EarlierRuns(self.runs, "toy", run),
            read_only=read_only,
            interrupted=self.interrupted,
            deadline=self.clock.deadline(180),
        )
        decoded = CODEC.decode(CODEC.encode(facts, self.recorder.redact))
        assert isinstance(decoded, Journey)
        return decoded

    def journals(self) -> list[Path]:
        """Return the journals that were left."""
        return sorted(self.runs.glob("*/walk-*.jsonl"))


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """An honest platform."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    it = Platform(folder)
    yield it
    it.close()


@pytest.fixture
def walker(platform: Platform, tmp_path: Path) -> Walker:
    """Somebody who walks through its front door."""
    return Walker(platform, tmp_path / "runs", environment(platform))
