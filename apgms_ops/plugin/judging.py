"""Runs each check under the rules that make its verdict worth something, and puts the verdict on pytest's reports."""

import inspect
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from apgms_ops.errors import Unobserved
from apgms_ops.plugin import labels
from apgms_ops.plugin.collection import PlannedCheck
from apgms_ops.plugin.outcome import ATTRIBUTE, LONGEST_SECRET, judge
from apgms_ops.redact import Redactor
from apgms_ops.verdict import Verdict, worst

if TYPE_CHECKING:
    from apgms_ops.plugin.session import CheckRun

_TRACEBACK_LIMIT = 256 * 1024
"""Characters; pytest spells facts out in full, however many megabytes they are."""


class Judging:
    """The hooks around one check: in a run of its own, or in a worker of pytest -n."""

    def __init__(self, run: "CheckRun") -> None:
        """Judge the checks of `run`."""
        self._run = run
        self._plan: dict[str, PlannedCheck] = {}
        self._not_silent: dict[str, str] = {}
        """Check that was called → why its silence is none; empty where it raised and returned nothing."""
        self._said: dict[str, list[tuple[Verdict, str]]] = {}
        self._shown: dict[str, tuple[labels.Attachment, ...]] = {}

    def _shown_of(self, probe: str) -> tuple[labels.Attachment, ...]:
        """Return what shows an observation, made once: many checks judge the same."""
        if probe not in self._shown:
            self._shown[probe] = labels.attachments(self._run.observation(probe), self._run.environment)
        return self._shown[probe]

    def _planned(self, item: pytest.Item) -> PlannedCheck:
        if not self._plan:
            self._plan = {check.id: check for check in self._run.plan}
        if item.nodeid not in self._plan:
            msg = "another plugin added this item after the plan was made"
            raise Unobserved(msg)
        return self._plan[item.nodeid]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Let a fixture decide nothing, and tell the report what this check is about."""
        check = self._planned(item)
        try:
            if check.absent is not None:
                return (yield)
            return (yield from _deciding_nothing())
        finally:
            # Last, because allure-pytest sets a title of its own while the check is set up.
            labels.label(check, self._run.environment.name, self._run.folder.id)
            if check.absent is None:
                for name in check.probes:
                    labels.attach(self._shown_of(name))

    @pytest.hookimpl(tryfirst=True, specname="pytest_runtest_setup")
    def pytest_runtest_setup_of_absent(self, item: pytest.Item) -> None:
        """Skip what the environment declares absent; nobody else may skip."""
        absent = self._planned(item).absent
        if absent is not None:
            pytest.skip(absent)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Let a check decide nothing but by its assertions."""
        return (yield from _deciding_nothing())

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool:
        """Call the check, and take nothing for an answer but its silence.

        A coroutine or a generator that comes back has not run at all, and a comparison that comes back was not
        asserted: pytest itself lets both pass, with a warning.
        """
        names = pyfuncitem._fixtureinfo.argnames  # noqa: SLF001 — what pytest's own implementation calls it with
        self._not_silent[pyfuncitem.nodeid] = ""  # while it runs, a part of it (a subtest) may be reported as passed
        try:
            returned = pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
            _require_silence(returned)
        except BaseException as error:
            self._not_silent[pyfuncitem.nodeid] = f"it raised {type(error).__name__}, which somebody caught"
            raise
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the verdict on the report: the worst of all so far, where another plugin runs a check again."""
        report = yield
        said = judge(call, report.when, self._planned(item).absent, self._run.redact)
        if said is not None:
            verdict, seen = said
            if verdict is Verdict.PASS:
                seen = self._not_silent.get(item.nodeid, "it was reported as passed without having been called")
                if not report.passed:
                    seen = seen or f"it raised nothing, and is reported as {report.outcome}"
                verdict = Verdict.UNKNOWN if seen else Verdict.PASS
            # Remembered here, not where reports arrive: a plugin that runs things again may hold back the first.
            before = self._said.setdefault(item.nodeid, [])
            before.append((verdict, seen))
            verdict = worst(v for v, _ in before)
            seen = next(text for v, text in before if v is verdict)
            setattr(report, ATTRIBUTE, {"verdict": str(verdict), "seen": seen})
        _redact(report, self._run.redact)
        return report


def _redact(report: pytest.TestReport, redact: Redactor) -> None:
    """Mask secrets in what others make of a report: pytest's tracebacks and summaries, JUnit's XML."""
    report.sections = [(name, redact(text)) for name, text in report.sections]
    report.user_properties = [
        (name, redact(value) if isinstance(value, str) else value) for name, value in report.user_properties
    ]
    text = report.longreprtext
    clean = redact(text[: _TRACEBACK_LIMIT + LONGEST_SECRET])[:_TRACEBACK_LIMIT]
    if clean != text:
        report.longrepr = clean


def _require_silence(returned: object) -> None:
    if inspect.iscoroutine(returned) or inspect.isgenerator(returned):
        returned.close()
        msg = f"the check returned a {type(returned).__name__}, so its body did not run: make it a plain function"
        raise Unobserved(msg)
    if returned is not None:
        msg = f"the check returned a {type(returned).__name__}: what is not asserted decides nothing"
        raise Unobserved(msg)


def _deciding_nothing() -> Generator[None, object, object]:
    try:
        return (yield)
    except (pytest.skip.Exception, pytest.fail.Exception, pytest.xfail.Exception) as error:
        # A check that could skip or expect its failure could turn red into green.
        what = type(error).__name__.lower()
        msg = f"the check called pytest.{ {'skipped': 'skip', 'failed': 'fail', 'xfailed': 'xfail'}[what] }: {error}"
        raise Unobserved(msg) from error
