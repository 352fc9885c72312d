"""Seals a run that is closed: statement, signature, timestamp, and its place in the chain."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import EvidenceInvalid, Unobserved
from apgms_ops.evidence import chain, dsse, statement, timestamp
from apgms_ops.evidence.adjudication import adjudicate
from apgms_ops.evidence.authority import TimestampAuthority
from apgms_ops.evidence.clock import require_agreement, require_forward
from apgms_ops.evidence.dsse import Envelope
from apgms_ops.evidence.files import subjects
from apgms_ops.evidence.ledger import CLOSE, Entry, verify
from apgms_ops.evidence.signing import Signer
from apgms_ops.evidence.statement import Sealed
from apgms_ops.evidence.timestamp import Stamp
from apgms_ops.observation import digest
from apgms_ops.redact import printable

_CAUSE: Final = 300
"""Characters."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What a run was given."""

    key: str
    """The key's name."""
    key_id: str
    sealed: Sealed
    stamp: Stamp | None
    attestation: str
    """SHA-256 of the seal: the head of the chain, where the run has joined it."""


class Sealer:
    """Seals the runs of one environment."""

    def __init__(
        self,
        signer: Signer,
        authority: TimestampAuthority | None,
        chain_file: Path,
        now: Callable[[], datetime],
    ) -> None:
        """Take who signs, who dates (None: nobody does), where the sequence is kept, and the clock."""
        self._signer = signer
        self._authority = authority
        self._chain = chain_file
        self._now = now

    def seal(self, folder: Path, deadline: Deadline) -> Seal:
        """Seal a run; nothing in its folder may change any more.

        Args:
            folder: The run's.
            deadline: For key, authority and chain together.

        Raises:
            EvidenceInvalid: The run is not one to seal: not closed, at odds with itself, or its times run backwards.
            ConfigurationError: The key cannot be used.
            DeadlineExceeded: The time is over.
            OSError: Something cannot be read or written; the run has no seal then.
        """
        entries = verify((folder / "ledger.jsonl").read_bytes().splitlines())
        self._require_sound(entries)
        covered = subjects(folder)
        try:
            with chain.held(self._chain, folder.parent, deadline.within(deadline.remaining / 2)) as held:
                return self._join(folder, entries, covered, held, deadline)
        except chain.Unchained as error:
            unchained = printable(str(error), limit=_CAUSE)
        envelope, seal = self._sign(folder, entries, covered, Sealed(self._now(), None, unchained), deadline)
        chain.write_synced(folder / dsse.NAME, envelope)
        return seal

    def _join(
        self,
        folder: Path,
        entries: tuple[Entry, ...],
        covered: list[dict[str, object]],
        held: chain.Chain,
        deadline: Deadline,
    ) -> Seal:
        sealed = Sealed(self._now(), held.next)
        envelope, seal = self._sign(folder, entries, covered, sealed, deadline)
        held.append(folder, envelope, seal.attestation)
        return seal

    def _require_sound(self, entries: tuple[Entry, ...]) -> None:
        if entries[-1].type != CLOSE:
            msg = "the ledger is not closed"
            raise EvidenceInvalid(msg)
        adjudicate(entries)
        require_forward(entries, Sealed(self._now(), None))

    def _sign(
        self,
        folder: Path,
        entries: tuple[Entry, ...],
        covered: list[dict[str, object]],
        sealed: Sealed,
        deadline: Deadline,
    ) -> tuple[bytes, Seal]:
        (folder / timestamp.NAME).unlink(missing_ok=True)
        if self._authority is not None:
            sealed = replace(sealed, authority=self._authority.url)
        envelope = self._enveloped(entries, covered, sealed, deadline)
        stamp = None
        if self._authority is not None:
            try:
                answer, stamp = self._authority.stamp(envelope.signature, deadline)
                require_agreement(sealed, stamp)
                chain.write_synced(folder / timestamp.NAME, answer)
            except (Unobserved, EvidenceInvalid) as error:
                # Said under a signature of its own: otherwise a timestamp that was taken away would look the same.
                stamp, sealed = None, replace(sealed, undated=printable(str(error), limit=_CAUSE))
                envelope = self._enveloped(entries, covered, sealed, deadline)
        data = envelope.to_bytes()
        return data, Seal(self._signer.name, self._signer.public.id, sealed, stamp, digest(data))

    def _enveloped(
        self, entries: tuple[Entry, ...], covered: list[dict[str, object]], sealed: Sealed, deadline: Deadline
    ) -> Envelope:
        payload = statement.build(entries, covered, sealed)
        signature = self._signer.sign(dsse.encoding(payload), deadline)
        return Envelope(payload, self._signer.public.id, signature)
