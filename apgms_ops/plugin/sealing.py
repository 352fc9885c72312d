"""Makes evidence of a finished run: what its closing entry says of its origin, and its seal."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
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
from apgms_ops.evidence.identity import record
from apgms_ops.evidence.identity.claims import PROVEN, REFUSED
from apgms_ops.evidence.identity.record import Finding, claimed
from apgms_ops.evidence.run import read_run
from apgms_ops.evidence.sealing import Seal, Sealer
from apgms_ops.evidence.signing import Signer, signer_of
from apgms_ops.observation import Identity
from apgms_ops.plugin import closing
from apgms_ops.plugin.identifying import Identifying
from apgms_ops.plugin.options import Options
from apgms_ops.plugin.session import CheckRun
from apgms_ops.redact import Redactor, printable
from apgms_ops.reports.model import RunResult, SealResult
from apgms_ops.verdict import EXIT_GREEN

EXIT_UNSEALED: Final = 3
"""Pytest's own for a run that went wrong by itself: green checks whose evidence did not come about."""
SEALING: Final = 20.0
"""Seconds for key, authority and chain together, at most."""
SEALED: Final = "SEALED"
UNSEALED: Final = "UNSEALED"


@dataclass(slots=True)
class Sealing:
    """How the evidence of one run is made."""

    run: CheckRun
    options: Options
    identity: Finding = field(default_factory=lambda: claimed("it was not asked"))
    """Who ran it, once that was found out."""
    _checks_at: Mapping[str, Any] = field(default_factory=dict)

    @property
    def _evidence(self) -> Evidence:
        declared = self.run.environment.evidence
        return declared if isinstance(declared, Evidence) else Evidence()

    @property
    def _chain(self) -> Path:
        folder = chain.folder_of(self._evidence.chain, self.run.path.parent, self.run.config.rootpath)
        return chain.path_of(folder, self.run.environment.name)

    def preflight(self) -> None:
        """See, before anything is looked at, that a run which must be sealed has its key, and if need be its identity.

        Raises:
            ConfigurationError: It has no key that can be used, or it must be proven who runs it, and cannot be.
        """
        if self.options.recorded is not None:
            return
        if self._evidence.require_seal:
            self._signer(datetime.now(UTC))
        if self._evidence.identity is not None and self._evidence.identity.required:
            self._identifying.preflight(self.run.folder.id, self._commit())

    def identify(self, code: int) -> int:
        """Find out who ran the run, whose verdicts are written, and keep what proves it beside them.

        Args:
            code: What the run exits with so far.

        Returns:
            What it exits with: not 0 where somebody else's token was given, or where it must be proven and is not.
        """
        if self.options.recorded is not None:
            self.identity = claimed("a replay is no evidence of its own")
            return code
        self._checks_at = self._commit()
        head = read_run(self.run.path).head
        try:
            self.identity = self._identifying.find(self.run.folder.id, head, self._checks_at)
        except KeyboardInterrupt:
            # The run is over, and its verdicts are written: a ledger without its end would lose all of it for this.
            self.identity = claimed("it was interrupted while it asked for its identity token")
        if self.identity.kept is not None:
            self.run.folder.write(record.FILE, self.identity.kept)
        return EXIT_UNSEALED if self._doubted and code == EXIT_GREEN else code

    @property
    def _doubted(self) -> bool:
        """Whether the run is not green for who ran it."""
        declared = self._evidence.identity
        must = declared is not None and declared.required and self.options.recorded is None
        return self.identity.state == REFUSED or (must and self.identity.state != PROVEN)

    @property
    def _identifying(self) -> Identifying:
        redact = Redactor(closing.readable_secrets(self.run))
        return Identifying(self._evidence.identity, self._folder, os.environ, redact)

    def _commit(self) -> Mapping[str, Any]:
        return origin.commit(self.run.config.rootpath, os.environ)

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
            "by": {
                "user": origin.user(),
                "job": origin.job(os.environ, self.run.redact),
                "identity": self.identity.to_json(),
            },
            "checks_at": dict(self._checks_at or self._commit()),
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
        seal = replace(self._seal(), ran_by=self._ran_by(), doubted=self._doubted)
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

    def _ran_by(self) -> str:
        """Return who ran it, where the environment asks; else nobody expects more than a claim."""
        if self._evidence.identity is None or self.options.recorded is not None:
            return ""
        told = self.identity.told
        if self.identity.state != PROVEN:
            return f"{self.identity.state}: {self.identity.why}"
        workflow = told.get("job_workflow_ref", told["workflow"])
        return f"{PROVEN}: {told['actor']}, {workflow}, run {told['run_id']} of {told['repository']}"

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
