"""A release that is let by over a red check: everybody who reads of it reads that."""

from pathlib import Path
from typing import Any

import pytest

from apgms_ops.evidence.run import RecordedRun
from apgms_ops.reports.gate.junit import junit
from apgms_ops.reports.gate.lines import ending, round_line
from apgms_ops.reports.gate.markdown import summary
from apgms_ops.reports.gate.model import GateResult, Round
from apgms_ops.reports.gate.recorded import checks_of

WAIVER = {
    "check": "smoke/test_a.py::test_0",
    "reason": "INC-123: the broker is being replaced",
    "owner": "payments",
    "approver": "lead",
    "approval": "unproven",
    "issued": "2026-11-25T00:00:00+11:00",
    "expires": "2026-12-10T00:00:00+11:00",
    "link": "https://github.example/apgms/platform/pull/1",
}
TOLD = "FAIL, waived until 2026-12-10T00:00:00+11:00: INC-123: the broker is being replaced; owner payments"
APPROVED = "approved by lead (unproven, https://github.example/apgms/platform/pull/1)"


def gate(*verdicts: str, seen: str = "412 behind (limit 200)", code: int = 0, **waiver: Any) -> GateResult:  # noqa: ANN401 — JSON
    """Return a gate of one round with such verdicts, of which every WAIVED is waived."""
    planned = [
        {"id": f"smoke/test_a.py::test_{n}", "promise": f"It keeps up, {n}.", "step_title": "Smoke tests"}
        | {"runbook": ["deployment-procedure", 5]}
        for n, _ in enumerate(verdicts)
    ]
    said: dict[str, dict[str, Any]] = {}
    for check, verdict in zip(planned, verdicts, strict=True):
        body: dict[str, Any] = {"verdict": verdict, "seen": "" if verdict == "PASS" else seen, "took": 0.1}
        said[str(check["id"])] = body | ({"raw": "FAIL", "waiver": WAIVER | waiver} if verdict == "WAIVED" else {})
    run = RecordedRun(Path("x"), {"checks": planned}, {}, said, {"exit": code}, "ab")
    told = Round(1, "2026-11-26 08:00:00 UTC", 9.5, code, (), checks_of(run), "run-1", "x/y", "ab" * 32)
    return GateResult("toy", "v1.4.2", code, (told,), None, None)


def test_the_terminal_says_over_what_a_release_is_let_by() -> None:
    """The last line says GO and over how much; a line before it what was seen, until when, for whom and by whom."""
    result = gate("WAIVED", "PASS")
    *_, waived, last = ending(result)
    assert last == "gate: toy v1.4.2: GO, over 1 WAIVED (exit 0)"
    assert waived.startswith(f"gate: WAIVED: It keeps up, 0. | {TOLD}, {APPROVED} | 412 behind (limit 200) | smoke/")
    assert "GO, over 1 WAIVED | 1 WAIVED · 1 PASS" in round_line(result.rounds[0])


def test_the_summary_shows_no_plain_green_over_what_is_waived() -> None:
    """The heading warns, and the table has the waiver beside what was seen."""
    text = summary(gate("WAIVED", "PASS"))
    assert text.startswith("## ⚠️ toy v1.4.2: GO, over 1 WAIVED\n\n**1 WAIVED · 1 PASS** (exit 0)\n")
    assert "| ⚠️ WAIVED | It keeps up, 0." in text
    assert "FAIL, waived until 2026-12-10T00&#58;00&#58;00" in text
    assert "412 behind" in text


def test_junit_shows_no_plain_green_over_what_is_waived() -> None:
    """The decision names it, and its case is skipped, of the type WAIVED, with the waiver in its words."""
    text = junit(gate("WAIVED", "PASS"))
    assert '<property name="decision" value="GO, over 1 WAIVED" />' in text
    assert '<skipped type="WAIVED" message="WAIVED: It keeps up, 0. | FAIL, waived until' in text


def test_what_is_long_hides_no_waiver() -> None:
    """Of text without end, until when something is waived and by whom is still read in each of the three."""
    result = gate("WAIVED", "PASS", seen="x" * 4000, reason="y" * 4000)
    for text in ("\n".join(ending(result)), summary(result), junit(result)):
        assert "waived until 2026-12-10T00" in text
        assert "approved by lead" in text


@pytest.mark.parametrize(
    ("verdicts", "code", "said"),
    [(("PASS", "PASS"), 0, "GO"), (("WAIVED", "FAIL"), 1, "ROLL BACK"), (("WAIVED", "UNKNOWN"), 10, "COULD NOT TELL")],
)
def test_every_other_decision_stays_as_it_is(verdicts: tuple[str, ...], code: int, said: str) -> None:
    """Green without waivers is a plain GO; red and unknown are not softened by what is waived beside them."""
    *_, last = ending(gate(*verdicts, code=code))
    assert last == f"gate: toy v1.4.2: {said} (exit {code})"
