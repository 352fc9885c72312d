"""The folder of one run: its ledger, its observations, and the claims by which several workers share the probes.

<run>/ledger.jsonl            see ledger.py
<run>/environment.json        the environment as it was in force, secrets as references
<run>/observations/*.json     named by the SHA-256 of their canonical JSON
<run>/allure-results/
<run>/.probes/                claims and results, meaningful only while the run goes on
"""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.ledger import CLOSE, OBSERVATION, PLAN, VERDICT, Entry, Ledger, verify
from apgms_ops.observation import Observation, canonical, digest


def run_id(environment: str, at: datetime) -> str:
    """Return a name for a run that sorts by time: `20261123T020000.250Z-production-3f9a1c`."""
    return f"{at:%Y%m%dT%H%M%S}.{at.microsecond // 1000:03d}Z-{environment}-{secrets.token_hex(3)}"


class Claim:
    """The right to make one probe's observation, for as long as this process lives (the kernel drops it after that)."""

    def __init__(self, file: IO[bytes]) -> None:
        """Hold a locked file."""
        self._file = file

    def release(self) -> None:
        """Give the right back."""
        self._file.close()


class RunFolder:
    """Writes one run. Every process of the run opens the same folder."""

    def __init__(self, path: Path) -> None:
        """Use `path`, making what is missing."""
        self.path = path
        self.id = path.name
        self.ledger = Ledger(path / "ledger.jsonl")
        self.observations = path / "observations"
        self._probes = path / ".probes"
        for folder in (path, self.observations, self._probes):
            folder.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, data: bytes) -> None:
        """Write a file of the run so that nobody sees half of it."""
        _write_atomically(self.path / name, data)

    def claim(self, probe: str) -> Claim | None:
        """Claim a probe; None while another process or thread holds it."""
        file = (self._probes / f"{probe}.claim").open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return Claim(file)

    def mark_started(self, probe: str) -> bool:
        """Note that a probe was started; return False if it had been before (by a process that died since)."""
        try:
            (self._probes / f"{probe}.started").open("xb").close()
        except FileExistsError:
            return False
        return True

    def publish(self, observation: Observation) -> Observation:
        """Record an observation and return what stands: of several for one probe, the first.

        Raises:
            ValueError: The observation has no canonical JSON.
        """
        data = canonical(observation.to_json())
        name = digest(data)
        temporary = self._probes / f"{observation.probe}.{os.getpid()}.{secrets.token_hex(4)}"
        temporary.write_bytes(name.encode())
        _write_atomically(self.observations / f"{name}.json", data)
        try:
            # A link is made once, whole, by one of all who try.
            os.link(temporary, self._probes / f"{observation.probe}.result")
        except FileExistsError:
            if (self._probes / f"{observation.probe}.result").read_text(encoding="ascii") != name:
                (self.observations / f"{name}.json").unlink()
            return self.result(observation.probe) or observation
        finally:
            temporary.unlink()
        failure = observation.failure
        self.ledger.append(
            OBSERVATION,
            {
                "probe": observation.probe,
                "sha256": name,
                "failure": None if failure is None else f"{failure.kind}: {failure.cause}",
            },
        )
        return observation

    def result(self, probe: str) -> Observation | None:
        """Return the observation that stands for a probe, or None while there is none."""
        try:
            name = (self._probes / f"{probe}.result").read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        return read_observation(self.observations, name, probe)

    def outstanding(self, probes: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of `probes` that have no result yet."""
        return tuple(p for p in probes if not (self._probes / f"{p}.result").exists())

    def discard(self) -> None:
        """Remove a folder in which no run took place: without a plan it is no evidence of anything."""
        shutil.rmtree(self.path, ignore_errors=True)

    def finish(self) -> None:
        """Drop what was needed only while the run went on."""
        for file in self._probes.iterdir():
            file.unlink(missing_ok=True)
        self._probes.rmdir()


def _write_atomically(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    temporary.write_bytes(data)
    temporary.replace(path)


def read_observation(folder: Path, name: str, probe: str) -> Observation:
    """Read a probe's observation by its digest.

    Raises:
        EvidenceInvalid: It is missing, altered, malformed, or another probe's.
    """
    path = folder / f"{name}.json"
    try:
        data = path.read_bytes()
    except OSError as error:
        msg = f"observation {name}: cannot be read: {error.strerror}"
        raise EvidenceInvalid(msg) from error
    if digest(data) != name:
        msg = f"observation {name}: its content does not match its name (it was altered)"
        raise EvidenceInvalid(msg)
    try:
        observation = Observation.from_json(json.loads(data))
    except (ValueError, RecursionError) as error:
        msg = f"observation {name}: not JSON ({type(error).__name__})"
        raise EvidenceInvalid(msg) from error
    if observation.probe != probe:
        msg = f"observation {name}: recorded as what {probe!r} saw, and is what {observation.probe!r} saw"
        raise EvidenceInvalid(msg)
    return observation


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run as its verified ledger tells it."""

    path: Path
    plan: Mapping[str, Any]
    observations: Mapping[str, str]
    """Probe → digest of its observation."""
    verdicts: Mapping[str, Mapping[str, Any]]
    """Check id → the body of its verdict entry."""
    close: Mapping[str, Any] | None
    head: str

    @property
    def environment(self) -> str:
        """The name of the environment that it looked at."""
        return str(self.plan["environment"])

    @property
    def is_replay(self) -> bool:
        """Whether it judged another run's observations."""
        return self.plan.get("replay_of") is not None

    def observation(self, probe: str) -> Observation | None:
        """Return what a probe saw, or None where this run did not make it.

        Raises:
            EvidenceInvalid: The recorded file is missing or altered.
        """
        name = self.observations.get(probe)
        return None if name is None else read_observation(self.path / "observations", name, probe)


def read_run(path: Path) -> RecordedRun:
    """Read a run and verify its ledger.

    Raises:
        EvidenceInvalid: The ledger is missing, or does not verify.
    """
    file = path / "ledger.jsonl"
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}"
        raise EvidenceInvalid(msg) from error
    return tell(path, verify(lines, str(file)))


def tell(path: Path, entries: tuple[Entry, ...]) -> RecordedRun:
    """Return a run as its entries tell it, which verified. Pure.

    Raises:
        EvidenceInvalid: They are not those of one run: two plans, something after the end, two verdicts on a check.
    """
    plans = [entry for entry in entries if entry.type == PLAN]
    if len(plans) != 1 or not isinstance(plans[0].body.get("environment"), str):
        msg = f"{path}/ledger.jsonl: a ledger has one plan, which names its environment"
        raise EvidenceInvalid(msg)
    last = entries[-1]
    if any(entry.type == CLOSE for entry in entries[:-1]):
        msg = f"{path}/ledger.jsonl: something was added after the run was closed"
        raise EvidenceInvalid(msg)
    observations = _once(path, entries, OBSERVATION, "probe")
    verdicts = _once(path, entries, VERDICT, "check")
    digests = {probe: _text(path, body, "sha256") for probe, body in observations.items()}
    for body in verdicts.values():
        _text(path, body, "verdict")
    return RecordedRun(path, plans[0].body, digests, verdicts, last.body if last.type == CLOSE else None, last.hash)


def _once(path: Path, entries: tuple[Entry, ...], kind: str, key: str) -> dict[str, Mapping[str, Any]]:
    """Return the entries of a kind by what they are about, which each may be about once: which would count?"""
    found: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        if entry.type == kind:
            name = _text(path, entry.body, key)
            if name in found:
                msg = f"{path}/ledger.jsonl: more than one {kind} for {name}"
                raise EvidenceInvalid(msg)
            found[name] = entry.body
    return found


def _text(path: Path, body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str):
        msg = f"{path}/ledger.jsonl: an entry lacks {key!r}"
        raise EvidenceInvalid(msg)
    return value
