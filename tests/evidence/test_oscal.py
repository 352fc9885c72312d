"""A run as OSCAL: valid by the models of OSCAL 1.1, and "satisfied" only where everything speaks for it."""

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trestle.oscal import OSCAL_VERSION_REGEX
from trestle.oscal.assessment_results import Model

from apgms_ops.compliance import load_controls
from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence import conclusion, oscal
from apgms_ops.evidence.ledger import CLOSE, OBSERVATION, PLAN, VERDICT
from apgms_ops.evidence.oscal_form import encoded, identifier
from apgms_ops.evidence.verify import verify_run
from apgms_ops.observation import Failure, Identity, Observation, canonical, digest
from apgms_ops.verdict import Verdict, exit_code
from tests.evidence.making import BEGAN, CHECK, DAY, Book, Forge, a_waiver

LOGGING, MONITORING = "audit-logging", "security-monitoring"
WAIVER = a_waiver(0, BEGAN - DAY, BEGAN + 30 * DAY)


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """Makes runs."""
    return Forge(tmp_path)


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


RED = ("FAIL", "UNKNOWN", "WAIVED", "SKIPPED")


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


def without_close(book: Book) -> None:
    """Break the run off just before it is closed, every verdict written."""
    book.entries = book.entries[:-1]


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


def seen_as(folder: Path, observation: Observation) -> Path:
    """Let the probe of the checks have seen something else."""
    data = canonical(observation.to_json())
    (folder / "observations" / f"{digest(data)}.json").write_bytes(data)
    return rewritten(folder, lambda book: book.of(OBSERVATION)[0]["body"].update(sha256=digest(data)))


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


def flipped(book: Book) -> None:
    """Flip a verdict, and leave the counts."""
    book.of(VERDICT)[0]["body"]["verdict"] = "PASS"


def unplanned(book: Book) -> None:
    """Judge what was not planned, in a run that was never closed."""
    book.of(VERDICT)[0]["body"]["check"] = "x"
    without_close(book)


def invented(book: Book) -> None:
    """Give a verdict that there is not."""
    book.of(VERDICT)[0]["body"]["verdict"] = "GREEN"
    without_close(book)


def waived_by_nobody(book: Book) -> None:
    """Waive without a waiver."""
    book.of(VERDICT)[0]["body"]["verdict"] = "WAIVED"
    without_close(book)


def planned_twice(book: Book) -> None:
    """Plan a check twice, in a run that was never closed."""
    checks = book.entries[0]["body"]["checks"]
    checks.append(checks[0])
    without_close(book)


def of_another_run(book: Book) -> None:
    """Bear another run's name."""
    book.entries[0]["body"]["run"] = "20261122T020000.001Z-production-aaaaaa"


def planless(book: Book) -> None:
    """Leave the checks out of the plan."""
    del book.entries[0]["body"]["checks"]
    without_close(book)


def timeless(book: Book) -> None:
    """Say when it was planned without a zone."""
    book.entries[0]["body"]["planned_at"] = "2026-11-23T02:00:00"


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        (flipped, "its counts are not those of the verdicts"),
        (unplanned, "a verdict on x, which was not planned"),
        (invented, "lacks what it must hold"),
        (waived_by_nobody, "WAIVED without a waiver"),
        (planned_twice, "a check planned twice"),
        (of_another_run, "the plan of another run"),
        (planless, "lacks what it must hold"),
        (timeless, "lacks what it must hold"),
    ],
)
def test_what_does_not_fit_together_is_refused(forge: Forge, harm: Callable[[Book], None], named: str) -> None:
    """A ledger that was rewritten so that it contradicts itself makes no document."""
    folder = rewritten(forge.record(("FAIL", "PASS")), harm)
    with pytest.raises(EvidenceInvalid, match=named):
        oscal.assessment_results(folder, None)


def test_altered_files_are_refused(forge: Forge) -> None:
    """An observation, an environment or a ledger that was altered makes no document, and is named."""
    folder = forge.record(("PASS",))
    for name in ("ledger.jsonl", "environment.json", next((folder / "observations").iterdir()).name):
        path = next(folder.rglob(name))
        before = path.read_bytes()
        path.write_bytes(before.replace(b"2", b"3", 1))
        with pytest.raises(EvidenceInvalid, match=re.escape(name.removesuffix(".json"))):
            oscal.assessment_results(folder, None)
        path.write_bytes(before)
    (folder / "environment.json").unlink()
    with pytest.raises(EvidenceInvalid, match=r"environment\.json: cannot be read"):
        oscal.assessment_results(folder, None)


def test_a_proof_is_of_this_run_as_it_is(forge: Forge) -> None:
    """A run that was changed after it was verified, or the proof of another run, makes no document."""
    folder, other = forge.run(("PASS",)), forge.run(("PASS",))
    proof = verify_run(folder, forge.trust)
    with pytest.raises(EvidenceInvalid, match="not the run that was verified"):
        oscal.of_proven(other, proof)
    later = timedelta(seconds=1)

    def moved(book: Book) -> None:
        book.entries[-1]["at"] = (forge.clock.at + later).isoformat()

    rewritten(folder, moved)
    with pytest.raises(EvidenceInvalid, match="not the run that was verified"):
        oscal.of_proven(folder, proof)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
HOSTILE = st.one_of(TEXT, st.sampled_from(["", " \n", "\x1b[2J", "[x](javascript:0)", "<b>", "{{ insert: param, a }}"]))
VERDICTS = st.lists(st.sampled_from([v.value for v in Verdict if v is not Verdict.WAIVED]), max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(verdicts=VERDICTS, evidences=st.data(), text=HOSTILE, closed=st.booleans())
def test_satisfied_means_that_every_check_of_it_passed(
    forge: Forge, verdicts: list[str], evidences: st.DataObject, text: str, *, closed: bool
) -> None:
    """Whatever a run came to, whatever its texts, the document is valid; satisfied: closed, some checks, all PASS."""
    some = st.sets(st.sampled_from([LOGGING, MONITORING]))
    controls = [sorted(evidences.draw(some)) for _ in verdicts]

    def change(book: Book) -> None:
        for check, names in zip(book.entries[0]["body"]["checks"], controls, strict=True):
            check |= {"controls": names, "promise": text}
        for entry in book.of(VERDICT):
            entry["body"]["seen"] = text
        if closed:
            recounted(book)
        else:
            without_close(book)

    result = told(rewritten(forge.record(verdicts), change))
    for control in (LOGGING, MONITORING):
        of_it = [verdict for verdict, names in zip(verdicts, controls, strict=True) if control in names]
        expected = closed and bool(of_it) and set(of_it) == {"PASS"}
        assert (states(result).get(control) == "satisfied") == expected


def test_a_reason_is_given_where_it_is_not_satisfied_and_only_there(forge: Forge) -> None:
    """Both ways in which a conclusion is drawn agree, for every control on runs of each verdict."""
    for verdict in (*RED, "PASS"):
        run = conclusion.read(forge.record((verdict,), waivers=[WAIVER]))
        for control in load_controls().controls:
            for checks in ((), run.checks):
                found = conclusion.concluded(run, control, checks)
                assert found.satisfied != bool(found.why_not)


def test_hostile_text_is_text(forge: Forge) -> None:
    """What a system said of itself is no markup, no second line and no link in the document."""
    evil = "a\n\x1b[31m[x](https://evil.example) <script>\u202e {{ insert: param, p }}"
    cause, who = Failure("BadAnswer", evil), (Identity(evil, evil),)
    seen = Observation("lag", "Lag@1", BEGAN, BEGAN, 0.1, failure=cause, identities=who)
    folder = seen_as(forge.record(("FAIL",)), seen)

    def change(book: Book) -> None:
        book.of(VERDICT)[0]["body"]["seen"] = evil
        book.entries[-1]["body"]["by"] = {"user": evil}

    document = oscal.assessment_results(rewritten(folder, change), None)
    result = result_of(document)
    said = result["observations"][0]["description"]
    assert r"\[x\](https://evil.example) \<script\>" in said
    assert "\x1b" not in encoded(document).decode()
    assert "\u202e" not in encoded(document).decode()
    assert r"\{\{ insert" in said


def test_a_link_that_is_no_address_is_not_one(forge: Forge) -> None:
    """Of a waiver's link only a plain https address can be followed."""
    waiver = WAIVER | {"link": "javascript:alert(1)"}
    (risk,) = told(forge.record(("WAIVED",), waivers=[waiver]))["risks"]
    assert "links" not in risk
    assert values(risk["props"])["waiver-link"] == "javascript:alert(1)"
