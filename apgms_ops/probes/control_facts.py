"""How the controls stand: what evidences each of them, how old that is, and which documents do not hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from apgms_ops.environment.evidence import Evidence
from apgms_ops.environment.model import Environment
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.evidence.daily import SKEW
from apgms_ops.observation import Findings


@dataclass(frozen=True, slots=True)
class Evidencing:
    """A check that evidences a control."""

    check: str
    at: datetime | None
    """When the run began that last judged it, or its service that was judged the longest ago; None where one never was,
    as far back as was looked."""
    verdict: str | None
    """What it came to there. One that is red is so in its own name, and no second time in that of the control."""
    absent: bool
    """Whether it was, or is to be, SKIPPED: what it looks at is declared absent."""
    exempt: bool
    """Whether no earlier run is asked for it: this very run is the first that knows it, or says that it is absent."""


@dataclass(frozen=True, slots=True)
class Document:
    """What somebody supplied by hand."""

    title: str
    owner: str
    expires: datetime
    trouble: str
    """Why it is no evidence; empty where it is."""
    renewed: bool
    """Whether another of the same title holds in its place."""


@dataclass(frozen=True, slots=True)
class ControlStanding:
    """One of the twelve controls."""

    control: str
    by_hand: bool
    """Whether no check can evidence it."""
    checks: tuple[Evidencing, ...]
    documents: tuple[Document, ...]

    def gaps(self, at: datetime, fresh: timedelta) -> Iterator[str]:
        """Yield what it has no evidence of; that a document does not hold is a finding of its own."""
        if self.by_hand and not self.documents:
            yield "no document is registered, and no check can evidence it"
        elif not self.checks and not self.documents:
            yield "no check evidences it, and no document is registered"
        elif not self.documents and all(one.absent for one in self.checks):
            yield "what its checks look at is declared absent, and no document is registered"
        old = [one for one in self.checks if not one.exempt and (one.at is None or at - one.at > fresh)]
        if old:
            first = old[0]
            seen = "" if first.at is None else f", last at {first.at:%Y-%m-%d %H:%M} UTC"
            more = f", and {len(old) - 1} more" if len(old) > 1 else ""
            yield f"not judged by any run of the last {format_duration(fresh)}: {first.check}{seen}{more}"


@dataclass(frozen=True, slots=True)
class ControlStandings:
    """How the controls stand in one environment."""

    at: datetime
    looked_back_to: datetime | None
    """Runs that began before then were not looked at; None where none was, because nothing is asked for yet."""
    controls: tuple[ControlStanding, ...]

    def without_fresh_evidence(self, environment: Environment) -> Findings:
        """Say which controls nothing evidences, or nothing that is young enough.

        Args:
            environment: Says how old evidence may be, and from when on it is asked for.

        Raises:
            Unobserved: It does not say so, or earlier runs were not looked at far enough back.
        """
        evidence = environment.evidence
        if not isinstance(evidence, Evidence) or evidence.fresh is None:
            msg = "evidence.fresh is not declared: nobody says how old the evidence of a control may be"
            raise Unobserved(msg)
        fresh, since = evidence.fresh.value, evidence.since
        if since is not None and since > self.at + SKEW:
            msg = f"evidence.since lies ahead ({since.isoformat()}): evidence is asked for of no control"
            raise Unobserved(msg)
        if not due(since, self.at, fresh):
            return Findings()
        if self.looked_back_to is None or self.looked_back_to > self.at - fresh:
            msg = "earlier runs were not looked through as far back as evidence may be old"
            raise Unobserved(msg)
        return Findings(f"{one.control}: {gap}" for one in self.controls for gap in one.gaps(self.at, fresh))

    def invalid_documents(self) -> Findings:
        """Say which documents have expired, were changed or are gone; one that was renewed is not missed."""
        return Findings(
            f"{one.control}: {document.title} (owner {document.owner}): {document.trouble}"
            for one in self.controls
            for document in one.documents
            if document.trouble and not document.renewed
        )


def due(since: datetime | None, at: datetime, fresh: timedelta) -> bool:
    """Whether evidence is missed that is not there: not before it has had as long to come as it may be old."""
    return since is None or at - since > fresh
