"""Whether what a run calls WAIVED may be called so, as far as a ledger says by itself. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from apgms_ops.compliance.waivers import REFUSED
from apgms_ops.evidence.run import RecordedRun
from apgms_ops.verdict import Verdict


def faults(run: RecordedRun) -> Iterator[str]:
    """Yield why a WAIVED of a run is not to be believed: it would let a release by that is red.

    Every waiver stands in the plan, which was written before anything was looked at. It is of that check, of a FAIL,
    and was not over by then.
    """
    verdicts = {body["verdict"] for body in run.verdicts.values()}
    if Verdict.WAIVED.value in verdicts and Verdict.PASS.value not in verdicts:
        yield "no check PASSED: what is WAIVED was red, and lets no release by alone"
    planned = run.plan.get("waivers")
    waivers = planned if isinstance(planned, list) else []
    for check, body in run.verdicts.items():
        if body["verdict"] != Verdict.WAIVED.value:
            continue
        waiver = body.get("waiver")
        if body.get("raw") != Verdict.FAIL.value:
            yield f"{check} is WAIVED, and the ledger does not say that it FAILED"
        elif not isinstance(waiver, Mapping) or waiver not in waivers or waiver.get("check") != check:
            yield f"{check} is WAIVED by a waiver that the plan does not hold"
        elif waiver.get("approval") == REFUSED:
            yield f"{check} is WAIVED by a waiver that its approver did not approve"
        elif not _lasts(waiver, run.plan):
            yield f"{check} is WAIVED by a waiver that was over when the run was planned"


def _lasts(waiver: Mapping[str, Any], plan: Mapping[str, Any]) -> bool:
    """Whether a waiver was not over when the run was planned; what cannot be read is over."""
    try:
        return datetime.fromisoformat(plan["planned_at"]) < datetime.fromisoformat(waiver["expires"])
    except (KeyError, TypeError, ValueError):
        return False
