"""Makes evidence of a finished run: what its closing entry says of its origin, and its seal."""

import os
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from apgms_ops.compliance.waivers import in_force
from apgms_ops.deadline import Deadline
from apgms_ops.environment import snapshot
from apgms_ops.environment.evidence import Evidence
from apgms_ops.errors import ApgmsOpsError
from apgms_ops.evidence import chain, origin, trust
from apgms_ops.evidence.authority import TimestampAuthority
from apgms_ops.evidence.sealing import Seal, Sealer
from apgms_ops.evidence.signing import Signer, signer_of
from apgms_ops.observation import Identity
from apgms_ops.plugin import closing
from apgms_ops.plugin.options import Options
from apgms_ops.plugin.session import CheckRun
from apgms_ops.redact import printable
from apgms_ops.reports.model import RunResult, SealResult
from apgms_ops.verdict import EXIT_GREEN

EXIT_UNSEALED: Final = 3
"""Pytest's own for a run that went wrong by itself: green checks whose evidence did not come about."""
SEALING: Final = 20.0
"""Seconds for key, authority and chain together, at most."""
SEALED: Final = "SEALED"
UNSEALED: Final = "UNSEALED"


@dataclass(frozen=True, slots=True)
class Sealing:
    """How the evidence of one run is made."""

    run: CheckRun
    options: Options

    @property
    def _evidence(self) -> Evidence:
        declared = self.run.environment.evidence
        return declared if isinstance(declared, Evidence) else Evidence()

    @property
    def _chain(self) -> Path:
        folder = chain.folder_of(self._evidence.chain, self.run.path.parent, self.run.config.rootpath)
        return chain.path_of(folder, self.run.environment.name)

    def preflight(self) -> None:
        """See, before anything is looked at, that a run which must be sealed has its key.

        Raises:
            ConfigurationError: It has none that can be used.
        """
        if self._evidence.require_seal and self.options.recorded is None:
            self._signer(datetime.now(UTC))

    def closing(self, identities: Iterable[Identity]) -> dict[str, Any]:
        """Return what the closing entry says besides the counts.

        Args:
            identities: Which systems answered.
        """
        answered: dict[str, set[str]] = defaultdict(set)
        for identity in identities:
            answered[identity.system].add(identity.id)
        return {
            "limits": snapshot.as_json(self.run.environment).get("limits", {}),
            "waivers": [dict(waiver) for waiver in self.run.waivers if in_force(waiver, datetime.now(UTC))],
            "identities": {system: sorted(ids) for system, ids in answered.items()},
            "by": {"user": origin.user(), "job": origin.job(os.environ, self.run.redact)},
            "checks_at": origin.commit(self.run.config.rootpath, os.environ),
            "versions": origin.versions(),
            "previous": self._previous(),
        }

    def _previous(self) -> dict[str, Any] | None:
        """Return the head of the chain as it stands; what joins it is decided when the run is sealed."""
        last = None
        with suppress(ApgmsOpsError, OSError):
            for entry in chain.tail(self._chain):
                last = entry
        return None if last is None else {"seq": last.seq, "run": last.run, "seal": last.attestation}

    def expected(self) -> str:
        """Return what the report says of the seal, which is made over the report's results as well."""
        why = self._why_not()
        return f"{UNSEALED}: {why}" if why else f"{SEALED}: see attestation.json"

    def _why_not(self) -> str:
        if self.options.recorded is not None:
            return "a replay is no evidence of its own"
        if self._evidence.key is None:
            return "no key is named in [evidence]; this run is a record, and no evidence"
        return ""

    def conclude(self, result: RunResult, allure: str) -> RunResult:
        """Seal the run, after which nothing in its folder changes; a run that should have a seal is not green without.

        Args:
            result: What is shown.
            allure: The folder of Allure results.
        """
        seal = self._seal()
        if seal.unsealed:
            closing.write_allure_environment(self.run, allure, f"{UNSEALED}: {seal.unsealed}")
        code = EXIT_UNSEALED if seal.failed and result.exit_code == EXIT_GREEN else result.exit_code
        return replace(result, seal=seal, exit_code=code)

    def _seal(self) -> SealResult:
        """Seal the run, and say what came of it. Whatever goes wrong, what was recorded stays as it is."""
        why = self._why_not()
        if not why:
            try:
                return _told(self._sealer().seal(self.run.path, Deadline(SEALING)), self.run.environment.name)
            except ApgmsOpsError as error:
                why = str(error)
            except OSError as error:
                why = f"{error.filename or 'a file'}: {error.strerror}"
        required = self._evidence.require_seal and self.options.recorded is None
        # A key that was named and could not be used is an error even where none is required.
        failed = required or (self._evidence.key is not None and self.options.recorded is None)
        return SealResult(unsealed=printable(self.run.redact(why), limit=500), failed=failed)

    @property
    def _folder(self) -> Path:
        """The folder that the paths in the environment's file are relative to."""
        return self.run.config.rootpath if self.options.file is None else self.options.file.parent

    def _signer(self, now: datetime) -> Signer:
        evidence = self._evidence
        return signer_of(evidence.key or "", trust.declared_keys(evidence, self._folder), now, os.environ)

    def _sealer(self) -> Sealer:
        evidence = self._evidence
        signer = self._signer(datetime.now(UTC))
        authority = None
        if evidence.timestamp is not None:
            certificates = trust.certificates(self._folder / evidence.timestamp.ca_file)
            authority = TimestampAuthority(evidence.timestamp.url, certificates)
        return Sealer(signer, authority, self._chain, lambda: datetime.now(UTC))


def _told(seal: Seal, environment: str) -> SealResult:
    sealed = seal.sealed
    link = sealed.link
    told = SealResult(
        key=f"{seal.key} ({seal.key_id[:16]})",
        head=seal.attestation,
        place="" if link is None else f"run {link.seq} of {environment}",
        unchained=sealed.unchained,
        undated=sealed.undated,
    )
    return told if seal.stamp is None else replace(told, dated=f"{seal.stamp.at:%Y-%m-%dT%H:%M:%SZ}")
