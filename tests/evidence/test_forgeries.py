"""What whoever holds the key signs is held together all the same: a seal over a run that cannot be is no proof."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apgms_ops import observation
from apgms_ops.deadline import Deadline
from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence import dsse
from apgms_ops.evidence.dsse import Envelope
from apgms_ops.evidence.folder import verify_chain
from apgms_ops.evidence.ledger import CLOSE, OBSERVATION, VERDICT
from apgms_ops.evidence.verify import verify_run
from tests.evidence.making import BEGAN, CHECK, DAY, Book, Forge, a_waiver

Change = Callable[[Book], None]


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """A key, an authority and a chain."""
    return Forge(tmp_path)


def forged(forge: Forge, change: Change, verdicts: tuple[str, ...] = ("PASS", "FAIL", "PASS"), **given: Any) -> Path:  # noqa: ANN401 — those of `record`
    """Record a run, change its ledger, hash it anew and seal it with the real key."""
    forge.clock.at += DAY
    folder = forge.record(verdicts, **given)
    book = Book.read(folder / "ledger.jsonl")
    change(book)
    book.write(folder / "ledger.jsonl")
    forge.seal(folder)
    return folder


def _verdict(number: int, **changed: object) -> Change:
    return lambda book: book.of(VERDICT)[number]["body"].update(changed)


def _close(**changed: object) -> Change:
    return lambda book: book.of(CLOSE)[0]["body"].update(changed)


def _drop(number: int) -> Change:
    return lambda book: book.entries.remove(book.of(VERDICT)[number])


def _double(kind: str) -> Change:
    return lambda book: book.entries.insert(-1, book.of(kind)[0] | {"at": book.entries[-1]["at"]})


def _earlier(book: Book) -> None:
    book.of(VERDICT)[1]["at"] = "2026-11-01T00:00:00.000000Z"


def _plan_twice(book: Book) -> None:
    checks = book.entries[0]["body"]["checks"]
    checks.append(checks[0])


def _other_run(book: Book) -> None:
    book.entries[0]["body"]["run"] = "20261101T000000.000Z-production-000000"


def _unknown_observation(book: Book) -> None:
    book.of(OBSERVATION)[0]["body"]["sha256"] = "0" * 64


FORGED: dict[str, tuple[Change, str]] = {
    "verdict left out": (_drop(1), rf"closed without a verdict on {CHECK.format(1)}"),
    "verdict given twice": (_double(VERDICT), rf"line 7: a second verdict on {CHECK.format(0)}"),
    "verdict on what was not planned": (_verdict(1, check="checks/x.py::test_x"), r"line 5: a verdict on checks/x\.py"),
    "verdict of no kind": (_verdict(1, verdict="FINE"), r"line 5: there is no verdict 'FINE'"),
    "observation made twice": (_double(OBSERVATION), r"line 7: a second observation by lag"),
    "observation that is not there": (_unknown_observation, r"line 2: its observation 0{16}"),
    "counts of other verdicts": (_close(verdicts={"PASS": 3}), r"line 7: its counts are not those of the verdicts"),
    "exit 0 over a failure": (_close(exit=0), r"line 7: exit 0 does not fit the verdicts, which come to 1"),
    "exit code that is no number": (_close(exit="1"), r"line 7: exit '1' does not fit"),
    "check planned twice": (_plan_twice, r"line 1: a check is planned twice"),
    "plan of another run": (_other_run, r"line 1: the plan of another run|attestation\.json: the seal of another run"),
    "waiver beside a FAIL": (_verdict(1, waiver=a_waiver(1, BEGAN, BEGAN + 9 * DAY)), r"line 5: a waiver beside"),
    "WAIVED without a waiver": (_verdict(1, verdict="WAIVED", raw="FAIL"), r"line 5: WAIVED by a waiver that is not"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_run_that_cannot_be_is_refused_though_it_is_sealed(forge: Forge, name: str) -> None:
    """The real key does not make a proof of a ledger that contradicts itself; the entry is named."""
    change, named = FORGED[name]
    folder = forged(forge, change)
    with pytest.raises(EvidenceInvalid, match=named):
        verify_run(folder, forge.trust)


def test_times_that_run_backwards_are_not_sealed(forge: Forge) -> None:
    """A run during which the clock was set back gets no seal in the first place."""
    with pytest.raises(EvidenceInvalid, match=r"line 5: older than the line before it"):
        forged(forge, _earlier)


def waived(forge: Forge, issued: timedelta, expires: timedelta, change: Change = lambda _: None) -> Path:
    """Seal a run whose second check is WAIVED, by a waiver with these times from the run's on."""
    now = forge.clock.at + DAY
    waiver = a_waiver(1, now + issued, now + expires)
    return forged(forge, change, ("PASS", "WAIVED", "PASS"), waivers=[waiver])


def test_a_waiver_in_force_holds(forge: Forge) -> None:
    """A FAIL that was waived by a waiver of its check, in force at that time, verifies and is counted as WAIVED."""
    proof = verify_run(waived(forge, -DAY, DAY), forge.trust)
    assert proof.verdicts == {"PASS": 2, "WAIVED": 1}
    assert proof.exit_code == 0


@pytest.mark.parametrize(
    ("issued", "expires", "change", "named"),
    [
        (-2 * DAY, -DAY, lambda _: None, "line 5: WAIVED by a waiver that expired at"),
        (DAY, 2 * DAY, lambda _: None, "line 5: WAIVED by a waiver that was not issued before"),
        (-DAY, DAY, _verdict(1, raw="UNKNOWN"), "line 5: WAIVED, where what was seen is 'UNKNOWN'"),
        (-DAY, DAY, lambda book: book.entries[0]["body"].update(waivers=[]), "line 5: WAIVED by a waiver that is not"),
    ],
    ids=["expired", "not issued yet", "of an UNKNOWN", "not in the plan"],
)
def test_a_waiver_that_did_not_hold_is_no_excuse(
    forge: Forge, issued: timedelta, expires: timedelta, change: Change, named: str
) -> None:
    """A waiver that had expired when it was used, or was none, makes the run invalid."""
    with pytest.raises(EvidenceInvalid, match=named):
        verify_run(waived(forge, issued, expires, change), forge.trust)


def test_a_waiver_of_another_check_is_no_excuse(forge: Forge) -> None:
    """A waiver excuses the check that it names, and no other."""
    now = forge.clock.at + DAY
    folder = forged(forge, lambda _: None, ("PASS", "PASS", "WAIVED"), waivers=[a_waiver(1, now - DAY, now + DAY)])
    with pytest.raises(EvidenceInvalid, match="WAIVED by a waiver of another check"):
        verify_run(folder, forge.trust)


def resigned(forge: Forge, folder: Path, change: Callable[[dict[str, Any]], None], *, canonical: bool = True) -> None:
    """Change a run's statement and sign it anew, without a timestamp."""
    found = json.loads(base64.b64decode(json.loads((folder / dsse.NAME).read_bytes())["payload"]))
    change(found)
    payload = observation.canonical(found) if canonical else json.dumps(found, indent=1).encode()
    signer = forge.key.signer
    signature = signer.sign(dsse.encoding(payload), Deadline(5))
    (folder / dsse.NAME).write_bytes(Envelope(payload, signer.public.id, signature).to_bytes())


def undated(forge: Forge) -> Path:
    """Seal a run that nobody dates, so that its statement can be signed anew."""
    forge.authority = None
    return forge.run()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda s: s["subject"].append({"name": "../x", "digest": {"sha256": "0" * 64}}), "not the name of a file"),
        (lambda s: s["subject"].append({"name": "/etc/x", "digest": {"sha256": "0" * 64}}), "not the name of a file"),
        (lambda s: s["subject"].append(s["subject"][0]), "twice"),
        (lambda s: s["subject"].pop(0), "added after the run was sealed"),
        (lambda s: s["predicate"]["closing"].update(exit=0), "its summary .closing. is not what the ledger says"),
        (lambda s: s["predicate"]["checks"][1].update(verdict="PASS"), "its summary .checks. is not"),
        (lambda s: s["predicate"].update(release="v9.9.9"), "its summary .release. is not"),
        (lambda s: s["predicate"].update(environment="staging"), "a run of environment staging, not of production"),
        (lambda s: s["predicate"].update(run="20261101T000000.000Z-production-0"), "the seal of another run"),
        (lambda s: s["predicate"].update(sealed_at="2026-11-01T00:00:00Z"), "before the run was closed"),
        (lambda s: s.update(predicateType="https://slsa.dev/provenance/v1"), "not one of a run"),
        (lambda s: s.pop("subject"), "malformed"),
    ],
)
def test_a_statement_that_does_not_fit_its_run_is_refused(
    forge: Forge, change: Callable[[dict[str, Any]], None], named: str
) -> None:
    """A statement that says otherwise than the run's files is no proof, whoever signed it."""
    folder = undated(forge)
    verify_run(folder, forge.trust)
    resigned(forge, folder, change)
    with pytest.raises(EvidenceInvalid, match=named):
        verify_run(folder, forge.trust)


def test_a_statement_in_another_form_is_refused(forge: Forge) -> None:
    """A statement that is not canonical JSON is refused: a key that stands twice would say two things."""
    folder = undated(forge)
    resigned(forge, folder, lambda _: None, canonical=False)
    with pytest.raises(EvidenceInvalid, match="not canonical JSON"):
        verify_run(folder, forge.trust)


def test_a_clock_that_differs_from_the_authoritys_is_caught(forge: Forge) -> None:
    """A run whose machine says another time than the authority says so instead of carrying the timestamp."""
    authority = forge.authority
    assert authority is not None
    authority._now = lambda: forge.clock.at + timedelta(hours=1)
    folder = forge.run()
    proof = verify_run(folder, forge.trust)
    assert proof.stamp is None
    assert "a clock was set back" in proof.undated


def test_a_run_sealed_before_the_one_that_it_follows_is_caught(forge: Forge) -> None:
    """A chain whose times run backwards is refused, and the run is named: the clock was set back in between."""
    forge.authority = None
    forge.run()
    forge.clock.at -= 2 * DAY
    later = forge.run()
    with pytest.raises(
        EvidenceInvalid, match=rf"{later.name}/attestation\.json: sealed before the run that it follows"
    ):
        verify_chain(forge.runs, forge.chain, forge.trust)
