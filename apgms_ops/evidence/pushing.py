"""Puts sealed runs into an object store, each once, locked, and only after it was looked through.

What is there is never overwritten: the store takes a name once. So it can be interrupted anywhere and done again.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from apgms_ops.clients.objectstore import COMPLIANCE, AlreadyThere, NotThere, ObjectStoreClient, Stored
from apgms_ops.deadline import Deadline
from apgms_ops.environment.evidence import Archive
from apgms_ops.errors import EvidenceInvalid, Unobserved
from apgms_ops.evidence import archived, bundle
from apgms_ops.evidence.chain import ChainEntry
from apgms_ops.evidence.files import file_digest, shown
from apgms_ops.evidence.scan import Finding, findings
from apgms_ops.evidence.trust import Trust
from apgms_ops.evidence.verify import Proof, verify_run

_ONE: Final = 300.0
"""Seconds for one request, an upload among them."""
_TRIES: Final = 3
_BETWEEN: Final = 2.0
"""Seconds between tries."""
_AT_LEAST: Final = timedelta(days=1)
"""For which a run is locked whose retention is over already."""
_NAMED: Final = 5


class Quarantined(EvidenceInvalid):
    """A run holds what must not leave; the text says in which files, and never what."""

    def __init__(self, run: str, found: Sequence[Finding]) -> None:
        """Name the files."""
        places = "; ".join(f"{one.file}, {one.where}: {one.what}" for one in found[:_NAMED])
        more = f"; and {len(found) - _NAMED} more files" if len(found) > _NAMED else ""
        super().__init__(f"{shown(run)}: not stored: {places}{more}")


@dataclass(frozen=True, slots=True)
class Archiver:
    """Stores runs of one environment."""

    store: ObjectStoreClient
    section: Archive
    environment: str
    redact: Callable[[str], str]
    """Masks what must not leave."""
    deadline: Callable[[float], Deadline] = Deadline
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def there(self) -> dict[str, str]:
        """Return the runs that are stored → their objects' names; one whose newest version was deleted is not.

        Raises:
            EvidenceInvalid: An object lies there that is not a run's.
            Unobserved: They cannot be listed.
        """
        found: dict[str, str] = {}
        prefix = archived.folder_of(self.section.prefix, self.environment)
        for version in self.store.versions(prefix, self.deadline(_ONE)):
            name = archived.parse(version.key)
            if name is None:
                msg = f"{self.store.source}/{shown(version.key)}: not the name of a run"
                raise EvidenceInvalid(msg)
            if version.latest and not version.marker:
                found[name.run] = version.key
        return found

    def require_locking(self) -> None:
        """See that the bucket locks: in one that does not, a run would only seem to be kept.

        Raises:
            EvidenceInvalid: It does not, or keeps no versions.
            Unobserved: That cannot be found out.
        """
        bucket = self.store.bucket(self.deadline(_ONE))
        if not bucket.locking or not bucket.versioned:
            msg = f"{self.store.source}: has no Object Lock, or keeps no versions: what is put there can be deleted"
            raise EvidenceInvalid(msg)

    def examined(self, folder: Path, trust: Trust) -> Proof:
        """Verify a run, and look through it.

        Raises:
            EvidenceInvalid: It does not verify, or is of another environment.
            Quarantined: It holds what must not leave.
        """
        proof = verify_run(folder, trust)
        if proof.environment != self.environment:
            msg = f"{shown(proof.run)}: a run of {shown(proof.environment)}, not of {self.environment}"
            raise EvidenceInvalid(msg)
        found = tuple(findings(folder, self.redact))
        if found:
            raise Quarantined(proof.run, found)
        return proof

    def push(self, folder: Path, proof: Proof) -> int:
        """Store an examined run; return the bytes of its object.

        Raises:
            EvidenceInvalid: Something else lies under its name, or it is not locked as it was asked to be.
            Unobserved: Whether it is stored could not be found out; it can be tried again.
        """
        key = archived.key_of(self.section.prefix, proof)
        # In whole seconds, as the store keeps it.
        least = max(proof.at + self.section.retention.value, self.now() + _AT_LEAST)
        until = (least + timedelta(seconds=1)).replace(microsecond=0)
        with tempfile.TemporaryDirectory(prefix="apgms-ops-archive-") as made:
            file = Path(made) / "run.zip"
            bundle.write(file, [folder], _part(proof), {})
            size = file.stat().st_size
            self._put(key, file, until, proof)
        self._require_kept(key, self._look(key), proof, until)
        return size

    def _put(self, key: str, file: Path, until: datetime, proof: Proof) -> None:
        digest, facts = file_digest(file), archived.metadata(proof)
        for tried in range(1, _TRIES + 1):
            try:
                self.store.add(key, file, self.deadline(_ONE), sha256=digest, until=until, metadata=facts)
            except AlreadyThere:
                return  # by another, or by an attempt whose answer was lost; what it is, is looked at
            except Unobserved:
                if tried == _TRIES:
                    raise
                self.deadline(_ONE).pause(_BETWEEN * tried, "storing it again")
            else:
                return

    def _look(self, key: str) -> Stored:
        try:
            return self.store.stored(key, self.deadline(_ONE))
        except NotThere as error:
            msg = f"{self.store.source}/{shown(key)}: stored, and not there now"
            raise EvidenceInvalid(msg) from error

    def _require_kept(self, key: str, stored: Stored, proof: Proof, until: datetime) -> None:
        place = f"{self.store.source}/{shown(key)}"
        if stored.metadata.get(archived.ATTESTATION) != proof.attestation:
            msg = f"{place}: something else than this run lies under its name; it was left as it is"
            raise EvidenceInvalid(msg)
        # One that was stored before may be locked for a moment less, from a clock that was behind.
        if stored.mode != COMPLIANCE or stored.until is None or stored.until < until - timedelta(minutes=5):
            kept = "not locked" if stored.until is None else f"locked ({stored.mode}) until {stored.until.isoformat()}"
            msg = f"{place}: {kept}, and not {COMPLIANCE} until {until.isoformat()}"
            raise EvidenceInvalid(msg)


def _part(proof: Proof) -> dict[str, Iterator[ChainEntry]]:
    """Return the run's line of the chain, which its seal says again."""
    if proof.seq is None:
        return {}
    return {proof.environment: iter((ChainEntry(proof.seq, proof.run, proof.attestation, proof.previous),))}
