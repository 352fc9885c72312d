"""From pytest's reports to verdicts: one for each planned check, whatever happened to its run."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from apgms_ops.errors import ApgmsOpsError
from apgms_ops.plugin.collection import PlannedCheck
from apgms_ops.redact import Redactor, printable
from apgms_ops.verdict import Verdict, worst

ATTRIBUTE = "apgms_ops"
"""Where a report carries its verdict; a plain dict, so that it crosses from a worker to the controller."""
SEEN_LIMIT = 4000
"""Characters of what was seen that are kept."""
LONGEST_SECRET = 128 * 1024
"""Characters past what is kept in which a secret that begins there may end."""
_EXAMINED = SEEN_LIMIT + LONGEST_SECRET


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one planned check."""

    check: PlannedCheck
    verdict: Verdict
    seen: str
    """What was seen, or why nothing was; empty for PASS."""
    took: float
    """Seconds, without the time its probes took."""


def judge(call: pytest.CallInfo[Any], phase: str, absent: str | None, redact: Redactor) -> tuple[Verdict, str] | None:
    """Return the verdict that one phase of a check's run comes to, with what was seen; None where it says nothing.

    Only an `AssertionError` in the check itself is FAIL. Everything else that is raised, in any phase, is UNKNOWN:
    also `pytest.skip` and `pytest.fail`, by which a check would decide what it could not observe.
    """
    if call.excinfo is None:
        return (Verdict.PASS, "") if phase == "call" else None
    error = call.excinfo.value
    if phase == "setup" and absent is not None and isinstance(error, pytest.skip.Exception):
        return Verdict.SKIPPED, absent
    # Redacted before it is cut to what is kept: half of a secret is recognised by nothing.
    text = redact(str(error)[:_EXAMINED])
    if phase == "call" and isinstance(error, AssertionError):
        return Verdict.FAIL, _first_words(text) or "the assertion gives no text"
    if isinstance(error, ApgmsOpsError):
        return Verdict.UNKNOWN, printable(text, limit=SEEN_LIMIT) or type(error).__name__
    kind = type(error).__name__
    where = "" if phase == "call" else f" ({phase})"
    return Verdict.UNKNOWN, printable(f"{kind}{where}: {text}", limit=SEEN_LIMIT)


def _first_words(text: str) -> str:
    """Return an assertion's own words: what was asserted not to be, without pytest's account of the expression."""
    first = text.partition("\n")[0]
    for opening in ("assert not ", "AssertionError: ", "assert "):
        first = first.removeprefix(opening)
    return printable(first, limit=SEEN_LIMIT)


class Tally:
    """Collects the reports of a run. What was planned and not wholly reported is UNKNOWN."""

    def __init__(self) -> None:
        """Start with nothing reported."""
        self._verdicts: dict[str, list[tuple[Verdict, str]]] = {}
        self._finished: set[str] = set()
        self._took: dict[str, float] = {}

    def add(self, report: pytest.TestReport) -> None:
        """Take one phase's report."""
        said = getattr(report, ATTRIBUTE, None)
        seen = self._verdicts.setdefault(report.nodeid, [])
        self._took[report.nodeid] = self._took.get(report.nodeid, 0.0) + report.duration
        if isinstance(said, dict):
            seen.append((Verdict(said["verdict"]), said["seen"]))
        elif report.when not in ("setup", "teardown") or report.outcome != "passed":
            # Reported by somebody else: xdist for a worker that crashed, a plugin that runs things again.
            seen.append((Verdict.UNKNOWN, _foreign(report)))
        if report.when == "teardown":
            self._finished.add(report.nodeid)

    @property
    def empty(self) -> bool:
        """Whether nothing at all was reported."""
        return not self._verdicts

    def outcome(self, check: PlannedCheck, why_not_run: str) -> Outcome:
        """Return what became of a check; UNKNOWN where its run did not come to an end."""
        seen = list(self._verdicts.get(check.id, []))
        if check.id not in self._finished:
            seen.append((Verdict.UNKNOWN, why_not_run))
        verdict = worst(v for v, _ in seen)
        words = next((text for v, text in seen if v is verdict), "")
        if not seen:
            words = why_not_run
        return Outcome(check, verdict, words, self._took.get(check.id, 0.0))

    def strangers(self, checks: Iterable[PlannedCheck]) -> list[str]:
        """Return ids that were reported and never planned."""
        return sorted(set(self._verdicts) - {check.id for check in checks})


def _foreign(report: pytest.TestReport) -> str:
    return printable(str(report.longrepr or f"reported as {report.outcome}, by whom is unclear"), limit=SEEN_LIMIT)
