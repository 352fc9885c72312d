"""A run as OSCAL: valid by the models of OSCAL 1.1, and "satisfied" only where everything speaks for it."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from trestle.oscal import OSCAL_VERSION_REGEX

from apgms_ops.compliance import load_controls
from apgms_ops.evidence import oscal
from apgms_ops.evidence.ledger import OBSERVATION, PLAN
from apgms_ops.evidence.oscal_form import encoded, identifier
from apgms_ops.evidence.verify import verify_run
from apgms_ops.observation import Failure, Observation, digest
from tests.evidence.making import BEGAN, CHECK, Book, Forge
from tests.evidence.oscal_documents import (
    LOGGING,
    MONITORING,
    RED,
    WAIVER,
    result_of,
    rewritten,
    seen_as,
    states,
    told,
    values,
    without_close,
)


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """Makes runs."""
    return Forge(tmp_path)


def test_a_sealed_run_of_passes_satisfies_its_control(forge: Forge) -> None:
    """A sealed run whose checks all PASSED says satisfied, of the control that they evidence and of no other."""
    folder = forge.run(("PASS", "PASS"))
    proof = verify_run(folder, forge.trust)
    document = oscal.assessment_results(folder, proof)
    result = result_of(document)
    metadata = document["assessment-results"]["metadata"]
    assert re.fullmatch(OSCAL_VERSION_REGEX, metadata["oscal-version"])
    assert metadata["last-modified"] == result["end"] > result["start"]
    assert "NO EVIDENCE" not in encoded(document).decode()
    assert states(result) == {LOGGING: "satisfied"}
    (selection,) = result["reviewed-controls"]["control-selections"]
    assert selection["include-controls"] == [{"control-id": LOGGING}]
    facts = values(result["props"])
    assert (facts["seal"], facts["seal-sha256"], facts["exit"]) == ("verified", proof.attestation, "0")
    assert "risks" not in result


def test_evidence_is_linked_with_its_digest(forge: Forge) -> None:
    """Each check's observation and ledger are there, beside the document's folder, with the digest that is given."""
    folder = forge.record(("PASS",))
    (observation,) = told(folder)["observations"]
    assert observation["methods"] == ["TEST"]
    assert values(observation["props"])["verdict"] == "PASS"
    beside = folder.parent.parent / oscal.FOLDER
    names = []
    for each in observation["relevant-evidence"]:
        path = (beside / each["href"]).resolve()
        assert digest(path.read_bytes()) == values(each["props"])["sha-256"]
        names.append(path.parent.name)
    assert names == ["observations", folder.name]
    seen = json.loads((beside / observation["relevant-evidence"][0]["href"]).resolve().read_bytes())
    assert observation["collected"] == seen["observed_at"]


def test_the_same_run_gives_the_same_bytes(forge: Forge, tmp_path: Path) -> None:
    """Wherever the run lies and whatever name its key is known by, its document is the same."""
    folder = forge.run()
    copied = tmp_path / "elsewhere" / "runs" / folder.name
    shutil.copytree(folder, copied)
    proofs = [verify_run(each, forge.trust) for each in (folder, copied)]
    first, second = (oscal.of_proven(p, proof) for p, proof in zip((folder, copied), proofs, strict=True))
    assert first == second
    assert identifier("a", "risk", "x") != identifier("a", "finding", "x") != identifier("b", "finding", "x")


@pytest.mark.parametrize("verdict", RED)
def test_nothing_but_pass_satisfies(forge: Forge, verdict: str) -> None:
    """One check that is not PASS leaves its control not satisfied; all but SKIPPED are a risk as well."""
    result = told(forge.record((verdict, "PASS"), waivers=[WAIVER]))
    assert states(result) == {LOGGING: "not-satisfied"}
    (finding,) = result["findings"]
    assert f"1 of 2 checks {verdict}" in finding["remarks"]
    assert ("risks" in result) == ("related-risks" in finding) == (verdict != "SKIPPED")


def test_a_waiver_is_a_risk_and_satisfies_nothing(forge: Forge) -> None:
    """A WAIVED check's risk says why, until when, and who answers for it; an unproven approval approves nothing."""
    result = told(forge.record(("WAIVED",), waivers=[WAIVER]))
    (risk,) = result["risks"]
    assert risk["deadline"] == "2026-12-23T02:00:00.000000Z"
    assert "the broker is being replaced" in risk["statement"]
    assert values(risk["props"])["waiver-approver"] == "lead"
    assert (risk["status"], risk["links"][0]["href"]) == ("deviation-requested", WAIVER["link"])
    (finding,) = result["findings"]
    assert "a FAIL that somebody answers for is still not satisfied" in finding["remarks"]
    assert values(result["observations"][0]["props"])["raw-verdict"] == "FAIL"
    proven = told(forge.record(("WAIVED",), waivers=[WAIVER | {"approval": "proven"}]))
    assert proven["risks"][0]["status"] == "deviation-approved"
    assert states(proven) == {LOGGING: "not-satisfied"}


def test_an_unsealed_run_says_that_it_is_no_evidence(forge: Forge) -> None:
    """Whoever reads the title, the result or one finding alone is told; so is a program that reads properties."""
    folder = forge.record(("PASS",))
    document = oscal.assessment_results(folder, None)["assessment-results"]
    (result,) = document["results"]
    assert "NO EVIDENCE" in document["metadata"]["title"]
    assert values(result["props"])["seal"] == values(document["metadata"]["props"])["seal"] == "unsealed"
    assert all("NO EVIDENCE" in each["remarks"] for each in (document["metadata"], result, *result["findings"]))
    forge.seal(folder)
    unverified = oscal.assessment_results(folder, None)["assessment-results"]
    assert values(unverified["results"][0]["props"])["seal"] == "not verified"
    assert "NO EVIDENCE" in unverified["results"][0]["findings"][0]["remarks"]


def without_verdicts(book: Book) -> None:
    """Break the run off before anything was judged."""
    book.entries = [entry for entry in book.entries if entry["type"] in (PLAN, OBSERVATION)]


def with_the_last_missing(book: Book) -> None:
    """Break the run off before the last check was judged."""
    book.entries = book.entries[:-2]


def interrupted(book: Book) -> None:
    """Say that pytest was interrupted, as it is where a file of checks could not be collected."""
    book.entries[-1]["body"]["exit"] = 2


def with_a_stranger(book: Book) -> None:
    """Say that something was reported that was not planned."""
    book.entries[-1]["body"] |= {"exit": 10, "not_planned": ["test_x.py"]}


def replayed(book: Book) -> None:
    """Say that another run's observations were judged."""
    book.entries[0]["body"]["replay_of"] = "20261122T020000.001Z-production-aaaaaa"


def unobserved(book: Book) -> None:
    """Leave out that the probe's observation was recorded, over which the checks say PASS."""
    book.entries = [entry for entry in book.entries if entry["body"].get("probe") != "lag"]


def controlled_by(*names: str) -> Callable[[Book], None]:
    """Return what makes all checks evidence these controls."""

    def change(book: Book) -> None:
        for check in book.entries[0]["body"]["checks"]:
            check["controls"] = list(names)

    return change


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (without_close, "never closed"),
        (without_verdicts, "never closed"),
        (with_the_last_missing, "1 of 2 checks UNKNOWN"),
        (interrupted, "ended with exit 2"),
        (with_a_stranger, "ended with exit 10"),
        (replayed, "a replay"),
        (unobserved, "2 of 2 checks PASS on facts that are not recorded"),
        (controlled_by("certification"), "does not meet it alone"),
        (controlled_by("personnel-security"), "must be supplied by hand"),
    ],
)
def test_passes_alone_do_not_satisfy(forge: Forge, harm: Callable[[Book], None], said: str) -> None:
    """Where the run did not come to its end, or checks cannot meet the control, PASS everywhere is not satisfied."""
    result = told(rewritten(forge.record(("PASS", "PASS")), harm))
    (finding,) = result["findings"]
    assert finding["target"]["status"]["state"] == "not-satisfied"
    assert said in finding["remarks"]


def test_what_was_not_planned_takes_satisfied_back(forge: Forge) -> None:
    """Something was reported beside the plan, in a run that another control's FAIL explains: nothing is satisfied."""

    def change(book: Book) -> None:
        book.entries[0]["body"]["checks"][0]["controls"] = [MONITORING]
        book.entries[-1]["body"]["not_planned"] = ["test_x.py"]

    folder = rewritten(forge.record(("FAIL", "PASS")), change)
    assert set(states(told(folder)).values()) == {"not-satisfied"}
    rewritten(folder, lambda book: book.entries[-1]["body"].update(not_planned=[]))
    assert states(told(folder)) == {LOGGING: "satisfied", MONITORING: "not-satisfied"}


def test_pass_over_a_probe_that_saw_nothing_does_not_satisfy(forge: Forge) -> None:
    """A check that PASSED though its probe failed is not taken for one that holds."""
    nothing = Observation("lag", "Lag@1", BEGAN, BEGAN, 0.1, failure=Failure("Unreachable", "nobody answered"))
    result = told(seen_as(forge.record(("PASS",)), nothing))
    assert states(result) == {LOGGING: "not-satisfied"}
    assert "nobody answered" in result["observations"][0]["relevant-evidence"][0]["description"]


def test_a_planned_check_without_a_verdict_is_unknown(forge: Forge) -> None:
    """A check that was planned and vanished stands in the document as UNKNOWN, with a risk."""
    result = told(rewritten(forge.record(("PASS", "PASS")), with_the_last_missing))
    assert [values(each["props"])["verdict"] for each in result["observations"]] == ["PASS", "UNKNOWN"]
    (risk,) = result["risks"]
    assert values(risk["props"])["check"] == CHECK.format(1)
    assert result["observations"][1]["collected"]


@pytest.mark.parametrize("names", [(), ("no-such-control",)])
def test_a_run_that_evidences_nothing_satisfies_nothing(forge: Forge, names: tuple[str, ...]) -> None:
    """Where no check evidences a control of the catalogue, each control is not satisfied, and that is said."""
    result = told(rewritten(forge.record(("PASS",)), controlled_by(*names)))
    assert states(result) == dict.fromkeys(load_controls().names, "not-satisfied")
    (selection,) = result["reviewed-controls"]["control-selections"]
    assert "NONE was reviewed" in selection["description"]


def test_an_empty_run_satisfies_nothing(forge: Forge) -> None:
    """A run that planned nothing is a valid document without observations, and nothing is satisfied."""
    result = told(forge.record(()))
    assert set(states(result).values()) == {"not-satisfied"}
    assert "observations" not in result


def test_a_skipped_check_shows_nothing(forge: Forge) -> None:
    """A target that is declared absent is told with its reason, and does not make its control satisfied."""

    def absent(book: Book) -> None:
        book.entries[0]["body"]["checks"][0]["absent"] = "no Kafka here"

    result = told(rewritten(forge.record(("SKIPPED",)), absent))
    assert values(result["observations"][0]["props"])["absent"] == "no Kafka here"
    assert states(result) == {LOGGING: "not-satisfied"}
