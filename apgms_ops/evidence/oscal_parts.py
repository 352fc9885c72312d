"""The parts of a run's OSCAL document: what was observed, what is at risk, what was found, and the files. Pure.

Links to files begin in a folder beside that of the runs, and each stands with the SHA-256 of the file.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from apgms_ops.compliance.waivers import PROVEN
from apgms_ops.evidence import dsse
from apgms_ops.evidence.conclusion import Conclusion, Judged, Observed, OneRun
from apgms_ops.evidence.oscal_form import NOTHING, identifier, marked, moment, parsed, plain, properties
from apgms_ops.evidence.verify import ENVIRONMENT, LEDGER, Proof
from apgms_ops.observation import Identity
from apgms_ops.verdict import Verdict

AT_RISK: Final = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WAIVED)
"""Verdicts that leave something open."""
_ADDRESS: Final = re.compile(r"https://[A-Za-z0-9./_~%?&=#:@+,;-]{1,1000}")
_STATEMENTS: Final = {
    Verdict.FAIL: "The promise was seen not to hold.",
    Verdict.UNKNOWN: "It could not be observed whether the promise holds. That is never taken for yes.",
    Verdict.WAIVED: "The promise was seen not to hold. Somebody answers for that for a while; it is not mended by it.",
}


def href(run: OneRun, name: str) -> str:
    """Return the link to a file of a run, from a folder beside that of the runs."""
    return f"../runs/{quote(run.id)}/{quote(name)}"


def origins(run: OneRun) -> list[dict[str, Any]]:
    """Return who says what is said: the tool, and no person."""
    return [{"actors": [{"type": "tool", "actor-uuid": identifier(run.id, "component", "tool")}]}]


def definitions(run: OneRun) -> dict[str, Any]:
    """Return what the rest refers to: the environment, the systems that answered, and the tool."""
    environment = marked(run.recorded.environment, limit=100)
    unknown = {"state": "other", "remarks": "What state it is in, the findings say."}
    components: list[dict[str, Any]] = [
        {
            "uuid": identifier(run.id, "component", "environment"),
            "type": "this-system",
            "title": environment,
            "description": f"The environment {environment}, as environment.json describes it.",
            "status": unknown,
        }
    ]
    for each in dict.fromkeys(i for observed in run.observations.values() for i in observed.observation.identities):
        component = {
            "uuid": _system(run, each),
            "type": "system",
            "title": f"{marked(each.system, limit=100)} {marked(each.id, limit=200)}",
            "description": "A system that answered the run's probes, by its own name for itself.",
            "props": properties({"system": each.system, "identity": each.id}),
            "status": unknown,
        }
        components.append(component)
    tool = {
        "uuid": identifier(run.id, "component", "tool"),
        "type": "software",
        "title": "apgms-ops",
        "description": "Checks of the operations runbook, which judge what probes observed.",
        "status": {"state": "operational"},
    }
    platform = {
        "uuid": identifier(run.id, "platform"),
        "title": "The machine that ran the checks",
        "uses-components": [{"component-uuid": tool["uuid"]}],
    }
    assets = {"components": [tool], "assessment-platforms": [platform]}
    return {"components": components, "assessment-assets": assets}


def _system(run: OneRun, identity: Identity) -> str:
    return identifier(run.id, "system", f"{identity.system}\n{identity.id}")


def observation(run: OneRun, check: Judged) -> dict[str, Any]:
    """Return a check with what it came to; a planned one without a verdict is UNKNOWN."""
    answered = dict.fromkeys(i for each in check.observed for i in each.observation.identities)
    subjects = [identifier(run.id, "component", "environment"), *(_system(run, each) for each in answered)]
    facts: dict[str, object] = {
        "verdict": check.verdict,
        "raw-verdict": Verdict.FAIL if check.verdict is Verdict.WAIVED else None,
        "check": check.id,
        "runbook-step": f"{check.section} {check.step}",
        "absent": check.absent,
    }
    absent = "" if check.absent is None else f"absent, as the environment declares: {check.absent}"
    seen = check.seen or absent or ("what it promises" if check.verdict is Verdict.PASS else NOTHING)
    return {
        "uuid": identifier(run.id, "observation", check.id),
        "title": marked(check.promise, limit=500),
        "description": f"{check.verdict}. Seen: {marked(seen)}",
        "props": properties(facts),
        "methods": ["TEST"],
        "origins": origins(run),
        "subjects": [{"subject-uuid": each, "type": "component"} for each in subjects],
        "relevant-evidence": [*(_seen(run, each) for each in check.observed), _in_ledger(run)],
        "collected": moment(check.collected),
    }


def _seen(run: OneRun, observed: Observed) -> dict[str, Any]:
    told = observed.observation
    nothing = "" if told.failure is None else f" It saw nothing: {marked(told.failure.cause, limit=300)}."
    name = _name(observed)
    values = {"sha-256": observed.sha256, "probe": told.probe, "observed-at": moment(told.observed_at)}
    return {
        "href": href(run, name),
        "description": f"What the probe {marked(told.probe, limit=100)} saw, and the payloads behind it.{nothing}",
        "props": properties(values),
        "links": _to_resource(run, name),
    }


def _in_ledger(run: OneRun) -> dict[str, Any]:
    return {
        "href": href(run, LEDGER),
        "description": "The ledger of the run: its plan, its observations by digest, and the verdict.",
        "props": properties({"sha-256": run.files[LEDGER]}),
        "links": _to_resource(run, LEDGER),
    }


def _name(observed: Observed) -> str:
    return f"observations/{observed.sha256}.json"


def _to_resource(run: OneRun, name: str) -> list[dict[str, str]]:
    return [{"href": f"#{identifier(run.id, 'resource', name)}", "rel": "reference"}]


def risk(run: OneRun, check: Judged) -> dict[str, Any]:
    """Return what a check leaves open that is FAIL, UNKNOWN or WAIVED.

    Raises:
        EvidenceInvalid: Its waiver does not say until when.
    """
    seen = marked(check.seen or NOTHING)
    found: dict[str, Any] = {
        "uuid": identifier(run.id, "risk", check.id),
        "title": f"{check.verdict}: {marked(check.promise, limit=500)}",
        "description": f"The check {marked(check.id, limit=300)} came to {check.verdict}. Seen: {seen}",
        "statement": _STATEMENTS[check.verdict],
        "props": properties({"verdict": check.verdict, "check": check.id}),
        "status": "open",
        "origins": origins(run),
        "related-observations": [{"observation-uuid": identifier(run.id, "observation", check.id)}],
    }
    return found if check.waiver is None else found | _waived(found, check.waiver)


def _waived(found: Mapping[str, Any], waiver: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a waiver changes in a risk: who answers for it, why, and until when."""
    said = {key: waiver.get(key) for key in ("reason", "owner", "approver", "approval", "issued", "expires", "link")}
    told = {key: marked(value or NOTHING) for key, value in said.items()}
    proven = said["approval"] == PROVEN
    more: dict[str, Any] = {
        "statement": f"{found['statement']} Waived until {told['expires']}: {told['reason']}. Owner {told['owner']}; "
        f"approver {told['approver']}, whose approval is {told['approval']}.",
        "props": [*found["props"], *properties({f"waiver-{key}": value for key, value in said.items()})],
        "status": "deviation-approved" if proven else "deviation-requested",
        "deadline": moment(parsed(said["expires"])),
    }
    # What is no sound address stays a property, and nothing that could be followed.
    if _ADDRESS.fullmatch(str(said["link"])):
        more["links"] = [{"href": said["link"], "rel": "reference", "text": "Where the waiver was approved"}]
    return more


def finding(run: OneRun, concluded: Conclusion, caution: str) -> dict[str, Any]:
    """Return what a run says of a control.

    Args:
        run: The run.
        concluded: What it says.
        caution: What whoever reads the finding alone must know of all of them; may be empty.
    """
    control, checks = concluded.control, concluded.checks
    state = "satisfied" if concluded.satisfied else "not-satisfied"
    failed = any(check.verdict in (Verdict.FAIL, Verdict.WAIVED) for check in checks)
    said = (
        f"Each of its checks that the run planned came to PASS: {len(checks)}. Whether there are others, no run tells."
    )
    remarks = " ".join(
        [
            *filter(None, [caution, said if concluded.satisfied else ""]),
            *(marked(why, limit=2000) for why in concluded.why_not),
        ]
    )
    found: dict[str, Any] = {
        "uuid": identifier(run.id, "finding", control.name),
        "title": f"{control.name}: {state}",
        "description": control.asks,
        "props": properties({"control": control.name, "checks": len(checks)}),
        "origins": origins(run),
        "target": {
            "type": "objective-id",
            "target-id": control.name,
            "status": {
                "state": state,
                "reason": "pass" if concluded.satisfied else "fail" if failed else "other",
                "remarks": remarks,
            },
        },
        "remarks": remarks,
    }
    if checks:
        found["related-observations"] = [
            {"observation-uuid": identifier(run.id, "observation", check.id)} for check in checks
        ]
    at_risk = [check for check in checks if check.verdict in AT_RISK]
    if at_risk:
        found["related-risks"] = [{"risk-uuid": identifier(run.id, "risk", check.id)} for check in at_risk]
    return found


def resources(run: OneRun, proof: Proof | None) -> Iterator[dict[str, Any]]:
    """Yield the files that the document refers to, each with its digest."""
    yield _resource(
        run, LEDGER, run.files[LEDGER], "The ledger: plan, observations by digest, verdicts, closing entry."
    )
    yield _resource(run, ENVIRONMENT, run.files[ENVIRONMENT], "The environment as it was in force, limits included.")
    for observed in run.observations.values():
        told = plain(observed.observation.probe, limit=100)
        yield _resource(run, _name(observed), observed.sha256, f"What the probe {marked(told)} saw.")
    if proof is not None:
        yield _resource(run, dsse.NAME, proof.attestation, "The seal: a signed statement over every file of the run.")


def _resource(run: OneRun, name: str, sha256: str, title: str) -> dict[str, Any]:
    media = "application/jsonl" if name == LEDGER else "application/json"
    link = {"href": href(run, name), "media-type": media, "hashes": [{"algorithm": "SHA-256", "value": sha256}]}
    return {"uuid": identifier(run.id, "resource", name), "title": title, "rlinks": [link]}
