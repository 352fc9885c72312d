"""From a run as its ledger has it to the checks that are told of."""

from collections.abc import Mapping
from typing import Any, Final

from apgms_ops.evidence.run import RecordedRun
from apgms_ops.redact import printable
from apgms_ops.reports.model import CheckResult
from apgms_ops.verdict import Verdict

_WAIVER: Final = 120
"""Characters of each thing that a waiver says."""


def checks_of(run: RecordedRun) -> tuple[CheckResult, ...]:
    """Return every planned check with its verdict; one without a verdict in the ledger is UNKNOWN."""
    missing = {"verdict": Verdict.UNKNOWN.value, "seen": "the ledger holds no verdict on it", "took": 0.0}
    results = []
    for check in run.plan["checks"]:
        said = run.verdicts.get(check["id"], missing)
        section, step = check["runbook"]
        results.append(
            CheckResult(
                id=check["id"],
                promise=check["promise"],
                verdict=_verdict(said["verdict"]),
                seen=_seen(said),
                section=section,
                step=step,
                step_title=check["step_title"],
                took=float(said.get("took", 0.0)),
            )
        )
    return tuple(results)


def _seen(said: Mapping[str, Any]) -> str:
    """Return what was seen, and under which waiver that is let by: whoever reads a GO reads both."""
    waiver, seen = said.get("waiver"), str(said.get("seen", ""))
    if not isinstance(waiver, Mapping):
        return seen
    # First, and bounded: what was seen may be long, and whoever shows it cuts it at its end.
    keys = ("expires", "reason", "owner", "approver", "approval", "link")
    told = {key: printable(str(waiver.get(key, "?")), limit=_WAIVER) for key in keys}
    return (
        f"FAIL, waived until {told['expires']}: {told['reason']}; owner {told['owner']}, approved by "
        f"{told['approver']} ({told['approval']}, {told['link']}) | {seen}"
    )


def _verdict(text: str) -> Verdict:
    # A word that is none of ours was written by another version: whatever it means, it is not green.
    return Verdict(text) if text in {verdict.value for verdict in Verdict} else Verdict.UNKNOWN
