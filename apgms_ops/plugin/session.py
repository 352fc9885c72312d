"""One run of checks, as pytest's hooks see it: in one process, or as the controller or a worker of pytest -n."""

import json
import os
from collections.abc import Generator, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from apgms_ops import probes
from apgms_ops.compliance import load_controls, load_runbook
from apgms_ops.environment import loading, snapshot
from apgms_ops.environment.model import Environment
from apgms_ops.errors import ConfigurationError, EvidenceInvalid, Unobserved
from apgms_ops.estate import SECTION_OF_CLIENT
from apgms_ops.evidence.earlier import EarlierRuns
from apgms_ops.evidence.run import RecordedRun, RunFolder
from apgms_ops.evidence.site import Site
from apgms_ops.observation import Observation, digest, timestamp
from apgms_ops.plugin.collection import PlannedCheck, Planner, misspelt_marker, services_of
from apgms_ops.plugin.exploration import Explorations
from apgms_ops.plugin.fixtures import ProbeRegistry, common_fixtures, packaged_modules
from apgms_ops.plugin.scheduler import Reading, Replayer, Scheduler
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.planned import facts_of
from apgms_ops.redact import Redactor
from apgms_ops.secret import Secret, SecretReference

Role = Literal["single", "controller", "worker"]
"""Who this process is: a run of its own, or one of those that share a run under pytest -n."""


class CheckRun:
    """Plans, and starts the probes. Verdicts are the business of `Judging`, recording that of `Record`."""

    def __init__(  # noqa: PLR0913 — the three that define a run, and what was asked for by name
        self,
        config: pytest.Config,
        role: Role,
        path: Path,
        *,
        deadline: float | None,
        release: str | None,
        recorded: RecordedRun | None,
        read_only: bool = False,
    ) -> None:
        """Take what was asked for. The environment is set before anything is collected.

        Args:
            config: Pytest's configuration.
            role: Who this process is.
            path: The run's folder; made when it is first written to.
            deadline: At most this many seconds for any one probe; None leaves each its own.
            release: The release that the checks are to find.
            recorded: The run whose observations are judged; None observes anew.
            read_only: Whether a probe that writes must leave that out.
        """
        self.config = config
        self.role = role
        self.path = path
        self.deadline = deadline
        self.release = release
        self.recorded = recorded
        # A replay judges what was seen: what was left out then, was.
        self.read_only = read_only if recorded is None else recorded.plan.get("read_only", False) is True
        self.plan: list[PlannedCheck] = []
        self.environments: tuple[Path, ...] = ()
        """Folders of environment files, see `Site`."""
        self.waivers: tuple[Mapping[str, Any], ...] = ()
        """Those of the environment, as the plan records them; set before anything is collected."""
        self._environment: Environment | None = None
        self._folder: RunFolder | None = None
        self._registry = ProbeRegistry()
        self._codecs: dict[str, FactsCodec] = {}
        self._source: Scheduler | Replayer | None = None
        self._started: tuple[str, ...] = ()
        self._reading: Reading | None = None
        self._explorations: Explorations | None = None

    @property
    def environment(self) -> Environment:
        """The environment that this run looks at."""
        if self._environment is None:
            msg = "the environment is not loaded yet"
            raise ConfigurationError(msg)
        return self._environment

    @environment.setter
    def environment(self, environment: Environment) -> None:
        self._environment = environment

    @property
    def folder(self) -> RunFolder:
        """The run's folder, made when it is first needed."""
        if self._folder is None:
            self._folder = RunFolder(self.path)
        return self._folder

    @property
    def redact(self) -> Redactor:
        """Masks the secrets of this run."""
        return Redactor() if self._reading is None else self._reading.redactor

    def observation(self, name: str) -> Observation:
        """Return what a probe saw, waiting for it until its deadline."""
        if self._source is None:
            msg = "the probes have not been started"
            raise Unobserved(msg)
        if name not in self._started:
            msg = f"the probe {name} is not part of the plan: a check takes its probes as parameters"
            raise Unobserved(msg)
        return self._source.wait(name)

    def facts(self, name: str) -> Any:  # noqa: ANN401 — the probe's own type
        """Return the facts of a probe.

        Raises:
            Unobserved: There are none; of the class that the probe raised, with the cause in one line.
        """
        return facts_of(self.observation(name), self._codecs[name])

    @property
    def explorations(self) -> Explorations:
        """What exploratory checks read through.

        Raises:
            Unobserved: This is a replay.
        """
        if self.recorded is not None:
            msg = "a check that reads through a client cannot be replayed: only probes record facts"
            raise Unobserved(msg)
        if self._explorations is None:
            self._explorations = Explorations(self.folder, self._require_reading())
        return self._explorations

    def _require_reading(self) -> Reading:
        if self._reading is None:
            msg = "the probes have not been started"
            raise Unobserved(msg)
        return self._reading

    def register_fixtures(self) -> None:
        """Make fixtures of the package's probes and of the clients."""
        manager = self.config.pluginmanager
        manager.register(common_fixtures(self, self._registry), "apgms-ops-fixtures")
        for module in packaged_modules():
            self._adopt(module)

    def _adopt(self, module: object) -> None:
        fixtures = self._registry.take(module, self)
        if fixtures is not None:
            self.config.pluginmanager.register(fixtures)

    def pytest_plugin_registered(self, plugin: object) -> None:
        """Take the probes that a conftest.py or another plugin defines."""
        self._adopt(plugin)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Parametrise `service` from the environment."""
        if "service" in metafunc.fixturenames:
            try:
                metafunc.parametrize("service", services_of(metafunc, self.environment))
            except ConfigurationError as error:
                raise pytest.Collector.CollectError(str(error)) from error

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Plan, and refuse what cannot be planned, each with its line."""
        planner = Planner(self.environment, self._registry, load_runbook(), load_controls(), read_only=self.read_only)
        self.plan, problems = planner.plan(items)
        planned = {name for check in self.plan for name in check.probes}
        for name, probe in self._registry.probes.items():
            # A codec takes milliseconds to build, and those of the packaged probes are built by our own tests.
            if name not in planned and probe.function.__module__.startswith(f"{probes.__name__}."):
                continue
            try:
                self._codecs[name] = FactsCodec(probe)
            except ConfigurationError as error:
                problems.append(str(error))
        file = self.config.getoption("--plan-json")
        if file and self.role != "worker" and not problems:
            Path(file).write_text(json.dumps([c.to_json() for c in self.plan], indent=2) + "\n", encoding="utf-8")
        if problems:
            self._refuse(session, problems)

    def _refuse(self, session: pytest.Session, problems: list[str]) -> None:
        """Stop with exit 4; a worker leaves the words to the controller."""
        if self.role != "worker":
            raise pytest.UsageError("\n  ".join(problems))
        self.config.workeroutput["apgms_ops_problems"] = problems  # type: ignore[attr-defined]
        msg = "refused"
        raise session.Interrupted(msg)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Add the line to pytest's refusal of a misspelt marker, which names the file alone."""
        report = yield
        line = misspelt_marker(collector, str(report.longrepr)) if report.failed else None
        if line is not None:
            report.longrepr = f"{report.longrepr}\n{line}"
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Write the plan, start every probe, wait for all of them; then the checks run."""
        broken = session.testsfailed and not self.config.option.continue_on_collection_errors
        if self.role != "controller" and self.plan and not self.config.option.collectonly and not broken:
            try:
                self._begin()
            except (ConfigurationError, EvidenceInvalid) as error:
                self._refuse(session, [str(error)])
        return (yield)

    def _begin(self) -> None:
        wanted = [check for check in self.plan if check.absent is None]
        names = dict.fromkeys(name for check in wanted for name in check.probes)
        sections = {SECTION_OF_CLIENT[client] for check in wanted for client in check.clients}
        secrets: dict[SecretReference, Secret] = {}
        if self.recorded is None:
            # In order, so that a message about several is the same every time.
            references = loading.secrets_of(self.environment, sorted(sections))
            secrets = loading.read_secrets(references, os.environ)
        earlier = EarlierRuns(self.folder.path.parent, self.environment.name, self.folder.id)
        self._reading = Reading(
            self.environment,
            secrets,
            self.release,
            self.deadline,
            earlier,
            Site(
                self.config.rootpath,
                self.folder.path.parent,
                self.environments,
                {check.id: check.absent for check in self.plan},
            ),
            read_only=self.read_only,
        )
        entry = self._plan_entry()
        _refuse_secrets(entry["checks"], entry["waivers"], secrets.values())
        self.folder.ledger.begin(entry)
        self._source = (
            Scheduler(self.folder, self._reading) if self.recorded is None else Replayer(self.folder, self.recorded)
        )
        self._source.start({name: (self._registry.probes[name], self._codecs[name]) for name in names})
        self._started = tuple(names)
        try:
            for name in names:
                self._source.wait(name)
        except KeyboardInterrupt:
            self._source.stop(self._say)
            raise

    def _say(self, text: str) -> None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(text)

    def _plan_entry(self) -> dict[str, Any]:
        environment = snapshot.canonical(self.environment)
        return {
            "run": self.folder.id,
            "environment": self.environment.name,
            "environment_sha256": digest(environment),
            "release": self.release,
            "read_only": self.read_only,
            "replay_of": None if self.recorded is None else self.recorded.path.name,
            "planned_at": timestamp(datetime.now(UTC)),
            "checks": [check.to_json() for check in self.plan],
            "waivers": [dict(waiver) for waiver in self.waivers],
        }


def _refuse_secrets(checks: list[dict[str, Any]], waivers: list[dict[str, Any]], secrets: Iterable[Secret]) -> None:
    """Refuse a plan that spells a secret out: a check's id is its identity, and cannot be masked afterwards."""
    known = [secret.reveal() for secret in secrets]
    for number, check in enumerate(checks, 1):
        if any(value in text for value in known for text in (check["id"], check["promise"])):
            where = str(check["id"]).partition("::")[0]
            msg = f"{where}: check {number} of the plan has a secret in its id or docstring; give its parameters ids"
            raise ConfigurationError(msg)
    for waiver in waivers:
        if any(value in str(text) for value in known for text in waiver.values()):
            msg = "waivers.toml: a waiver spells a secret out, and every run records it; take it out"
            raise ConfigurationError(msg)
