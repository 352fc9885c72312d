"""The customer journey as it was walked: every request with what came of it. What it means, the modules beside say."""

from dataclasses import dataclass, field
from datetime import datetime

from apgms_ops.clients.gateway.journey_facts import AuditEvent, Exchanged, LedgerRow, TokenSeen
from apgms_ops.errors import Unobserved
from apgms_ops.probes.journey.access import Access
from apgms_ops.probes.journey.books import Books
from apgms_ops.probes.journey.isolation import Isolation
from apgms_ops.probes.journey.leftovers import Leftovers
from apgms_ops.probes.journey.lookups import LookUps
from apgms_ops.probes.journey.past import Past
from apgms_ops.probes.journey.sums import Sum, Sums
from apgms_ops.probes.journey.timing import Timing
from apgms_ops.probes.journey.trail import Trail


@dataclass(frozen=True, slots=True)
class Stopped:
    """Where the walk ended early, and why."""

    step: str
    why: str


@dataclass(frozen=True, slots=True)
class Residue:
    """What is left of a synthetic employer after the clean-up."""

    abn: str
    what: str


@dataclass(frozen=True, slots=True)
class Written:
    """What the walk wrote, in whole cents."""

    abn: str
    legal_name: str
    tax_type: str
    period: str
    deposits: tuple[int, ...]
    payment_id: str | None = None
    acknowledged_after: float | None = None
    """Seconds from the payment to its acknowledgement and reconciliation; None where that was not seen."""


@dataclass(frozen=True, slots=True)
class Journey:
    """One walk."""

    walk: str
    """Its id, which all its correlation ids, keys and names hold."""
    at: datetime
    """When it ended, clean-up included."""
    read_only: bool
    organisation: str
    """The tenant that walked."""
    exchanges: dict[str, Exchanged] = field(default_factory=dict)
    """Name of a request → what came of it."""
    stopped: Stopped | None = None
    token: TokenSeen | None = None
    known: dict[str, str] = field(default_factory=dict)
    """What the register must answer → the number for which it must."""
    sums: tuple[Sum, ...] = ()
    """The calculations that were asked for."""
    written: Written | None = None
    ledgers: dict[str, tuple[LedgerRow, ...]] = field(default_factory=dict)
    """Name of a request → the rows that it was answered with."""
    audited: dict[str, str] = field(default_factory=dict)
    """Name of a request → the action under which the audit log must tell of it."""
    events: dict[str, tuple[AuditEvent, ...]] = field(default_factory=dict)
    """Name of a request → what the audit log tells of its correlation id."""
    others_events: tuple[AuditEvent, ...] | None = None
    """What the audit log tells another tenant of ours; None where it was not asked."""
    took: float = 0.0
    """Seconds that the walk took, without the wait for a number and without the clean-up."""
    cleaned: tuple[str, ...] = ()
    """Numbers of earlier walks that this one cleaned up after."""
    residue: tuple[Residue, ...] = ()
    past: tuple[Past, ...] = ()
    """Earlier walks, the oldest first."""

    def made(self, name: str) -> Exchanged:
        """Return a request that was answered.

        Raises:
            Unobserved: It was not made, or has no answer that could be read.
        """
        seen = self.exchanges.get(name)
        if seen is None:
            if self.stopped is None:
                msg = f"{name} is no part of this walk"
            else:
                msg = f"{name} was not reached: the walk ended at {self.stopped.step}: {self.stopped.why}"
            raise Unobserved(msg)
        if seen.trouble is not None:
            msg = f"{seen.what} ({name}): {seen.trouble}"
            raise Unobserved(msg)
        return seen

    def wrote(self) -> Written:
        """Return what was written.

        Raises:
            Unobserved: The walk did not come so far.
        """
        if self.written is None:
            self.made("employer")
            msg = "the walk wrote nothing"
            raise Unobserved(msg)
        return self.written

    @property
    def access(self) -> Access:
        """Who is let in."""
        return Access(self)

    @property
    def lookups(self) -> LookUps:
        """What the register says."""
        return LookUps(self)

    @property
    def calculations(self) -> Sums:
        """PAYGW and GST."""
        return Sums(self)

    @property
    def books(self) -> Books:
        """Employer, deposits, period, payment, ledger."""
        return Books(self)

    @property
    def trail(self) -> Trail:
        """What the audit log tells."""
        return Trail(self)

    @property
    def isolation(self) -> Isolation:
        """What another tenant sees."""
        return Isolation(self)

    @property
    def timing(self) -> Timing:
        """How long it took, and whose clock is off."""
        return Timing(self)

    @property
    def leftovers(self) -> Leftovers:
        """What is left of it."""
        return Leftovers(self)
