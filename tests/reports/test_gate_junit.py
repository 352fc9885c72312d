"""JUnit's XML of a gate: well-formed, of the schema's elements, and never greener than the gate."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from apgms_ops.reports.gate.junit import junit, unfinished
from apgms_ops.reports.gate.model import GateResult
from apgms_ops.reports.model import CheckResult
from apgms_ops.verdict import Verdict
from tests.reports.test_gate_markdown import HOSTILE, check, result

# What Jenkins's junit-10.xsd knows of each element, as far as it is used here.
ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"classname", "name", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message", "type"},
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped"},
}


def read(text: str) -> ET.Element:
    """Parse it, and hold it to the schema."""
    root = ET.fromstring(text.encode())  # noqa: S314 — our own text
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) <= ATTRIBUTES[element.tag]
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
    (suite,) = root
    assert [child.tag for child in suite].index("properties") == 0
    cases = suite.findall("testcase")
    for counted, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        number = str(sum(case.find(kind) is not None for case in cases))
        assert (root.get(counted), suite.get(counted)) == (number, number)
    assert root.get("tests") == suite.get("tests") == str(len(cases))
    assert all(len(case) <= 1 and float(case.attrib["time"]) >= 0 for case in cases)
    return root


def kinds(root: ET.Element) -> list[tuple[str, str]]:
    """Return what each case came to, and its type."""
    found = []
    for case in root.iter("testcase"):
        child = next(iter(case), None)
        found.append(("passed", "") if child is None else (child.tag, child.attrib["type"]))
    return found


def test_every_verdict_has_its_element() -> None:
    """FAIL is a failure, UNKNOWN an error, SKIPPED and WAIVED are skipped and told apart, PASS is nothing more."""
    root = read(junit(result(*(check(verdict, "seen", n) for n, verdict in enumerate(Verdict)))))
    assert kinds(root) == [
        ("passed", ""),
        ("failure", "FAIL"),
        ("error", "UNKNOWN"),
        ("skipped", "WAIVED"),
        ("skipped", "SKIPPED"),
    ]
    (failure,) = root.iter("failure")
    assert failure.get("message") == "FAIL: It keeps up. | seen | runbook deployment-procedure 4"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_leaves_it_well_formed(text: str) -> None:
    """Control characters, lone surrogates and markup of the estate break nothing, and are bounded."""
    told = result(check(Verdict.FAIL, text), findings=(text,))
    text_of_it = junit(replace(told, environment=text[:2000], release=text[:2000]))
    assert kinds(read(text_of_it)) == [("failure", "FAIL"), ("error", "UNKNOWN")]
    assert len(text_of_it) < 40_000


def test_a_green_run_that_is_not_believed_is_in_error() -> None:
    """Every check passed, and the ledger contradicts the exit: one case more says so."""
    told = result(check(Verdict.PASS, ""), findings=("the run ended with exit 0, and left no ledger",))
    root = read(junit(replace(told, code=10)))
    assert kinds(root) == [("passed", ""), ("error", "UNKNOWN")]


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.SKIPPED, Verdict.WAIVED])
def test_no_gate_that_holds_a_release_back_looks_green(verdict: Verdict) -> None:
    """A code that is not 0 is in error, whatever the checks came to; one that is 0 has its checks alone."""
    told = result(check(verdict, ""))
    assert read(junit(replace(told, code=10))).get("errors") == "1"
    assert read(junit(replace(told, code=0))).get("errors") == "0"
    assert read(junit(replace(told, code=0, interrupted=True))).get("errors") == "1"


def test_until_there_is_a_result_there_is_an_error() -> None:
    """A gate that was killed leaves an error behind, and so does one that never made a round."""
    assert kinds(read(unfinished("toy", "v1.4.2"))) == [("error", "UNKNOWN")]
    assert kinds(read(junit(GateResult("toy", "v1.4.2", 2, (), None, None)))) == [("error", "UNKNOWN")]


def test_the_last_round_decides_and_is_told() -> None:
    """Of a soak, the round that decided is told, and how many there were."""
    root = read(junit(result(check(Verdict.FAIL, "x"), rounds=3)))
    said = {each.get("name"): each.get("value") for each in root.iter("property")}
    assert (root.get("tests"), said["rounds"], said["soak"], said["exit"]) == ("1", "3", "10m", "1")


def test_a_check_is_found_by_its_file_and_name() -> None:
    """The class is the file, as test reporters group by it, and the name is the check's with its parameters."""
    one = CheckResult("smoke/test_journey.py::test_pays[a::b]", "It pays.", Verdict.PASS, "", "s", 1, "t", 0.5)
    (case,) = read(junit(replace(result(one), code=0))).iter("testcase")
    assert case.attrib == {"classname": "smoke.test_journey", "name": "test_pays[a::b]", "time": "0.500"}
