"""Finds out who runs the checks, by the identity token of the CI job, where the environment says whose tokens count."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.environment.evidence import Identity
from apgms_ops.errors import ConfigurationError, EvidenceInvalid, Unobserved
from apgms_ops.evidence.identity import record, token
from apgms_ops.evidence.identity.claims import PROVEN, REFUSED, Expected, audience
from apgms_ops.evidence.identity.issuer import Issuer, offered
from apgms_ops.evidence.identity.record import Finding, claimed

SECONDS: Final = 15.0
"""For the token and its issuer's keys together."""


@dataclass(frozen=True, slots=True)
class Identifying:
    """Asks for identity tokens of one job."""

    declared: Identity | None
    """Whose tokens count; None: nobody's, and nobody is asked."""
    folder: Path
    """That the paths in the environment's file are relative to."""
    environ: Mapping[str, str]
    redact: Callable[[str], str]

    def preflight(self, run: str, checks_at: Mapping[str, Any]) -> None:
        """See, before anything is looked at, that it can be proven who runs a run of which that must be proven.

        Args:
            run: Its id.
            checks_at: Commit of the checks, and whether the checkout differs from it.

        Raises:
            ConfigurationError: It cannot.
        """
        if self.declared is None or not self.declared.required:
            return
        finding = self.find(run, None, checks_at)
        if finding.state != PROVEN:
            msg = f"it must be proven who runs the checks ([evidence.identity] required): {finding.why}"
            raise ConfigurationError(msg)

    def find(self, run: str, head: str | None, checks_at: Mapping[str, Any]) -> Finding:
        """Return who runs a run. Nothing is raised: what cannot be found out is claimed, and why.

        Args:
            run: Its id.
            head: Hash of the ledger's last entry, which the token is bound to; None before there is one.
            checks_at: Commit of the checks, and whether the checkout differs from it.
        """
        if self.declared is None:
            return claimed("the environment names nobody whose identity tokens are believed ([evidence.identity])")
        try:
            return self._asked(self.declared, audience(run, head), checks_at)
        except (Unobserved, ConfigurationError) as error:
            return claimed(self.redact(str(error)))

    def _asked(self, declared: Identity, wanted: str, checks_at: Mapping[str, Any]) -> Finding:
        offer = offered(self.environ)
        if offer is None:
            return claimed("no identity token is offered here (a job of GitHub Actions with id-token: write is)")
        issuer = Issuer(declared.issuer, None if declared.ca_file is None else self.folder / declared.ca_file)
        deadline = Deadline(SECONDS)
        secret = issuer.token(offer, wanted, deadline)
        keys = issuer.keys(deadline)
        expected = Expected(
            issuer=declared.issuer,
            audience=wanted,
            repository=declared.repository,
            callers=declared.callers,
            checks_at=checks_at,
            at=datetime.now(UTC),
        )
        try:
            return record.found(token.read(secret.reveal()), keys, expected, self.redact)
        except EvidenceInvalid as error:
            return Finding(REFUSED, str(error), declared.issuer)
