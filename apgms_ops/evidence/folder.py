"""Verifies an environment's chain: every run by itself, and that none is missing, moved, doubled or put in."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence import chain, clock, dsse
from apgms_ops.evidence.chain import ChainEntry
from apgms_ops.evidence.files import shown
from apgms_ops.evidence.trust import Trust
from apgms_ops.evidence.verify import Proof, is_sealed, verify_run

NAMED: Final = 10
"""Runs that are named; of more there is a count."""


@dataclass(frozen=True, slots=True)
class ChainProof:
    """What holds of a chain."""

    environment: str
    runs: int
    """That were verified, each in its place."""
    first: Proof
    last: Proof
    not_here: int
    """Runs of the chain between those two that are not here: of a part of a chain, some may be."""
    after_head: int | None
    """Runs that came after the head that is known from elsewhere; None where none was given."""
    unchained: tuple[str, ...]
    """Verified runs that have no place in the chain, and say why themselves."""
    unsealed: int
    """Runs in the folder that are no evidence."""


class Walk:
    """Goes along a chain, run by run; it holds on to the first and the last alone."""

    def __init__(self, environment: str, head: str | None = None, *, whole: bool = True) -> None:
        """Begin.

        Args:
            environment: Whose chain it is.
            head: SHA-256 of a seal that is known from elsewhere, and must be in the chain.
            whole: Whether it must begin with the first run; False for a part of a chain.
        """
        self._environment = environment
        self._head = head
        self._whole = whole
        self._entry: ChainEntry | None = None
        self._first: Proof | None = None
        self._last: Proof | None = None
        self._runs = self._not_here = 0
        self._after_head: int | None = None

    def step(self, entry: ChainEntry, proof: Proof | None) -> None:
        """Take the next line, and what holds of its run; None where the run is not here, in a part of a chain.

        Raises:
            EvidenceInvalid: The run is not the one that belongs there.
        """
        if self._entry is None and self._whole and entry.seq != 0:
            msg = f"the chain begins with its run {entry.seq}, {shown(entry.run)}: the runs before it were removed"
            raise EvidenceInvalid(msg)
        if self._after_head is not None:
            self._after_head += 1
        if entry.attestation == self._head:
            self._after_head = 0
        self._entry = entry
        if proof is None:
            self._not_here += 1
            return
        require_place(entry, proof, self._environment)
        if self._last is not None:
            before, now = self._last, proof
            times = [(p.sealed_at, None if p.stamp is None else p.stamp.at) for p in (before, now)]
            clock.require_order(shown(proof.run), times[0], times[1])
        self._first = self._first or proof
        self._last = proof
        self._runs += 1

    def end(self, unchained: tuple[str, ...] = (), unsealed: int = 0) -> ChainProof:
        """Return what holds of the whole.

        Raises:
            EvidenceInvalid: There was no run, or the head that is known from elsewhere did not come.
        """
        if self._first is None or self._last is None:
            msg = f"the chain of {self._environment} holds no run"
            raise EvidenceInvalid(msg)
        if self._head is not None and self._after_head is None:
            msg = (
                f"the chain of {self._environment} ends with its run {self._last.seq}, {shown(self._last.run)}, and "
                f"does not hold the head {self._head[:16]}…: runs were removed from its end, or it is another chain"
            )
            raise EvidenceInvalid(msg)
        return ChainProof(
            self._environment,
            self._runs,
            self._first,
            self._last,
            self._not_here,
            self._after_head,
            unchained,
            unsealed,
        )


def require_place(entry: ChainEntry, proof: Proof, environment: str) -> None:
    """See that a verified run is the one that a line of a chain names.

    Raises:
        EvidenceInvalid: It is another, or its seal says another place.
    """
    name = shown(entry.run)
    if proof.environment != environment:
        msg = f"{name}: a run of {shown(proof.environment)} in the chain of {environment}"
        raise EvidenceInvalid(msg)
    if proof.attestation != entry.attestation:
        msg = f"{name}/{dsse.NAME}: not the seal that the chain holds for it (line {entry.seq + 1})"
        raise EvidenceInvalid(msg)
    if proof.seq != entry.seq or proof.previous != entry.prev:
        place = "none" if proof.seq is None else f"{proof.seq}"
        where = f"in place {entry.seq} of the chain, and its seal says {place}"
        msg = f"{name}: {where} (a run was moved, doubled or removed)"
        raise EvidenceInvalid(msg)


def verify_chain(
    runs: Path, file: Path, trust: Trust, head: str | None = None, tell: Callable[[Proof], None] = lambda _: None
) -> ChainProof:
    """Verify the chain of an environment, and every run of it.

    Args:
        runs: The folder of runs.
        file: The chain's file; its folder is named as the environment.
        trust: Whom the verifier believes.
        head: SHA-256 of a seal that is known from elsewhere.
        tell: Hears of every run that holds.

    Raises:
        EvidenceInvalid: The text names the first bad entry.
    """
    environment = file.parent.name
    walk = Walk(environment, head)
    places: set[str] = set()
    try:
        for entry in chain.read(file):
            folder = runs / entry.run
            if Path(entry.run).name != entry.run or not folder.is_dir():
                msg = f"{shown(entry.run)}: missing; it is line {entry.seq + 1} of the chain of {environment}"
                raise EvidenceInvalid(msg)
            proof = verify_run(folder, trust)
            walk.step(entry, proof)
            tell(proof)
            places.add(entry.run)
    except OSError as error:
        msg = f"{file}: cannot be read: {error.strerror}"
        raise EvidenceInvalid(msg) from error
    unchained, unsealed = _beside(runs, environment, trust, places)
    return walk.end(unchained, unsealed)


def _beside(runs: Path, environment: str, trust: Trust, places: set[str]) -> tuple[tuple[str, ...], int]:
    """Verify the runs of the environment that have no place in its chain, and count those without a seal."""
    unchained: list[str] = []
    unsealed = 0
    for folder in sorted(runs.iterdir()):
        if folder.name in places or not (folder / "ledger.jsonl").is_file():
            continue
        if not is_sealed(folder):
            unsealed += f"-{environment}-" in folder.name
            continue
        if _claimed_environment(folder) != environment:
            continue
        proof = verify_run(folder, trust)
        if proof.seq is not None:
            msg = (
                f"{shown(folder.name)}: its seal says that it is run {proof.seq} of the chain of {environment}, which "
                "does not hold it"
            )
            raise EvidenceInvalid(msg)
        unchained.append(proof.run)
    return tuple(unchained), unsealed


def _claimed_environment(folder: Path) -> str | None:
    """Return what a seal says, without having verified it: only so as to leave other environments' runs alone."""
    with suppress(EvidenceInvalid, OSError, ValueError, KeyError, TypeError):
        envelope = dsse.parse((folder / dsse.NAME).read_bytes())
        return str(json.loads(envelope.payload)["predicate"]["environment"])
    # What cannot be read is looked at more closely, and refused.
    return folder.name.split("-", 1)[-1].rpartition("-")[0]


def chains(folder: Path, environment: str | None) -> Iterator[Path]:
    """Yield the chains that are kept in a folder; of one environment, or of all."""
    wanted = "*" if environment is None else environment
    yield from sorted(folder.glob(f"{wanted}/{chain.FILE}"))
