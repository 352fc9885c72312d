"""A gate as JUnit's XML, for whatever shows test results: one case a planned check. Pure.

The elements and attributes are those that Jenkins, GitLab and GitHub's actions read (Jenkins's junit-10.xsd). A verdict
that JUnit has no word for is put where it shows: WAIVED as skipped, of the type WAIVED; never as a plain pass.
"""

from collections import Counter
from typing import Final
from xml.etree import ElementTree as ET

from apgms_ops.reports.gate.escaping import xml
from apgms_ops.reports.gate.model import GateResult, Round, decision
from apgms_ops.reports.model import CheckResult
from apgms_ops.verdict import EXIT_GREEN, Verdict

SEEN_LIMIT: Final = 4000
_ELEMENTS: Final = {
    Verdict.FAIL: "failure",
    Verdict.UNKNOWN: "error",
    Verdict.SKIPPED: "skipped",
    Verdict.WAIVED: "skipped",
}
_GATE: Final = "apgms-ops.gate"
UNFINISHED: Final = "the gate did not come to its end"


def junit(result: GateResult) -> str:
    """Return the XML of the round that decided.

    A green run that is not to be believed (its ledger is not closed, say) has one case more, in error: no reader of the
    file may take it for green.
    """
    last = result.rounds[-1] if result.rounds else None
    suite = ET.Element("testsuite", name=f"gate {xml(result.environment, limit=100)} {xml(result.release, limit=100)}")
    _properties(suite, result, last)
    for check in last.checks if last else ():
        _case(suite, check)
    troubles = _troubles(result, last)
    if troubles:
        case = ET.SubElement(suite, "testcase", classname=_GATE, name="the run is whole", time="0.000")
        _said(case, "error", "UNKNOWN", "; ".join(troubles))
    return _document(suite, last)


def unfinished(environment: str, release: str) -> str:
    """Return the XML that stands until there is a result: what was there before it is not to be taken for it."""
    return junit(GateResult(environment, release, EXIT_GREEN, (), None, None))


def _troubles(result: GateResult, last: Round | None) -> list[str]:
    if last is None:
        return [UNFINISHED]
    found = list(last.findings)
    if result.interrupted:
        found.append("the gate was interrupted")
    red = any(check.verdict in (Verdict.FAIL, Verdict.UNKNOWN) for check in last.checks)
    if result.code != EXIT_GREEN and not found and not red:
        found.append(f"{decision(result.code)}: {last.tally}")
    return found


def _properties(suite: ET.Element, result: GateResult, last: Round | None) -> None:
    said = {
        "environment": result.environment,
        "release": result.release,
        "decision": result.decision if last else UNFINISHED,
        "exit": str(result.code) if last else "",
        "rounds": str(len(result.rounds)),
        "soak": result.soak or "",
        "run": (last.run if last else None) or "",
        "ledger-head": last.head if last else "",
    }
    properties = ET.SubElement(suite, "properties")
    for name, value in said.items():
        if value:
            ET.SubElement(properties, "property", name=name, value=xml(value, limit=300))


def _case(suite: ET.Element, check: CheckResult) -> None:
    file, _, name = check.id.partition("::")
    classname = file.removesuffix(".py").replace("/", ".")
    case = ET.SubElement(
        suite,
        "testcase",
        classname=xml(classname, limit=500),
        name=xml(name or check.id, limit=500),
        time=f"{max(0.0, check.took):.3f}",
    )
    element = _ELEMENTS.get(check.verdict)
    if element is not None:
        text = f"{check.verdict}: {check.promise} | {check.seen} | runbook {check.section} {check.step}"
        _said(case, element, str(check.verdict), text)


def _said(case: ET.Element, element: str, kind: str, text: str) -> None:
    line = xml(text, limit=SEEN_LIMIT)
    ET.SubElement(case, element, type=kind, message=line).text = line


def _document(suite: ET.Element, last: Round | None) -> str:
    cases = suite.findall("testcase")
    kinds = Counter(child.tag for case in cases for child in case)
    counted = {
        "tests": str(len(cases)),
        "failures": str(kinds["failure"]),
        "errors": str(kinds["error"]),
        "skipped": str(kinds["skipped"]),
        "time": f"{last.took if last else 0.0:.3f}",
    }
    suite.attrib.update(counted)
    suites = ET.Element("testsuites", {"name": "apgms-ops gate", **counted})
    suites.append(suite)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'
