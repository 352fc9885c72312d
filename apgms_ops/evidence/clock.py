"""Whether the times of a run can be true: they do not run backwards, and an authority's clock agrees. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.ledger import Entry
from apgms_ops.evidence.statement import Sealed
from apgms_ops.evidence.timestamp import NAME, Stamp

SKEW: Final = timedelta(minutes=5)
"""How far the time that a seal claims may lie from that of its timestamp."""


def require_forward(entries: Iterable[Entry], sealed: Sealed) -> None:
    """See that no entry is older than the one before it, and none younger than the seal.

    Raises:
        EvidenceInvalid: The text names the entry.
    """
    listed = list(entries)
    for earlier, later in pairwise(listed):
        if later.at < earlier.at:
            msg = f"ledger.jsonl line {later.seq + 1}: older than the line before it (the clock was set back)"
            raise EvidenceInvalid(msg)
    if sealed.at < listed[-1].at:
        msg = f"attestation.json: sealed at {sealed.at.isoformat()}, before the run was closed (the clock was set back)"
        raise EvidenceInvalid(msg)


def require_agreement(sealed: Sealed, stamp: Stamp) -> None:
    """See that the time that a seal claims is about the one that an authority gave.

    Raises:
        EvidenceInvalid: It is not.
    """
    if abs(stamp.at - sealed.at) > SKEW:
        msg = (
            f"{NAME}: the authority dated the seal {stamp.at.isoformat()}, and it claims {sealed.at.isoformat()} "
            "(a clock was set back)"
        )
        raise EvidenceInvalid(msg)


def require_order(name: str, before: tuple[datetime, datetime | None], now: tuple[datetime, datetime | None]) -> None:
    """See that a run of a chain was not sealed before the run that it follows.

    Args:
        name: The run.
        before: When the earlier one was sealed by its own claim, and by an authority.
        now: The same of this one.

    Raises:
        EvidenceInvalid: It was.
    """
    if now[0] < before[0]:
        msg = f"{name}/attestation.json: sealed before the run that it follows (a clock was set back)"
        raise EvidenceInvalid(msg)
    if now[1] is not None and before[1] is not None and now[1] < before[1]:
        msg = f"{name}/{NAME}: dated before the run that it follows (a clock was set back)"
        raise EvidenceInvalid(msg)
