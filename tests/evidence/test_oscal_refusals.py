"""What OSCAL is not told: of a ledger that contradicts itself, of altered files, and of hostile text as markup."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apgms_ops.compliance import load_controls
from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence import conclusion, oscal
from apgms_ops.evidence.ledger import VERDICT
from apgms_ops.evidence.oscal_form import encoded
from apgms_ops.evidence.verify import verify_run
from apgms_ops.observation import Failure, Identity, Observation
from apgms_ops.verdict import Verdict
from tests.evidence.making import BEGAN, Book, Forge
from tests.evidence.oscal_documents import (
    LOGGING,
    MONITORING,
    RED,
    WAIVER,
    recounted,
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
