"""How each control stands: what evidences it, when that was last seen, and what is missing. Gaps are gaps."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from apgms_ops.compliance.controls import Control
from apgms_ops.compliance.coverage import Check
from apgms_ops.compliance.supplied import Supplied
from apgms_ops.evidence.daily import AFTER_ALL, SKEW, began
from apgms_ops.evidence.earlier import earlier_runs
from apgms_ops.verdict import Verdict, worst

SEARCHED: Final = 1000
"""Runs of an environment that are looked through, the newest first."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a check last came to."""

    verdict: Verdict
    """The worst of its parameters."""
    at: datetime
    run: str


@dataclass(frozen=True, slots=True)
class Evidenced:
    """A check that evidences a control."""

    check: Check
    seen: Seen | None
    """None: no run that was looked through has judged it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One control."""

    control: Control
    checks: tuple[Evidenced, ...]
    supplied: tuple[tuple[Supplied, str], ...]
    """Each document, and why it is no evidence; empty where it is."""
    gaps: tuple[str, ...]


def last_seen(runs: Path, environment: str, checks: Iterable[Check], now: datetime) -> dict[str, Seen]:
    """Return what each check last came to: of its parameters, the worst. See `each_last_seen`."""
    return {check: _worst(each.values()) for check, each in each_last_seen(runs, environment, checks, now).items()}


def each_last_seen(  # noqa: PLR0913 — what is looked for, and how far
    runs: Path,
    environment: str,
    checks: Iterable[Check],
    now: datetime,
    *,
    counting: Container[Verdict] = frozenset(Verdict),
    back_to: datetime | None = None,
) -> dict[str, dict[str, Seen]]:
    """Return what each parameter of a check last came to, in verified, finished runs, no replays and not of the future.

    Each parameter counts by its own newest verdict: a run of one parameter says nothing of the others. Parameters that
    are no more (a service was removed) are forgotten once a run planned their whole section of the runbook without
    them. What a run left out because nothing was to be written, it says nothing of.

    Args:
        runs: The folder of runs.
        environment: Whose.
        checks: Which.
        now: The present.
        counting: The verdicts that count; others are passed over, for those of older runs.
        back_to: Where looking ends: at runs that began before then. If it is left out, after so many of them.

    Returns:
        Check → node id with parameters → what it came to.
    """
    sections: dict[str, set[str]] = {}
    for check in checks:
        sections.setdefault(check.section, set()).add(check.id)
    wanted = set().union(*sections.values())
    found: dict[str, dict[str, Seen]] = {}
    for number, run in enumerate(earlier_runs(runs, environment, AFTER_ALL)):
        at = began(run)
        if not wanted or (number >= SEARCHED if back_to is None else at < back_to):
            break
        if at > now + SKEW:
            continue
        verdicts = {check_id: Verdict(body["verdict"]) for check_id, body in run.verdicts.items()}
        passed_over = set()
        for check_id, verdict in verdicts.items():
            base = check_id.partition("[")[0]
            if verdict not in counting or (verdict is Verdict.SKIPPED and run.plan.get("read_only")):
                passed_over.add(base)
            elif base in wanted:
                found.setdefault(base, {}).setdefault(check_id, Seen(verdict, at, run.path.name))
        judged = {check_id.partition("[")[0] for check_id in verdicts}
        for section in sections.values():
            # Where a section has one check alone, a run of one of its parameters would look like a whole one.
            wanted -= section - passed_over if len(section) > 1 and section <= judged else set()
    return found


def _worst(seen: Iterable[Seen]) -> Seen:
    """Return the worst, and of several the oldest: that one tells how fresh all of them are."""
    each = tuple(seen)
    verdict = worst(one.verdict for one in each)
    return min((one for one in each if one.verdict is verdict), key=lambda one: one.at)


def standings(  # noqa: PLR0913 — everything that a control stands on
    controls: Sequence[Control],
    checks: Iterable[Check],
    seen: Mapping[str, Seen],
    supplied: Iterable[tuple[Supplied, str]],
    *,
    now: datetime,
    fresh: timedelta | None,
) -> tuple[Standing, ...]:
    """Return how each control stands. Pure.

    Args:
        controls: In their order.
        checks: Every check there is.
        seen: Check → what it last came to.
        supplied: What was supplied by hand, each with why it is no evidence.
        now: The present.
        fresh: How old evidence may be; None where nobody says.
    """
    documents = tuple(supplied)
    every = tuple(checks)
    found = []
    for control in controls:
        of_it = tuple(Evidenced(check, seen.get(check.id)) for check in every if control.name in check.controls)
        by_hand = tuple(entry for entry in documents if entry[0].control == control.name)
        found.append(Standing(control, of_it, by_hand, tuple(_gaps(control, of_it, by_hand, now, fresh))))
    return tuple(found)


def _gaps(
    control: Control,
    checks: Sequence[Evidenced],
    supplied: Sequence[tuple[Supplied, str]],
    now: datetime,
    fresh: timedelta | None,
) -> Iterator[str]:
    valid = any(not trouble for _, trouble in supplied)
    if control.by_hand and not valid:
        yield "to be supplied by hand: no check can give it, and no document that holds is registered"
    elif not checks and not valid:
        yield "no check evidences it, and no document is registered"
    # One that was renewed, under the same title, is not missed.
    held = {document.title for document, trouble in supplied if not trouble}
    for document, trouble in supplied:
        if trouble and document.title not in held:
            yield f"{document.title}: {trouble}"
    never = [one.check.id for one in checks if one.seen is None]
    if never:
        more = f", and {len(never) - 1} more" if len(never) > 1 else ""
        yield f"never seen in a run: {never[0]}{more}"
    for one in checks:
        if one.seen is not None and one.seen.verdict is not Verdict.PASS:
            yield f"{one.seen.verdict} in {one.seen.run}: {one.check.id}"
        elif one.seen is not None and fresh is not None and now - one.seen.at > fresh:
            yield f"stale, last seen {one.seen.at:%Y-%m-%d %H:%M} UTC: {one.check.id}"
