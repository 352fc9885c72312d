"""Keeps a run's record, in the process that sees all of it: verdicts, the closing entry, the terminal, the report."""

import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apgms_ops.compliance.waivers import Waivers, excuse, load_waivers
from apgms_ops.deadline import Deadline
from apgms_ops.environment import loading, snapshot
from apgms_ops.errors import ConfigurationError, EvidenceInvalid, SandboxError
from apgms_ops.evidence.ledger import CLOSE, VERDICT
from apgms_ops.evidence.run import RecordedRun, read_run
from apgms_ops.plugin import closing
from apgms_ops.plugin.approving import looked_up
from apgms_ops.plugin.collection import PlannedCheck
from apgms_ops.plugin.live import LiveLine
from apgms_ops.plugin.options import SANDBOX, Options, recorded_environment
from apgms_ops.plugin.outcome import Tally
from apgms_ops.plugin.sealing import Sealing
from apgms_ops.plugin.session import CheckRun
from apgms_ops.plugin.wording import LETTERS, MARKUP
from apgms_ops.redact import printable
from apgms_ops.reports.model import CheckResult, RunResult
from apgms_ops.reports.summary import summary
from apgms_ops.sandbox import location
from apgms_ops.verdict import Verdict

if TYPE_CHECKING:
    from apgms_ops.sandbox.platform import Lease

_SANDBOX_SECONDS = 600.0


class Record:
    """The hooks of the process that reports: the only one, or the controller of pytest -n."""

    def __init__(self, run: CheckRun, options: Options) -> None:
        """Keep the record of `run`."""
        self._run = run
        self._options = options
        self._config = run.config
        self._tally = Tally()
        self._stopped = ""
        self._tracebacks: list[pytest.TestReport] = []
        self._lease: Lease | None = None
        self._live: LiveLine | None = None
        self._result: RunResult | None = None

    @property
    def _judged_at(self) -> datetime:
        """The present; in a replay when the run was planned that is judged anew: what was waived then, was."""
        recorded = self._options.recorded
        return datetime.now(UTC) if recorded is None else datetime.fromisoformat(recorded.plan["planned_at"])

    @property
    def _recording(self) -> bool:
        return not self._config.option.collectonly

    def prepare(self) -> None:
        """Point Allure's results into the run's folder, unless the command line points elsewhere.

        Raises:
            ConfigurationError: The folder cannot be made.
        """
        option = self._config.option
        if self._recording:
            try:
                self._run.path.mkdir(parents=True)
            except OSError as error:
                msg = f"{self._run.path}: the run cannot be kept there: {error.strerror}"
                raise ConfigurationError(msg) from error
            self._tell_where()
        if self._recording and getattr(option, "allure_report_dir", None) is None:
            option.allure_report_dir = str(self._run.path / "allure-results")

    def _tell_where(self) -> None:
        """Tell whoever started this run which it is: of several at once, the newest may be another's."""
        file = self._config.getoption("--run-file")
        try:
            if file:
                Path(file).write_text(str(self._run.path.resolve()), encoding="utf-8")
        except OSError as error:
            msg = f"--run-file {file}: {error.strerror}"
            raise ConfigurationError(msg) from error

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Load the environment, starting the sandbox first where it is the one to look at."""
        try:
            self._load()
            if self._recording:
                Sealing(self._run, self._options).preflight()
                self._run.folder.write("environment.json", snapshot.canonical(self._run.environment) + b"\n")
        except (ConfigurationError, EvidenceInvalid, SandboxError, OSError) as error:
            raise pytest.UsageError(str(error)) from error
        if not self._recording:
            return
        stream = sys.__stdout__
        if stream is not None:
            columns = shutil.get_terminal_size().columns
            self._live = LiveLine(stream, self._outstanding, clock=time.monotonic, columns=columns)
            self._live.start()

    def _load(self) -> None:
        file, recorded = self._options.file, self._options.recorded
        # Before a sandbox is started, which a malformed file would leave behind.
        waivers = Waivers() if file is None else load_waivers(file.parent)
        if file is None:
            self._run.environment = recorded_environment(recorded)
        elif file.stem == SANDBOX and self._recording and recorded is None:
            from apgms_ops.sandbox import composition  # noqa: PLC0415 — all of the sandbox, which no other run needs

            platform = composition.platform(location.root(os.environ), file, self._say)
            self._lease = platform.attach_or_start(Deadline(_SANDBOX_SECONDS))
            self._run.environment = loading.load(file, self._lease.world.values())
        else:
            self._run.environment = loading.load(file)
        if recorded is not None:
            self._run.waivers = tuple(recorded.plan.get("waivers") or ())
        else:
            found = [waiver.recorded() for waiver in waivers.of(self._run.environment.name)]
            self._run.waivers = looked_up(found if self._recording else [], self._run.environment, self._say)
        if self._options.limits is not None:
            self._run.environment = loading.with_limits(self._run.environment, self._options.limits)

    def _say(self, text: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(printable(text))

    def _outstanding(self) -> tuple[tuple[str, ...], int] | None:
        recorded = self._recorded()
        if recorded is None:
            return None
        names = _probes_of(recorded)
        return self._run.folder.outstanding(names), len(names)

    def _recorded(self) -> RecordedRun | None:
        """Return the run as its ledger has it so far; None before the plan is written."""
        try:
            return read_run(self._run.path)
        except EvidenceInvalid:
            return None

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 — xdist's WorkerController
        """Refuse what a worker refused, before xdist replaces a worker that did not crash."""
        problems = getattr(node, "workeroutput", {}).get("apgms_ops_problems", [])
        if problems:
            raise pytest.UsageError("\n  ".join(problems))

    def pytest_report_header(self) -> list[str]:
        """Say what is looked at, and where the run is kept."""
        environment = self._run.environment
        lines = [f"environment: {environment.name}", *(f"  {printable(note)}" for note in environment.notes)]
        if environment.unpinned:
            lines.append(f"  NOT PINNED, so whatever answers is believed: {', '.join(environment.unpinned)}")
        if self._options.recorded is not None:
            lines.append(f"replay of: {printable(self._options.recorded.path.name)}")
        if self._recording:
            lines.append(f"run: {self._run.folder.id}")
        return lines

    def pytest_runtest_logstart(self) -> None:
        """Leave the terminal to the checks."""
        if self._live is not None:
            self._live.stop()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a report. The verdict is written at the end: until then something may still be reported."""
        self._tally.add(report)
        if report.failed and self._config.getoption("tbstyle", "auto") not in ("auto", "no"):
            self._tracebacks.append(report)

    def _plan(self) -> list[PlannedCheck]:
        if not self._run.plan:
            recorded = self._recorded()
            if recorded is not None:
                self._run.plan = [PlannedCheck.from_json(dict(check)) for check in recorded.plan["checks"]]
        return self._run.plan

    def _write_verdict(self, check: PlannedCheck) -> CheckResult:
        result = self._judged(check)
        verdict: dict[str, Any] = {"check": check.id, "verdict": str(result.verdict), "seen": result.seen}
        if result.waiver is not None:
            verdict |= {"raw": str(Verdict.FAIL), "waiver": dict(result.waiver)}
        self._run.folder.ledger.append(VERDICT, verdict | {"took": round(result.took, 6)})
        return result

    def _judged(self, check: PlannedCheck) -> CheckResult:
        outcome = self._tally.outcome(check, self._stopped or "it was planned, and did not run to its end")
        # A FAIL alone: what could not be observed is nobody's to excuse.
        waiver = excuse(self._run.waivers, check.id, self._judged_at) if outcome.verdict is Verdict.FAIL else None
        return CheckResult(
            id=check.id,
            promise=check.promise,
            verdict=outcome.verdict if waiver is None else Verdict.WAIVED,
            waiver=waiver,
            seen=outcome.seen,
            section=check.section,
            step=check.step,
            step_title=check.step_title,
            took=outcome.took,
        )

    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, object] | None:
        """Show the verdict instead of pytest's outcome."""
        said = getattr(report, "apgms_ops", None)
        if isinstance(said, dict):
            return LETTERS[Verdict(said["verdict"])]
        if isinstance(report, pytest.TestReport) and report.outcome != "passed":
            return LETTERS[Verdict.UNKNOWN]
        return None

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember why the run stopped."""
        self._stopped = f"not run: the run was stopped ({printable(str(excinfo.value) or 'by hand', limit=200)})"

    @pytest.hookimpl(wrapper=True, tryfirst=True, specname="pytest_sessionfinish")
    def pytest_sessionfinish_at_last(self, session: pytest.Session) -> Generator[None, object, object]:
        """Let no plugin that ends the session later soften the exit code."""
        done = yield
        if self._result is not None and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = self._result.exit_code
        return done

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Give every planned check its verdict, close the ledger, and set the exit code."""
        if self._live is not None:
            self._live.stop()
        try:
            self._finish(session, int(exitstatus))
        except (EvidenceInvalid, OSError) as error:
            # A full disk, a damaged ledger: whatever was seen, it is not recorded, and so not green.
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
            self._say(f"\nERROR: the run could not be recorded: {error}")
        finally:
            if self._lease is not None:
                self._lease.release()

    def pytest_unconfigure(self) -> None:
        """Leave no folder behind where pytest only answered a question, such as --markers."""
        if not (self._run.path / "ledger.jsonl").exists():
            shutil.rmtree(self._run.path, ignore_errors=True)

    def _finish(self, session: pytest.Session, status: int) -> None:
        if not self._recording:
            return
        if self._tally.empty and not self._run.folder.ledger.path.exists():
            self._run.folder.discard()
            if self._stopped and status == pytest.ExitCode.OK:
                # pytest.exit can ask for 0 before anything was looked at.
                session.exitstatus = pytest.ExitCode.INTERRUPTED
            return
        read_run(self._run.path)  # raises where the ledger was damaged meanwhile
        if session.shouldfail and not self._stopped:
            self._stopped = f"not run: {printable(str(session.shouldfail), limit=200)}"
        checks = tuple(self._write_verdict(check) for check in self._plan())
        strangers = self._tally.strangers(self._plan())
        code = closing.exit_of(status, checks, session.testsfailed, self._stopped, strangers=bool(strangers))
        sealing = Sealing(self._run, self._options)
        session.exitstatus = code = sealing.identify(code)
        counted = Counter(str(check.verdict) for check in checks)
        body = {"planned": len(checks), "verdicts": dict(counted), "exit": code, "not_planned": strangers}
        head = self._run.folder.ledger.append(CLOSE, body | sealing.closing(closing.identities(self._run)))
        self._result = closing.result(self._run, self._options, checks, code, head)
        allure = self._config.option.allure_report_dir
        closing.write_allure(self._run, allure, checks, sealing.expected())
        self._run.folder.finish()
        self._result = sealing.conclude(self._result, allure)
        session.exitstatus = self._result.exit_code

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401 — pytest does not export its type
        """Print what a person needs to know."""
        if self._result is None:
            return
        for report in self._tracebacks:
            # Only where --tb asks for them: a person at 3 a.m. wants the line, whoever writes a check wants these.
            terminalreporter.section(report.nodeid, sep="_")
            report.toterminal(terminalreporter._tw)  # noqa: SLF001 — what pytest's own FAILURES section writes to
        terminalreporter.ensure_newline()
        terminalreporter.section(f"{self._result.environment}, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC", sep="─")
        for line in summary(self._result):
            terminalreporter.write_line(line.text, **MARKUP[line.style])


def _probes_of(recorded: RecordedRun) -> tuple[str, ...]:
    checks = [check for check in recorded.plan["checks"] if check["absent"] is None]
    return tuple(dict.fromkeys(probe for check in checks for probe in check["probes"]))
