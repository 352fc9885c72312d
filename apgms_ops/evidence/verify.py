"""Verifies a sealed run: a proof, or the first bad entry by name. Pure but for reading the folder; offline."""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence import clock, dsse, files, statement, timestamp
from apgms_ops.evidence.adjudication import adjudicate
from apgms_ops.evidence.identity import record
from apgms_ops.evidence.identity import verify as identity
from apgms_ops.evidence.identity.verify import RanBy
from apgms_ops.evidence.ledger import OBSERVATION, Entry
from apgms_ops.evidence.ledger import verify as verify_chain_of_hashes
from apgms_ops.evidence.run import read_observation
from apgms_ops.evidence.statement import Statement
from apgms_ops.evidence.timestamp import Stamp
from apgms_ops.evidence.trust import SealKey, Trust
from apgms_ops.observation import canonical, digest

LEDGER: Final = "ledger.jsonl"
ENVIRONMENT: Final = "environment.json"
_OBSERVATIONS: Final = "observations/"


@dataclass(frozen=True, slots=True)
class Proof:
    """What holds of a run."""

    run: str
    environment: str
    key: str
    """The name of the key that sealed it."""
    key_id: str
    sealed_at: datetime
    """What the seal claims."""
    stamp: Stamp | None
    """When an authority that is believed dated it; None: the time is only claimed."""
    undated: str
    """Why it is only claimed."""
    seq: int | None
    """Its place in the chain; None where it has none."""
    previous: str | None
    """SHA-256 of the seal of the run before it."""
    unchained: str
    """Why it has no place."""
    attestation: str
    """SHA-256 of its seal."""
    head: str
    """Hash of the ledger's last entry."""
    entries: int
    """Of the ledger."""
    files: int
    """Covered by the seal."""
    uncovered: tuple[str, ...]
    """Files in the folder that the seal does not cover, and that prove nothing."""
    verdicts: Mapping[str, int]
    exit_code: int
    predicate: Mapping[str, Any]
    """The seal's summary, as its statement has it."""
    ran_by: RanBy
    """Who ran it."""

    @property
    def at(self) -> datetime:
        """When it was sealed: by an authority, or by its own claim."""
        return self.sealed_at if self.stamp is None else self.stamp.at


def is_sealed(folder: Path) -> bool:
    """Whether a run's folder holds a seal; whether that verifies, only `verify_run` says."""
    return (folder / dsse.NAME).is_file()


def verify_run(folder: Path, trust: Trust) -> Proof:
    """Verify a run.

    Args:
        folder: The run's; its name is the run's.
        trust: Whom the verifier believes.

    Returns:
        What holds.

    Raises:
        EvidenceInvalid: Something does not; the text begins with the run, and names the first bad entry.
    """
    try:
        return _verified(folder, trust)
    except EvidenceInvalid as error:
        msg = f"{files.shown(folder.name)}: {error}"
        raise EvidenceInvalid(msg) from error
    except OSError as error:
        msg = f"{files.shown(folder.name)}: {Path(str(error.filename)).name}: cannot be read: {error.strerror}"
        raise EvidenceInvalid(msg) from error


def _verified(folder: Path, trust: Trust) -> Proof:
    if folder.is_symlink() or not folder.is_dir():
        msg = "is not a folder of its own"
        raise EvidenceInvalid(msg)
    there = [name for name, _ in files.listed(folder)]
    data = _read(folder, dsse.NAME, there, dsse.LARGEST)
    envelope = dsse.parse(data)
    keys = trust.all_of(envelope.key_id)
    if not keys:
        msg = f"{dsse.NAME}: sealed with a key that is not trusted ({files.shown(envelope.key_id)[:16]}…)"
        raise EvidenceInvalid(msg)
    if not keys[0].public.verifies(envelope.signature, envelope.signed):
        msg = f"{dsse.NAME}: its signature does not verify (it was altered, or is another's)"
        raise EvidenceInvalid(msg)
    said = statement.parse(envelope.payload)
    _require_right_run(said, folder, trust)
    stamp, undated = _stamp(folder, said, envelope.signature, there, trust)
    key = _in_force(keys, said, stamp)
    uncovered = _require_files(folder, said, there)
    entries = verify_chain_of_hashes(_read(folder, LEDGER, there, None).splitlines(), LEDGER)
    verdicts = adjudicate(entries)
    clock.require_forward(entries, said.sealed)
    _require_recorded(folder, said, entries)
    link = said.sealed.link
    return Proof(
        run=said.run,
        environment=said.environment,
        key=key.name,
        key_id=key.public.id,
        sealed_at=said.sealed.at,
        stamp=stamp,
        undated=undated,
        seq=None if link is None else link.seq,
        previous=None if link is None else link.previous,
        unchained=said.sealed.unchained,
        attestation=digest(data),
        head=entries[-1].hash,
        entries=len(entries),
        files=len(said.subjects),
        uncovered=uncovered,
        verdicts=Counter(body["verdict"] for body in verdicts.values()),
        exit_code=entries[-1].body["exit"],
        predicate=said.predicate,
        ran_by=_ran_by(folder, said, entries, trust),
    )


def _ran_by(folder: Path, said: Statement, entries: Sequence[Entry], trust: Trust) -> RanBy:
    # A seal covers every file; one that it does not name is not there.
    kept = _read(folder, record.FILE, [*said.subjects], record.LARGEST) if record.FILE in said.subjects else None
    try:
        evidence = json.loads((folder / ENVIRONMENT).read_bytes()).get("evidence")
    except (ValueError, AttributeError, RecursionError) as error:
        msg = f"{ENVIRONMENT}: no environment ({type(error).__name__})"
        raise EvidenceInvalid(msg) from error
    declared = evidence.get("identity") if isinstance(evidence, Mapping) else None
    return identity.verify(entries, declared, kept, trust.identity)


def _read(folder: Path, name: str, there: Sequence[str], limit: int | None) -> bytes:
    if name not in there:
        unsealed = ": the run is UNSEALED, and no evidence" if name == dsse.NAME else ""
        msg = f"{name}: missing{unsealed}"
        raise EvidenceInvalid(msg)
    with open(os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123 — a descriptor
        return file.read() if limit is None else file.read(limit + 1)


def _require_right_run(said: Statement, folder: Path, trust: Trust) -> None:
    if said.run != folder.resolve().name:
        msg = f"{dsse.NAME}: the seal of another run, {files.shown(said.run)}"
        raise EvidenceInvalid(msg)
    if trust.environment is not None and said.environment != trust.environment:
        msg = f"{dsse.NAME}: a run of environment {files.shown(said.environment)}, not of {trust.environment}"
        raise EvidenceInvalid(msg)


def _stamp(
    folder: Path, said: Statement, signature: bytes, there: Sequence[str], trust: Trust
) -> tuple[Stamp | None, str]:
    sealed = said.sealed
    present = timestamp.NAME in there
    dated = sealed.authority is not None and not sealed.undated
    if dated and not present:
        msg = f"{timestamp.NAME}: missing, and the seal says that {files.shown(sealed.authority or '')} gave one"
        raise EvidenceInvalid(msg)
    if present and not dated:
        msg = f"{timestamp.NAME}: there, and the seal says that nobody gave one"
        raise EvidenceInvalid(msg)
    undated = sealed.undated or "no authority was asked"
    if present and trust.authorities:
        stamp = timestamp.verify(_read(folder, timestamp.NAME, there, timestamp.LARGEST), signature, trust.authorities)
        clock.require_agreement(sealed, stamp)
        return stamp, ""
    if present:
        undated = "a timestamp is there, and the verifier trusts no authority to read it by"
    if trust.require_timestamp:
        msg = f"{timestamp.NAME}: a timestamp is required, and nobody dated the seal: {undated}"
        raise EvidenceInvalid(msg)
    return None, undated


def _in_force(keys: Sequence[SealKey], said: Statement, stamp: Stamp | None) -> SealKey:
    at = said.sealed.at if stamp is None else stamp.at
    for key in keys:
        if key.in_force(at):
            return key
    key = keys[0]
    early = key.start is not None and at < key.start
    when = f"is not valid before {key.start}" if early else f"was rotated out at {key.end}"
    msg = f"{dsse.NAME}: the key {key.name} {when}, and the seal is of {at.isoformat()}"
    raise EvidenceInvalid(msg)


def _require_files(folder: Path, said: Statement, there: Sequence[str]) -> tuple[str, ...]:
    """See that every file is there, as it was, and no other; return those that are not covered."""
    uncovered = tuple(name for name in there if files.uncovered(name) and name not in said.subjects)
    for name in there:
        if name not in said.subjects and name not in (dsse.NAME, timestamp.NAME, *uncovered):
            msg = f"{files.shown(name)}: added after the run was sealed"
            raise EvidenceInvalid(msg)
    present = set(there)
    for name, sha256 in said.subjects.items():
        if name not in present:
            msg = f"{files.shown(name)}: missing"
            raise EvidenceInvalid(msg)
        if files.file_digest(folder / name) != sha256:
            msg = f"{files.shown(name)}: its content is not what was sealed (it was altered)"
            raise EvidenceInvalid(msg)
        if name.startswith(_OBSERVATIONS) and name != f"{_OBSERVATIONS}{sha256}.json":
            msg = f"{files.shown(name)}: an observation that is not named by its digest"
            raise EvidenceInvalid(msg)
    return uncovered


def _require_recorded(folder: Path, said: Statement, entries: Sequence[Entry]) -> None:
    """See that the statement repeats the ledger, and that what the ledger names is there."""
    plan = entries[0].body
    if plan["run"] != said.run or plan["environment"] != said.environment:
        msg = f"{LEDGER} line 1: the plan of another run, or of another environment"
        raise EvidenceInvalid(msg)
    summary = statement.summary(entries)
    if canonical({key: said.predicate.get(key) for key in summary}) != canonical(summary):
        wrong = next(key for key in summary if said.predicate.get(key) != summary[key])
        msg = f"{dsse.NAME}: its summary ({wrong}) is not what the ledger says"
        raise EvidenceInvalid(msg)
    if said.subjects.get(LEDGER) is None or said.subjects.get(ENVIRONMENT) is None:
        msg = f"{dsse.NAME}: the seal covers no {LEDGER if LEDGER not in said.subjects else ENVIRONMENT}"
        raise EvidenceInvalid(msg)
    if digest((folder / ENVIRONMENT).read_bytes().rstrip(b"\n")) != plan["environment_sha256"]:
        msg = f"{ENVIRONMENT}: not the environment that the plan names"
        raise EvidenceInvalid(msg)
    for entry in entries:
        if entry.type == OBSERVATION:
            name = str(entry.body["sha256"])
            if f"{_OBSERVATIONS}{name}.json" not in said.subjects:
                msg = f"{LEDGER} line {entry.seq + 1}: its observation {files.shown(name)} is missing"
                raise EvidenceInvalid(msg)
            read_observation(folder / "observations", name, str(entry.body["probe"]))
