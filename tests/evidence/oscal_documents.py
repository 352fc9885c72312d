"""Runs that are told as OSCAL, what is read out of the document, and what may be done to a ledger before."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from trestle.oscal.assessment_results import Model

from apgms_ops.evidence import oscal
from apgms_ops.evidence.ledger import CLOSE, OBSERVATION, VERDICT
from apgms_ops.evidence.oscal_form import encoded
from apgms_ops.observation import Observation, canonical, digest
from apgms_ops.verdict import Verdict, exit_code
from tests.evidence.making import BEGAN, DAY, Book, a_waiver

LOGGING, MONITORING = "audit-logging", "security-monitoring"
RED = ("FAIL", "UNKNOWN", "WAIVED", "SKIPPED")
WAIVER = a_waiver(0, BEGAN - DAY, BEGAN + 30 * DAY)


def told(folder: Path) -> dict[str, Any]:
    """Return the only result of the document of a run whose seal nobody verified; the document is valid."""
    return result_of(oscal.assessment_results(folder, None))


def result_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the only result of a document, which is valid by the models and whose references lead somewhere."""
    data = encoded(document)
    Model.parse_raw(data)
    (result,) = document["assessment-results"]["results"]
    uuids = re.findall(r'"uuid": "([^"]+)"', data.decode())
    referred = re.findall(r'"(?:[a-z]+-uuid|href)": "#?([0-9a-f-]{36})"', data.decode())
    assert len(set(uuids)) == len(uuids)
    assert set(referred) <= set(uuids)
    found: dict[str, Any] = result
    return found


def states(result: Mapping[str, Any]) -> dict[str, str]:
    """Return control → state."""
    return {each["target"]["target-id"]: each["target"]["status"]["state"] for each in result["findings"]}


def values(props: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return properties by name; all are in our namespace."""
    assert {each["ns"] for each in props} == {"https://apgms-ops.example/ns/oscal"}
    return {each["name"]: each["value"] for each in props}


def rewritten(folder: Path, change: Callable[[Book], None]) -> Path:
    """Change a ledger and hash it anew: what somebody does who keeps a run that is not sealed."""
    book = Book.read(folder / "ledger.jsonl")
    change(book)
    book.write(folder / "ledger.jsonl")
    return folder


def recounted(book: Book) -> None:
    """Make the closing entry fit the verdicts and the plan."""
    verdicts = [entry["body"]["verdict"] for entry in book.of(VERDICT)]
    for close in book.of(CLOSE):
        counts = {verdict: verdicts.count(verdict) for verdict in verdicts}
        close["body"] |= {"planned": len(verdicts), "verdicts": counts, "exit": exit_code(map(Verdict, verdicts))}


def without_close(book: Book) -> None:
    """Break the run off just before it is closed, every verdict written."""
    book.entries = book.entries[:-1]


def seen_as(folder: Path, observation: Observation) -> Path:
    """Let the probe of the checks have seen something else."""
    data = canonical(observation.to_json())
    (folder / "observations" / f"{digest(data)}.json").write_bytes(data)
    return rewritten(folder, lambda book: book.of(OBSERVATION)[0]["body"].update(sha256=digest(data)))
