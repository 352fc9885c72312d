"""Gets runs back from an object store, verifies each, and makes their part of the chain anew from their seals."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from apgms_ops.clients.objectstore import ObjectStoreClient
from apgms_ops.deadline import Deadline
from apgms_ops.errors import ConfigurationError, EvidenceInvalid
from apgms_ops.evidence import archived, bundle, chain
from apgms_ops.evidence.chain import ChainEntry
from apgms_ops.evidence.files import file_digest, shown
from apgms_ops.evidence.folder import Walk
from apgms_ops.evidence.trust import Trust
from apgms_ops.evidence.verify import Proof, verify_run

_ONE: Final = 300.0
"""Seconds for one request."""


@dataclass(frozen=True, slots=True)
class Puller:
    """Gets runs into a folder: `runs/` and `chain/` in it."""

    store: ObjectStoreClient
    target: Path
    trust: Trust
    deadline: Callable[[float], Deadline] = Deadline

    def pull(self, run: str, key: str) -> tuple[Proof, bool]:
        """Get a run, unless it is there; return what holds of it, and whether it was got now.

        Raises:
            EvidenceInvalid: It does not verify, there or in the store; what does not is not put into the folder.
            Unobserved: It cannot be had.
        """
        runs = self.target / bundle.RUNS
        runs.mkdir(parents=True, exist_ok=True)
        if (runs / run).is_dir():
            return self._at_its_place(verify_run(runs / run, self.trust), key), False
        with tempfile.TemporaryDirectory(prefix=".pulling-", dir=self.target) as made:
            file, opened = Path(made) / "run.zip", Path(made) / "opened"
            stored = self.store.stored(key, self.deadline(_ONE))
            self.store.fetch(key, file, self.deadline(_ONE), version=stored.version)
            if stored.sha256 is not None and file_digest(file) != stored.sha256:
                msg = f"{self.store.source}/{shown(key)}: what came is not what was stored"
                raise EvidenceInvalid(msg)
            opened.mkdir()
            self._unpack(key, file, opened)
            inside = sorted(path.name for path in (opened / bundle.RUNS).iterdir())
            if inside != [run]:
                msg = (
                    f"{self.store.source}/{shown(key)}: holds {', '.join(map(shown, inside))}, and not the run it names"
                )
                raise EvidenceInvalid(msg)
            list(bundle.verify(opened, self.trust))
            proof = self._at_its_place(verify_run(opened / bundle.RUNS / run, self.trust), key)
            (opened / bundle.RUNS / run).rename(runs / run)
        return proof, True

    def _unpack(self, key: str, file: Path, opened: Path) -> None:
        try:
            bundle.unpack(file, opened)
        except ConfigurationError as error:
            msg = f"{self.store.source}/{shown(key)}: not what `evidence push` stores there"
            raise EvidenceInvalid(msg) from error
        if not (opened / bundle.RUNS).is_dir():
            msg = f"{self.store.source}/{shown(key)}: holds no run"
            raise EvidenceInvalid(msg)

    def _at_its_place(self, proof: Proof, key: str) -> Proof:
        name = archived.parse(key)
        if name is None or name.seq != proof.seq:
            msg = f"{self.store.source}/{shown(key)}: its seal says that it is run {proof.seq} of its chain"
            raise EvidenceInvalid(msg)
        return proof

    def write_chain(self, environment: str, proofs: Iterable[Proof]) -> Sequence[tuple[int, int]]:
        """Write the part of the chain that these runs are; return the first and last place of each gap in it.

        Raises:
            EvidenceInvalid: They do not follow one another.
        """
        chained = sorted((proof.seq, proof) for proof in proofs if proof.seq is not None)
        walk = Walk(environment, whole=False)
        entries: list[ChainEntry] = []
        before: Proof | None = None
        for seq, proof in chained:
            entry = ChainEntry(seq, proof.run, proof.attestation, proof.previous)
            if before is not None and seq == before.seq:
                msg = f"{shown(proof.run)}: in the place of {shown(before.run)}, {seq}: there are two chains"
                raise EvidenceInvalid(msg)
            if before is not None and seq == (before.seq or 0) + 1 and proof.previous != before.attestation:
                msg = f"{shown(proof.run)}: its seal follows upon another run than {shown(before.run)}"
                raise EvidenceInvalid(msg)
            walk.step(entry, proof)
            entries.append(entry)
            before = proof
        if entries:
            walk.end()
            path = chain.path_of(self.target / bundle.CHAIN, environment)
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f".{path.name}.draft")
            draft.write_bytes(b"".join(entry.line() for entry in entries))
            draft.replace(path)
        return tuple(archived.gaps(seq for seq, _ in chained))
