"""Whether what a ledger says holds together: plan, observations, verdicts, waivers, closing entry. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from apgms_ops.compliance.waivers import REFUSED
from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.ledger import CLOSE, OBSERVATION, PLAN, VERDICT, Entry
from apgms_ops.redact import printable
from apgms_ops.verdict import (
    EXIT_CONFIGURATION,
    EXIT_GREEN,
    EXIT_NOTHING_SELECTED,
    EXIT_UNKNOWN,
    Verdict,
    exit_code,
)

_KINDS: Final = {PLAN, OBSERVATION, VERDICT, CLOSE}
_KNOWN: Final = {verdict.value for verdict in Verdict}
_PYTESTS_OWN: Final = (2, 3, EXIT_CONFIGURATION, EXIT_NOTHING_SELECTED)
"""Interrupted, failed by itself, misused, nothing selected: none is green, whatever the verdicts say."""


def adjudicate(entries: Sequence[Entry]) -> Mapping[str, Mapping[str, Any]]:
    """See that the entries of a ledger that verifies make a whole and consistent run; return the verdicts by check.

    Raises:
        EvidenceInvalid: The text names the first bad entry.
    """
    try:
        return _judge(entries)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = printable(f"{type(error).__name__}: {error}", limit=100)
        msg = f"ledger.jsonl: an entry lacks what it must hold ({what})"
        raise EvidenceInvalid(msg) from error


def _judge(entries: Sequence[Entry]) -> Mapping[str, Mapping[str, Any]]:
    if entries[-1].type != CLOSE:
        raise _bad(entries[-1], "the closing entry is missing: the run did not come to its end, or its end was cut off")
    for entry in entries:
        _require(entry, entry.type in _KINDS, f"an entry of an unknown kind, {entry.type!r:.40}")
        _require(entry, (entry.type == PLAN) == (entry is entries[0]), "a second plan")
        _require(entry, (entry.type == CLOSE) == (entry is entries[-1]), "something follows the closing entry")
    plan, close = entries[0], entries[-1]
    planned = [check["id"] for check in plan.body["checks"]]
    waivers = plan.body.get("waivers") or []
    _require(plan, len(set(planned)) == len(planned), "a check is planned twice")
    probes: set[str] = set()
    verdicts: dict[str, Mapping[str, Any]] = {}
    for entry in entries[1:-1]:
        if entry.type == OBSERVATION:
            _require(entry, entry.body["probe"] not in probes, f"a second observation by {entry.body['probe']}")
            probes.add(entry.body["probe"])
            continue
        check = entry.body["check"]
        _require(entry, check in planned, f"a verdict on {check}, which was not planned")
        _require(entry, check not in verdicts, f"a second verdict on {check}")
        for fault in _verdict_faults(entry, waivers):
            raise _bad(entry, fault)
        verdicts[check] = entry.body
    missing = next((check for check in planned if check not in verdicts), None)
    _require(close, missing is None, f"closed without a verdict on {missing}, which was planned")
    for fault in _close_faults(close.body, verdicts):
        raise _bad(close, fault)
    return verdicts


def _verdict_faults(entry: Entry, waivers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    body = entry.body
    verdict = body["verdict"]
    if verdict not in _KNOWN:
        yield f"there is no verdict {verdict!r:.40}"
    if verdict != Verdict.WAIVED:
        if body.get("waiver") is not None:
            yield f"a waiver beside the verdict {verdict}"
        return
    waiver = body.get("waiver")
    if body.get("raw") != Verdict.FAIL:
        yield f"WAIVED, where what was seen is {body.get('raw')!r:.40}: only FAIL can be waived"
    if not isinstance(waiver, Mapping) or waiver not in waivers:
        yield "WAIVED by a waiver that is not in the plan"
        return
    if waiver["check"] != body["check"]:
        yield f"WAIVED by a waiver of another check, {waiver['check']}"
    if waiver.get("approval") == REFUSED:
        yield "WAIVED by a waiver that its approver did not approve"
    issued, expires = (_zoned(waiver[key]) for key in ("issued", "expires"))
    if entry.at < issued:
        yield f"WAIVED by a waiver that was not issued before {issued.isoformat()}"
    if entry.at >= expires:
        yield f"WAIVED by a waiver that expired at {expires.isoformat()}"


def _close_faults(close: Mapping[str, Any], verdicts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    counted = Counter(body["verdict"] for body in verdicts.values())
    if close["planned"] != len(verdicts) or close["verdicts"] != dict(counted):
        yield "its counts are not those of the verdicts"
    expected, code = exit_code(Verdict(body["verdict"]) for body in verdicts.values()), close["exit"]
    # What went wrong outside the planned checks takes green back, and nothing gives it.
    fits = code == expected or code in _PYTESTS_OWN or (code == EXIT_UNKNOWN and expected == EXIT_GREEN)
    if type(code) is not int or not fits:
        yield f"exit {code!r:.20} does not fit the verdicts, which come to {expected}"
    if code == EXIT_GREEN and close.get("not_planned"):
        yield "exit 0, though something was reported that was not planned"


def _zoned(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        msg = f"a time without its zone: {text:.40}"
        raise ValueError(msg)
    return at


def _require(entry: Entry, holds: bool, otherwise: str) -> None:  # noqa: FBT001 — a sentence reads it
    if not holds:
        raise _bad(entry, otherwise)


def _bad(entry: Entry, why: str) -> EvidenceInvalid:
    return EvidenceInvalid(f"ledger.jsonl line {entry.seq + 1}: {printable(why, limit=400)}")
