"""What somebody who holds a key can still not do: seal a run that contradicts itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.ledger import CLOSE, OBSERVATION, PLAN, VERDICT
from apgms_ops.evidence.verify import verify_run
from apgms_ops.observation import timestamp
from tests.evidence.forging import HOUR, WAIVER, forged, rewrite
from tests.evidence.making import BEGAN, DAY, Book, Forge


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """Somebody with a key, and no authority."""
    forge = Forge(tmp_path)
    forge.clock.at += DAY
    return forge


def _verdict(number: int, **change: object) -> Callable[[Book], None]:
    return lambda book: book.of(VERDICT)[number]["body"].update(change)


def _close(**change: object) -> Callable[[Book], None]:
    return lambda book: book.of(CLOSE)[0]["body"].update(change)


def _plan(**change: object) -> Callable[[Book], None]:
    return lambda book: book.of(PLAN)[0]["body"].update(change)


def _without(kind: str) -> Callable[[Book], None]:
    def act(book: Book) -> None:
        book.entries.remove(book.of(kind)[-1])

    return act


def two_verdicts(book: Book) -> None:
    """One check has two verdicts."""
    book.entries.insert(-1, book.of(VERDICT)[0])


def unplanned(book: Book) -> None:
    """A verdict is on a check that was not planned."""
    book.of(VERDICT)[0]["body"]["check"] = "checks/other.py::test_other"


def second_plan(book: Book) -> None:
    """The plan is changed on the way."""
    book.entries.insert(3, book.of(PLAN)[0])


def after_the_close(book: Book) -> None:
    """Something was added after the end."""
    book.entries.append(book.of(OBSERVATION)[0])


def two_observations(book: Book) -> None:
    """A probe saw two things."""
    book.of(OBSERVATION)[1]["body"]["probe"] = "lag"


def clock_back(book: Book) -> None:
    """The clock was set back in the middle."""
    book.of(VERDICT)[1]["at"] = timestamp(BEGAN)


def planned_twice(book: Book) -> None:
    """A check stands in the plan twice."""
    checks = book.of(PLAN)[0]["body"]["checks"]
    checks[1] = checks[0]


LEDGERS: dict[str, tuple[Callable[[Book], None], str]] = {
    "closing entry missing": (_without(CLOSE), r"line 6: the closing entry is missing"),
    "planned check without a verdict": (_without(VERDICT), r"line 6: closed without a verdict on \S+test_2"),
    "two verdicts on one check": (two_verdicts, r"line 7: a second verdict on \S+test_0"),
    "verdict on an unplanned check": (unplanned, r"line 4: a verdict on checks/other\.py::test_other"),
    "second plan": (second_plan, r"line 4: a second plan"),
    "entry after the close": (after_the_close, r"line 8: the closing entry is missing|line 7: something follows"),
    "second observation of a probe": (two_observations, r"line 3: a second observation by lag"),
    "check planned twice": (planned_twice, r"line 1: a check is planned twice"),
    "times that run backwards": (clock_back, r"line 5: older than the line before it"),
    "verdict that there is not": (_verdict(0, verdict="GREEN"), r"line 4: there is no verdict 'GREEN'"),
    "waived without a waiver": (
        _verdict(1, verdict="WAIVED", raw="FAIL"),
        r"line 5: WAIVED by a waiver that is not in",
    ),
    "waiver beside a pass": (_verdict(0, waiver=WAIVER), r"line 4: a waiver beside the verdict PASS"),
    "exit 0 over a failure": (_close(exit=0), r"line 7: exit 0 does not fit the verdicts, which come to 1"),
    "exit 10 over a failure": (_close(exit=10), r"line 7: exit 10 does not fit"),
    "exit that is no number": (_close(exit=True), r"line 7: exit True does not fit"),
    "counts that do not add up": (_close(verdicts={"PASS": 3}), r"line 7: its counts are not those"),
    "number of checks that is not theirs": (_close(planned=2), r"line 7: its counts are not those"),
    "plan of another run": (_plan(run="20260101T000000.000Z-production-000000"), r"the seal of another run"),
    "plan of another environment": (_plan(environment="staging"), r"a run of environment staging, not of production"),
    "another environment's limits": (_plan(environment_sha256="0" * 64), r"environment\.json: not the environment"),
    "observation that is not there": (
        lambda book: book.of(OBSERVATION)[0]["body"].update(sha256="0" * 64),
        r"line 2: its observation 0{64} is missing",
    ),
    "observation of another probe": (
        lambda book: book.of(OBSERVATION)[0]["body"].update(probe="other"),
        r"recorded as what 'other' saw, and is what 'lag' saw",
    ),
    "entry without its verdict": (lambda book: book.of(VERDICT)[0]["body"].pop("verdict"), r"lacks what it must hold"),
}


@pytest.mark.parametrize("name", LEDGERS)
def test_a_run_that_contradicts_itself_is_invalid_though_it_is_sealed(forge: Forge, name: str) -> None:
    """A sealed ledger that is no whole and consistent run is refused, and the entry is named."""
    change, named = LEDGERS[name]
    run = forge.record()
    rewrite(run, change)
    with pytest.raises(EvidenceInvalid, match=named):
        verify_run(forged(forge, run), forge.trust)


def _expired(waiver: dict[str, Any]) -> None:
    waiver["expires"] = (BEGAN + HOUR).isoformat()


def _not_yet(waiver: dict[str, Any]) -> None:
    waiver["issued"] = (BEGAN + 2 * DAY).isoformat()


def _of_another(waiver: dict[str, Any]) -> None:
    waiver["check"] = "checks/daily/test_lag.py::test_0"


def _refused(waiver: dict[str, Any]) -> None:
    waiver["approval"] = "refused"


def _without_zone(waiver: dict[str, Any]) -> None:
    waiver["expires"] = "2027-01-01T00:00:00"


WAIVERS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "expired when it was used": (_expired, r"line 5: WAIVED by a waiver that expired at 2026-11-23T03:00"),
    "not issued yet when it was used": (_not_yet, r"line 5: WAIVED by a waiver that was not issued before 2026-11-25"),
    "that its approver did not approve": (_refused, r"line 5: WAIVED by a waiver that its approver did not approve"),
    "of another check": (_of_another, r"line 5: WAIVED by a waiver of another check"),
    "without a zone": (_without_zone, r"lacks what it must hold \(ValueError: a time without its zone"),
}


@pytest.mark.parametrize("name", WAIVERS)
def test_a_waiver_that_was_not_in_force_waives_nothing(forge: Forge, name: str) -> None:
    """A check that was waived by a waiver out of force makes the run invalid, and the line is named."""
    change, named = WAIVERS[name]
    waiver = dict(WAIVER)
    change(waiver)
    run = forge.record(("PASS", "WAIVED"), waivers=[waiver])
    with pytest.raises(EvidenceInvalid, match=named):
        verify_run(forged(forge, run), forge.trust)


@pytest.mark.parametrize("raw", ["UNKNOWN", "PASS", None])
def test_only_a_failure_can_be_waived(forge: Forge, raw: str | None) -> None:
    """WAIVED over anything but FAIL is invalid: what could not be seen is not excused."""
    run = forge.record(("PASS", "WAIVED"), waivers=[WAIVER])
    rewrite(run, _verdict(1, raw=raw))
    with pytest.raises(EvidenceInvalid, match="only FAIL can be waived"):
        verify_run(forged(forge, run), forge.trust)


def test_a_waiver_in_force_holds(forge: Forge) -> None:
    """A failure under a waiver of the plan, in force when it was used, verifies and is green in the exit code."""
    run = forge.record(("PASS", "WAIVED"), waivers=[WAIVER])
    forge.seal(run)
    proof = verify_run(run, forge.trust)
    assert dict(proof.verdicts) == {"PASS": 1, "WAIVED": 1}
    assert proof.exit_code == 0
