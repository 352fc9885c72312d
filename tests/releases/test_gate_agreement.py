"""Whether a run of the gate is believed."""

from pathlib import Path
from typing import Any

import pytest

from apgms_ops.evidence.run import RecordedRun
from apgms_ops.releases.gate_agreement import Asked, judge

ASKED = Asked("toy", "v1.4.2", ("smoke",))


PLANNED = "2026-11-26T06:00:00Z"


def waiver(check: str, expires: str = "2026-12-10T00:00:00+11:00") -> dict[str, str]:
    """Return a waiver as a plan records it."""
    return {
        "check": check,
        "reason": "INC-123",
        "owner": "payments",
        "approver": "lead",
        "approval": "unproven",
        "issued": "2026-11-25T00:00:00+11:00",
        "expires": expires,
        "link": "https://github.example/apgms/platform/pull/1",
    }


def run(*verdicts: str, **changes: Any) -> RecordedRun:  # noqa: ANN401 — parts of a ledger
    """Return a whole run of so many checks, with changes to its plan or closing entry."""
    ids = [f"smoke/test_a.py::test_{number}" for number, _ in enumerate(verdicts)]
    plan = {"environment": "toy", "release": "v1.4.2", "replay_of": None, "checks": [{"id": i} for i in ids]}
    close = {"planned": len(ids), "exit": 0}
    said: dict[str, dict[str, Any]] = {i: {"verdict": verdict} for i, verdict in zip(ids, verdicts, strict=True)}
    waived = {i: waiver(i) for i, verdict in zip(ids, verdicts, strict=True) if verdict == "WAIVED"}
    for i, one in waived.items():
        said[i] |= {"raw": "FAIL", "waiver": one}
    plan |= {"waivers": list(waived.values()), "planned_at": PLANNED}
    plan |= {key: value for key, value in changes.items() if key in plan}
    close |= {key: value for key, value in changes.items() if key in close}
    said |= changes.get("said", {})
    return RecordedRun(Path("x"), plan, {}, said, None if changes.get("unclosed") else close, "ab")


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        (("PASS",), 0),
        (("PASS", "SKIPPED", "WAIVED"), 0),
        (("PASS", "FAIL", "UNKNOWN"), 1),
        (("PASS", "UNKNOWN"), 10),
        (("SKIPPED",), 10),
        (("PASS",), 10),
    ],
)
def test_a_whole_run_comes_to_its_exit(verdicts: tuple[str, ...], code: int) -> None:
    """Where exit, closing entry and verdicts agree, the exit stands; what was not planned may take green back."""
    judged = judge(ASKED, code, run(*verdicts, exit=code))
    assert (judged.code, judged.findings) == (code, ())


@pytest.mark.parametrize(
    ("code", "recorded", "said"),
    [
        (0, run("PASS", unclosed=True), "without having closed its ledger"),
        (1, run("FAIL", unclosed=True), "without having closed its ledger"),
        (-9, run("PASS", unclosed=True), "was killed by SIGKILL"),
        (0, run("PASS", exit=1), "its ledger was closed with 1"),
        (0, run("FAIL"), "the verdicts in its ledger come to 1"),
        (1, run("PASS", exit=1), "the verdicts in its ledger come to 0"),
        (10, run("FAIL", exit=10), "the verdicts in its ledger come to 1"),
        (0, run("UNKNOWN"), "the verdicts in its ledger come to 10"),
        (0, run("PASS", planned=2), "1 checks were planned, and the ledger was closed over 2"),
        (0, run("PASS", said={"smoke/x": {"verdict": "PASS"}}), "not planned, the first of them smoke/x"),
        (0, run("PASS", "GOOD"), "a verdict that there is not: GOOD"),
        (0, run("PASS", environment="staging"), "of environment staging, not of toy"),
        (0, run("PASS", release="v1.4.1"), "of release v1.4.1, not of v1.4.2"),
        (0, run("PASS", release=None), "of release None, not of v1.4.2"),
        (0, run("PASS", replay_of="earlier"), "a replay of earlier"),
        (0, None, "the run ended with exit 0, and left no ledger"),
        (1, None, "the run ended with exit 1, and left no ledger"),
        (77, run("PASS", exit=77), "the run ended with exit 77"),
    ],
)
def test_what_does_not_agree_could_not_be_told(code: int, recorded: RecordedRun | None, said: str) -> None:
    """Whatever the exit, a run that is not whole, not the one that was asked for, or contradicts itself is 10."""
    judged = judge(ASKED, code, recorded)
    assert judged.code == 10
    assert said in "; ".join(judged.findings)


def test_a_check_without_a_verdict_is_no_pass() -> None:
    """A planned check that the ledger says nothing on is named."""
    whole = run("PASS", "PASS")
    verdicts = dict(list(whole.verdicts.items())[:1])
    judged = judge(ASKED, 0, RecordedRun(whole.path, whole.plan, {}, verdicts, whole.close, "ab"))
    assert judged.code == 10
    assert judged.findings == ("1 planned checks have no verdict, the first of them smoke/test_a.py::test_1",)


@pytest.mark.parametrize("folder", ["smoke", "smoke/"])
def test_a_folder_is_not_satisfied_by_its_namesake(folder: str) -> None:
    """Checks of smoke_old/ are none of smoke/."""
    whole = run("PASS")
    plan = {**whole.plan, "checks": [{"id": "smoke_old/test_a.py::test_0"}]}
    said = {"smoke_old/test_a.py::test_0": {"verdict": "PASS"}}
    judged = judge(Asked("toy", "v1.4.2", (folder,)), 0, RecordedRun(whole.path, plan, {}, said, whole.close, "ab"))
    assert judged.code == 10
    assert "was planned: is it empty, or was something deselected?" in judged.findings[0]


@pytest.mark.parametrize("code", [2, 3, 4, 5])
@pytest.mark.parametrize("recorded", [None, run("PASS", exit=2), run("PASS", unclosed=True)])
def test_pytests_own_exits_stand(code: int, recorded: RecordedRun | None) -> None:
    """2 to 5 say more than "could not tell", and let nothing through; each has its sentence."""
    judged = judge(ASKED, code, recorded)
    assert judged.code == code
    assert judged.findings[0].startswith(f"the run ended with exit {code}")


WAIVED = "smoke/test_a.py::test_1"


@pytest.mark.parametrize(
    ("body", "plan", "said"),
    [
        ({"raw": "UNKNOWN"}, {}, "does not say that it FAILED"),
        ({"raw": None}, {}, "does not say that it FAILED"),
        ({"waiver": None}, {}, "by a waiver that the plan does not hold"),
        ({"waiver": waiver(WAIVED, "2027-01-01T00:00:00Z")}, {}, "by a waiver that the plan does not hold"),
        ({}, {"waivers": []}, "by a waiver that the plan does not hold"),
        ({}, {"waivers": "all of them"}, "by a waiver that the plan does not hold"),
        ({}, {"planned_at": "2026-12-10T00:00:00+11:00"}, "that was over when the run was planned"),
        ({}, {"planned_at": "yesterday"}, "that was over when the run was planned"),
    ],
)
def test_a_waived_check_needs_its_waiver_in_the_plan(body: dict[str, Any], plan: dict[str, Any], said: str) -> None:
    """WAIVED without a FAIL, without its waiver in the plan, or by one that was over, lets no release by."""
    whole = run("PASS", "WAIVED")
    verdicts = {**whole.verdicts, WAIVED: {**whole.verdicts[WAIVED], **body}}
    judged = judge(ASKED, 0, RecordedRun(whole.path, {**whole.plan, **plan}, {}, verdicts, whole.close, "ab"))
    assert judged.code == 10
    assert judged.findings[0].startswith(f"{WAIVED} is WAIVED")
    assert said in judged.findings[0]


def test_a_waiver_that_was_refused_lets_nothing_by() -> None:
    """A waiver that its approver did not approve is void, though the plan holds it."""
    void = waiver(WAIVED) | {"approval": "refused"}
    whole = run("PASS", "WAIVED")
    verdicts = {**whole.verdicts, WAIVED: {"verdict": "WAIVED", "raw": "FAIL", "waiver": void}}
    judged = judge(
        ASKED, 0, RecordedRun(whole.path, {**whole.plan, "waivers": [void]}, {}, verdicts, whole.close, "ab")
    )
    assert (judged.code, judged.findings[0][-41:]) == (10, "a waiver that its approver did not approve"[-41:])


def test_another_checks_waiver_lets_nothing_by() -> None:
    """A waiver that the plan holds counts for its own check alone."""
    other = waiver("smoke/test_a.py::test_0")
    whole = run("PASS", "WAIVED")
    verdicts = {**whole.verdicts, WAIVED: {"verdict": "WAIVED", "raw": "FAIL", "waiver": other}}
    judged = judge(
        ASKED, 0, RecordedRun(whole.path, {**whole.plan, "waivers": [other]}, {}, verdicts, whole.close, "ab")
    )
    assert (judged.code, judged.findings) == (10, (f"{WAIVED} is WAIVED by a waiver that the plan does not hold",))


@pytest.mark.parametrize("verdicts", [("WAIVED",), ("WAIVED", "SKIPPED")])
def test_a_release_is_not_let_by_where_nothing_passed(verdicts: tuple[str, ...]) -> None:
    """A gate that saw nothing hold does not say GO, whatever is waived."""
    judged = judge(ASKED, 0, run(*verdicts))
    assert judged.code == 10
    assert judged.findings[0].startswith("no check PASSED")
