"""From collected pytest items to the plan: every check with its promise, its place in the runbook and its probes."""

import inspect
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from apgms_ops.compliance import Controls, Runbook
from apgms_ops.environment.model import Environment
from apgms_ops.environment.types import Absent
from apgms_ops.errors import ConfigurationError
from apgms_ops.estate import SECTION_OF_CLIENT
from apgms_ops.plugin.body import require_assertion
from apgms_ops.plugin.fixtures import ProbeRegistry
from apgms_ops.probes import Probe

# Each of these turns a red check green, or hides that it was red.
_FORBIDDEN_MARKERS = ("xfail", "skip", "skipif", "flaky", "retry")


@dataclass(frozen=True, slots=True)
class PlannedCheck:
    """One check of the plan. Its id is its identity: in waivers, in the history, in the evidence."""

    id: str
    promise: str
    section: str
    step: int
    step_title: str
    controls: tuple[str, ...]
    probes: tuple[str, ...]
    clients: tuple[str, ...]
    """The clients that its probes read through, and those that it uses itself."""
    service: str | None
    absent: str | None
    """Why the environment does not have what it looks at; its verdict is then SKIPPED."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of the plan."""
        return {
            "id": self.id,
            "promise": self.promise,
            "runbook": [self.section, self.step],
            "step_title": self.step_title,
            "controls": list(self.controls),
            "probes": list(self.probes),
            "clients": list(self.clients),
            "service": self.service,
            "absent": self.absent,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "PlannedCheck":
        """Read the JSON object of the plan."""
        section, step = data["runbook"]
        lists = {name: tuple(data[name]) for name in ("controls", "probes", "clients")}
        return cls(
            id=data["id"],
            promise=data["promise"],
            section=section,
            step=step,
            step_title=data["step_title"],
            service=data["service"],
            absent=data["absent"],
            **lists,
        )


class Planner:
    """Turns items into planned checks, and collects every problem, each with its line."""

    def __init__(
        self,
        environment: Environment,
        registry: ProbeRegistry,
        runbook: Runbook,
        controls: Controls,
        *,
        read_only: bool = False,
    ) -> None:
        """Take what the markers and fixtures of a check are validated against, and whether nothing may be written."""
        self._environment = environment
        self._registry = registry
        self._runbook = runbook
        self._controls = controls
        self._read_only = read_only

    def plan(self, items: Iterable[pytest.Item]) -> tuple[list[PlannedCheck], list[str]]:
        """Return the plan and the problems; where there are problems, the plan is not to be used."""
        checks: list[PlannedCheck] = []
        problems = list(self._registry.problems)
        for item in items:
            try:
                checks.append(self._planned(item))
            except ConfigurationError as error:
                problems.append(f"{_where(item)}: {item.name}: {error}")
        twice = [name for name, number in Counter(check.id for check in checks).items() if number > 1]
        problems.extend(f"{name}: planned more than once: which of its verdicts would count?" for name in twice)
        missing = sorted({name for check in checks for name in self._missing_sections(check)})
        for name in missing:
            by = next(check.id for check in checks if name in self._missing_sections(check))
            problems.append(
                f"environment {self._environment.name}: section [{name}] is missing, and {by} needs it; write it, or "
                f'declare it absent: [{name}] absent = "reason"'
            )
        return checks, problems

    def _planned(self, item: pytest.Item) -> PlannedCheck:
        if type(item) is not pytest.Function or inspect.iscoroutinefunction(item.function):
            msg = f"a check is a plain function: def test_…, not {_article(item)}"
            raise ConfigurationError(msg)
        for name in _FORBIDDEN_MARKERS:
            if item.get_closest_marker(name) is not None:
                msg = f"a check takes no marker {name!r}: it would hide red; declare the target absent, or waive it"
                raise ConfigurationError(msg)
        section, step, title = self._step(item)
        probes, clients = self._sources(item)
        require_assertion(item.function, [probe.name for probe in probes])
        service = item.callspec.params.get("service") if hasattr(item, "callspec") else None
        return PlannedCheck(
            id=item.nodeid,
            promise=_promise(item),
            section=section,
            step=step,
            step_title=title,
            controls=self._named_controls(item),
            probes=tuple(probe.name for probe in probes),
            clients=clients,
            service=None if service is None else str(service),
            absent=self._absent(clients) or self._left_out(item, probes),
        )

    def _step(self, item: pytest.Item) -> tuple[str, int, str]:
        marker = item.get_closest_marker("runbook")
        if marker is None:
            msg = 'a check names its step of the runbook: @pytest.mark.runbook("daily-checks", 3)'
            raise ConfigurationError(msg)

        def runbook(section: str, step: int) -> tuple[str, int]:
            return section, step

        section, number = _call(runbook, marker)
        step = self._runbook.step(section, number)
        return section, number, step.title

    def _named_controls(self, item: pytest.Item) -> tuple[str, ...]:
        names: list[str] = []
        for marker in item.iter_markers("control"):
            if not marker.args or marker.kwargs or not all(isinstance(name, str) for name in marker.args):
                msg = f'control takes one or more names: @pytest.mark.control("audit-logging"), not {marker.args!r}'
                raise ConfigurationError(msg)
            names.extend(self._controls.control(name).name for name in marker.args)
        return tuple(dict.fromkeys(names))

    def _sources(self, item: pytest.Item) -> tuple[tuple[Probe, ...], tuple[str, ...]]:
        names: tuple[str, ...] = tuple(getattr(item, "fixturenames", ()))
        definitions = item._fixtureinfo.name2fixturedefs if hasattr(item, "_fixtureinfo") else {}  # noqa: SLF001
        given = {name: definitions[name][-1].func for name in names if name in definitions}
        for name, function in given.items():
            if not self._registry.provides(name, function):
                kind = "probe" if name in self._registry.probes else "fixture of ours"
                msg = f"a fixture called {name!r} hides the {kind} of that name: what it gives was not observed"
                raise ConfigurationError(msg)
        probes = [self._registry.probes[name] for name in given if name in self._registry.probes]
        own = [name for name in names if name in SECTION_OF_CLIENT]
        if not probes and not own:
            msg = "a check takes at least one probe (or, to explore, a client): this one observes nothing"
            raise ConfigurationError(msg)
        asked = [p for probe in probes for p in probe.parameters if p in SECTION_OF_CLIENT]
        return tuple(probes), tuple(dict.fromkeys([*asked, *own]))

    def _absent(self, clients: Iterable[str]) -> str | None:
        for client in clients:
            section = getattr(self._environment, SECTION_OF_CLIENT[client])
            if isinstance(section, Absent):
                return f"[{SECTION_OF_CLIENT[client]}] is absent: {section.absent}"
        return None

    def _left_out(self, item: pytest.Item, probes: Iterable[Probe]) -> str | None:
        """Return why a check has nothing to judge where nothing may be written."""
        marker = item.get_closest_marker("writes")
        if marker is not None:
            _call(lambda: None, marker)
        if not self._read_only:
            return None
        if marker is not None:
            return "--read-only: what this check judges is shown by writing alone"
        for probe in probes:
            if probe.writes and "read_only" not in probe.parameters:
                return f"--read-only: the probe {probe.name} writes"
        return None

    def _missing_sections(self, check: PlannedCheck) -> set[str]:
        sections = {SECTION_OF_CLIENT[client] for client in check.clients}
        return {name for name in sections if getattr(self._environment, name) is None}


def _call(signature: Any, marker: pytest.Mark) -> Any:  # noqa: ANN401 — whatever the marker's function returns
    """Validate a marker's arguments by calling a real function with them."""
    try:
        bound = inspect.signature(signature).bind(*marker.args, **marker.kwargs)
    except TypeError as error:
        msg = f"marker {marker.name!r}: {error}"
        raise ConfigurationError(msg) from error
    for name, value in bound.arguments.items():
        wanted = signature.__annotations__[name]
        if type(value) is not wanted:
            msg = f"marker {marker.name!r}: {name} must be {wanted.__name__}, not {value!r}"
            raise ConfigurationError(msg)
    return signature(*bound.args, **bound.kwargs)


def _promise(item: pytest.Item) -> str:
    function = getattr(item, "function", None)
    promise = (inspect.getdoc(function) or "").strip().partition("\n")[0] if function else ""
    if not promise:
        msg = "a check's docstring is its promise: the sentence that the terminal and the report show; it has none"
        raise ConfigurationError(msg)
    return promise


def _article(item: pytest.Item) -> str:
    return "a coroutine" if isinstance(item, pytest.Function) and type(item) is pytest.Function else type(item).__name__


def _where(item: pytest.Item) -> str:
    file, line, _ = item.reportinfo()
    return f"{str(file).removeprefix(f'{item.config.rootpath}/')}:{(line or 0) + 1}"


def misspelt_marker(collector: pytest.Collector, refusal: str) -> str | None:
    """Return the line, as `file:line: text`, at which a file uses the marker that pytest refused; None if unclear."""
    name = re.search(r"'(\w+)' not found in `markers`", refusal)
    path = getattr(collector, "path", None)
    if name is None or path is None:
        return None
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if re.search(rf"\bmark\.{name[1]}\b", line):
            return f"{path.name}:{number}: {line.strip()}"
    return None


def services_of(metafunc: pytest.Metafunc, environment: Environment) -> list[str]:
    """Return the services to parametrise a check with.

    Raises:
        ConfigurationError: The marker `services` is misused, or no service fits it.
    """
    marker = metafunc.definition.get_closest_marker("services")
    if marker is None:
        return list(environment.services)

    def services(with_objective: str) -> str:
        return with_objective

    kind = _call(services, marker)
    names = [name for name, service in environment.services.items() if any(o.kind == kind for o in service.objectives)]
    if not names:
        msg = f"environment {environment.name} has no service with an objective of kind {kind!r}"
        raise ConfigurationError(msg)
    return names
