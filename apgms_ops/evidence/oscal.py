"""One run as OSCAL 1.1 assessment results, for the tools of an assessor. Pure but for reading the run's folder.

The document adds nothing to what the run recorded, and proves nothing by itself: it points to the files that do, with
their digests. It depends on the run alone (no clock, no machine, no key of whoever makes it), so that whoever has the
run can make it again and compare. What it says of a control stands in conclusion.py.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from apgms_ops.compliance.controls import Controls, load_controls
from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence import conclusion
from apgms_ops.evidence import oscal_parts as parts
from apgms_ops.evidence.conclusion import Conclusion, Judged, OneRun
from apgms_ops.evidence.files import shown
from apgms_ops.evidence.oscal_form import encoded, identifier, marked, moment, plain, properties
from apgms_ops.evidence.verify import LEDGER, Proof, is_sealed
from apgms_ops.verdict import Verdict

VERSION: Final = "1.1.3"
"""Of OSCAL."""
FOLDER: Final = "oscal"
"""Where documents lie, beside the folder of runs: their links begin there."""
CAUTIONS: Final = {
    "unsealed": "UNSEALED: this is a record, and NO EVIDENCE. Whoever kept the run could change all of it.",
    "not verified": "The run's seal was NOT VERIFIED for this document: it is NO EVIDENCE.",
    "verified": "",
}
"""State of the seal → what must be said of everything in the document."""
_ORDER: Final = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WAIVED, Verdict.SKIPPED, Verdict.PASS)


def assessment_results(folder: Path, proof: Proof | None) -> dict[str, Any]:
    """Return the document of a run, as JSON's objects.

    Args:
        folder: The run's; its name is the run's.
        proof: What verifying its seal gave; None where that was not done, and then the document says so.

    Raises:
        EvidenceInvalid: The run does not verify, or is not the one that the proof is about; the text begins with the
            run.
    """
    try:
        seal = "unsealed" if not is_sealed(folder) else "not verified" if proof is None else "verified"
        return document(conclusion.read(folder), proof, load_controls(), seal)
    except EvidenceInvalid as error:
        msg = f"{shown(folder.name)}: {error}"
        raise EvidenceInvalid(msg) from error


def of_proven(folder: Path, proof: Proof) -> bytes:
    """Return the bytes of the document of a run whose seal verified: the same for everybody who has the run.

    Raises:
        EvidenceInvalid: The run was changed after it was verified.
    """
    return encoded(assessment_results(folder, proof))


def document(run: OneRun, proof: Proof | None, controls: Controls, seal: str) -> dict[str, Any]:
    """Return the document of a run. Pure.

    Args:
        run: The run.
        proof: See `assessment_results`.
        controls: The catalogue.
        seal: A state of `CAUTIONS`.

    Raises:
        EvidenceInvalid: The proof is about another run, or about what the run was before.
    """
    if (seal == "verified") != (proof is not None) or (
        proof is not None and (proof.run, proof.head) != (run.id, run.recorded.head)
    ):
        msg = f"{LEDGER}: not the run that was verified"
        raise EvidenceInvalid(msg)
    results = {
        # Another document of the same run (sealed meanwhile, gone on meanwhile) is another document.
        "uuid": identifier(run.id, "document", f"{run.recorded.head} {seal}"),
        "metadata": _metadata(run, seal),
        "import-ap": {
            "href": f"#{identifier(run.id, 'resource', LEDGER)}",
            "remarks": "There is no plan in OSCAL: the plan of the run is the first line of its ledger.",
        },
        "results": [_result(run, proof, controls, seal)],
        "back-matter": {"resources": list(parts.resources(run, proof))},
    }
    return {"assessment-results": results}


def _metadata(run: OneRun, seal: str) -> dict[str, Any]:
    who, _ = run.origin
    party = identifier(run.id, "party", "assessor")
    title = f"Checks of {marked(run.recorded.environment, limit=100)}, run {marked(run.id, limit=200)}"
    metadata: dict[str, Any] = {
        "title": f"{title} ({seal}: NO EVIDENCE)" if CAUTIONS[seal] else title,
        "last-modified": moment(run.ended),
        "version": run.recorded.head,
        "oscal-version": VERSION,
        "props": properties({"run": run.id, "seal": seal}),
        "roles": [{"id": "assessor", "title": "Whoever ran the checks"}],
        "parties": [
            {
                "uuid": party,
                "type": "organization",
                "name": plain(who, limit=300),
                "remarks": "As the machine that ran the checks says of itself: claimed, and not proven.",
            }
        ],
        "responsible-parties": [{"role-id": "assessor", "party-uuids": [party]}],
    }
    return metadata | ({"remarks": CAUTIONS[seal]} if CAUTIONS[seal] else {})


def _result(run: OneRun, proof: Proof | None, controls: Controls, seal: str) -> dict[str, Any]:
    concluded = conclusion.conclude(run, controls)
    counts = _counts(run.checks)
    result: dict[str, Any] = {
        "uuid": identifier(run.id, "result"),
        "title": f"Run {marked(run.id, limit=200)}",
        "description": f"{len(run.checks)} checks were planned: {counts}. Each is an automatic test of one promise.",
        "start": moment(run.began),
        "end": moment(run.ended),
        "props": properties(_facts(run, proof, seal) | {"verdicts": counts}),
        "local-definitions": parts.definitions(run),
        "reviewed-controls": _reviewed(run, concluded, controls),
    }
    if run.checks:
        result["observations"] = [parts.observation(run, check) for check in run.checks]
    risks = [parts.risk(run, check) for check in run.checks if check.verdict in parts.AT_RISK]
    if risks:
        result["risks"] = risks
    # Where no check evidences a control, none is satisfied; that is said of each, so that nobody reads it as silence.
    of_all = concluded or [conclusion.concluded(run, control, ()) for control in controls.controls]
    result["findings"] = [parts.finding(run, each, CAUTIONS[seal]) for each in of_all]
    remarks = " ".join(filter(None, (CAUTIONS[seal], run.flaw)))
    return result | ({"remarks": remarks} if remarks else {})


def _counts(checks: Iterable[Judged]) -> str:
    counted = Counter(check.verdict for check in checks)
    return " · ".join(f"{counted[verdict]} {verdict}" for verdict in _ORDER if counted[verdict]) or "none"


def _facts(run: OneRun, proof: Proof | None, seal: str) -> dict[str, object]:
    """Return what an assessor asks of a run as a whole."""
    plan, close = run.recorded.plan, run.recorded.close
    facts: dict[str, object] = {
        "run": run.id,
        "environment": run.recorded.environment,
        "environment-sha256": plan["environment_sha256"],
        "release": plan.get("release"),
        "replay-of": plan.get("replay_of"),
        "closed": "no" if close is None else "yes",
        "exit": None if close is None else close["exit"],
        "checks-at-commit": run.origin[1],
        "ledger-head": run.recorded.head,
        "seal": seal,
    }
    if proof is None:
        return facts
    # By the seal's own words, not by the verifier's: everybody whose keys verify it gets the same document.
    stamp = proof.predicate.get("timestamp")
    dated: object = "nobody: no authority was asked"
    if isinstance(stamp, Mapping):
        dated = f"nobody: {stamp['missing']}" if stamp["missing"] else stamp["authority"]
    return facts | {
        "seal-sha256": proof.attestation,
        "seal-key-id": proof.key_id,
        "sealed-at": moment(proof.sealed_at),
        "dated-by": dated,
        "place-in-chain": f"none: {proof.unchained}" if proof.seq is None else proof.seq,
    }


def _reviewed(run: OneRun, concluded: Sequence[Conclusion], controls: Controls) -> dict[str, Any]:
    reviewed = [each.control.name for each in concluded]
    others = [name for name in controls.names if name not in reviewed]
    foreign = sorted({name for check in run.checks for name in check.controls} - set(controls.names))
    said = "Those of which the run planned a check. Whether these are all checks of a control, no run tells."
    if not reviewed:
        said = "NONE was reviewed: no check of the run evidences a control. All are listed, and none is satisfied."
    remarks = []
    if reviewed and others:
        remarks.append(f"Not reviewed, so that nothing is said of them: {', '.join(others)}.")
    if foreign:
        names = ", ".join(marked(name, limit=100) for name in foreign)
        remarks.append(f"Checks name what the catalogue does not have, and nothing is said of it: {names}.")
    selection = {
        "description": said,
        "include-controls": [{"control-id": name} for name in reviewed or controls.names],
    }
    found: dict[str, Any] = {
        "description": "Controls of the ATO's DSP Operational Security Framework, under the ATO's own names.",
        "control-selections": [selection],
    }
    return found | ({"remarks": " ".join(remarks)} if remarks else {})
