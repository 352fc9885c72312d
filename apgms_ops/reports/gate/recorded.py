"""From a run as its ledger has it to the checks that are told of."""

from apgms_ops.evidence.run import RecordedRun
from apgms_ops.reports.model import CheckResult
from apgms_ops.verdict import Verdict


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
                seen=str(said.get("seen", "")),
                section=section,
                step=step,
                step_title=check["step_title"],
                took=float(said.get("took", 0.0)),
            )
        )
    return tuple(results)


def _verdict(text: str) -> Verdict:
    # A word that is none of ours was written by another version: whatever it means, it is not green.
    return Verdict(text) if text in {verdict.value for verdict in Verdict} else Verdict.UNKNOWN
