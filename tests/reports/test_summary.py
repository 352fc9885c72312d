"""What the terminal shows at the end of a run."""

from apgms_ops.reports.model import CheckResult, Previous, ProbeResult, RunResult
from apgms_ops.reports.summary import summary
from apgms_ops.verdict import Verdict


def check(name: str, verdict: Verdict, seen: str = "") -> CheckResult:
    """Return a check of the daily section."""
    return CheckResult(
        f"checks/daily/test_lag.py::{name}", f"Promise of {name}.", verdict, seen, "daily-checks", 3, "Kafka lag", 0.1
    )


def run(*checks: CheckResult, exit_code: int = 1, previous: Previous | None = None) -> RunResult:
    """Return a finished run."""
    return RunResult(
        run="20261123T020000Z-production-aaaaaa",
        environment="production",
        checks=checks,
        probes=(ProbeResult("consumer_lag", 2.345, None), ProbeResult("error_budgets", 20.0, "no answer")),
        previous=previous,
        replay_of=None,
        exit_code=exit_code,
        head="ab" * 32,
        folder="reports/runs/x",
    )


def text(result: RunResult) -> str:
    """Return the summary as it is read."""
    return "\n".join(line.text for line in summary(result))


def test_a_summary_reads_as_it_should() -> None:
    """Worst first, one line a check that is not green, then what changed, the probes, the counts, the evidence."""
    before = {"checks/daily/test_lag.py::keeps_up": Verdict.PASS, "checks/daily/test_lag.py::fine": Verdict.FAIL}
    result = run(
        check("fine", Verdict.PASS),
        check("seen", Verdict.UNKNOWN, "no answer within 20 s while reading offsets"),
        check("keeps_up", Verdict.FAIL, "audit-writer on audit.log: 480 behind (limit 200)"),
        check("absent", Verdict.SKIPPED, "[kafka] is absent: no broker"),
        previous=Previous("20261122T020000Z-production-bbbbbb", before),
    )
    assert text(result) == EXPECTED


EXPECTED = """\
FAIL    Promise of keeps_up. | audit-writer on audit.log: 480 behind (limit 200) | runbook daily-checks 3, Kafka lag
        checks/daily/test_lag.py::keeps_up
UNKNOWN Promise of seen. | no answer within 20 s while reading offsets | runbook daily-checks 3, Kafka lag
        checks/daily/test_lag.py::seen
SKIPPED Promise of absent. | [kafka] is absent: no broker | runbook daily-checks 3, Kafka lag
        checks/daily/test_lag.py::absent
changed  since 20261122T020000Z-production-bbbbbb:
         FAIL → PASS  checks/daily/test_lag.py::fine
         PASS → FAIL  checks/daily/test_lag.py::keeps_up
probes   error_budgets 20.00 s (no answer) · consumer_lag 2.35 s
production: 1 FAIL · 1 UNKNOWN · 1 SKIPPED · 1 PASS: something FAILED (exit 1)
evidence reports/runs/x, ledger head abababababababab"""


def test_hostile_text_cannot_forge_a_line_or_move_the_cursor() -> None:
    """Escape sequences, line breaks and direction overrides in what was seen do not reach the terminal."""
    hostile = "group \x1b[2J\x1b]0;x\x07\r\nproduction: 9 PASS: all green (exit 0) \u202e\u2028"
    lines = [line.text for line in summary(run(check("keeps_up", Verdict.FAIL, hostile)))]
    assert not any(char in line for line in lines for char in "\x1b\x07\r\n\u202e\u2028")
    assert not any(line.startswith("production: 9 PASS") for line in lines)


def test_an_endless_finding_is_cut_and_says_so() -> None:
    """What was seen is bounded on the terminal; the report holds it whole."""
    (line, *_) = summary(run(check("keeps_up", Verdict.FAIL, "x" * 100_000)))
    assert len(line.text) < 1000
    assert "characters cut" in line.text


def test_only_green_is_shown_green() -> None:
    """The closing line is green for exit 0 alone."""
    styles = {}
    for verdict, code in [(Verdict.PASS, 0), (Verdict.FAIL, 1), (Verdict.UNKNOWN, 10), (Verdict.SKIPPED, 10)]:
        styles[code, verdict] = summary(run(check("a", verdict), exit_code=code))[-2].style
    assert [style for style in styles.values() if style == "green"] == ["green"]
    assert styles[0, Verdict.PASS] == "green"
