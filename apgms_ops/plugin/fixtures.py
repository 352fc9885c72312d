"""Makes a fixture of every probe, and of every client for exploratory checks."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from apgms_ops import probes
from apgms_ops.estate import SECTION_OF_CLIENT
from apgms_ops.probes import Probe

if TYPE_CHECKING:
    from apgms_ops.plugin.session import CheckRun

OTHER_PARAMETERS = frozenset(
    {
        "deadline",
        "earlier",
        "environment",
        "estate",
        "interrupted",
        "planned",
        "read_only",
        "recorder",
        "release",
        "site",
    }
)
"""What a probe may ask for by name besides clients.

`estate` is for what is asked only if need be: a client that is named is one that must have said who it is.
"""
RESERVED = frozenset({*SECTION_OF_CLIENT, *OTHER_PARAMETERS, "limits", "service", "request"})
ENTRY_POINTS = "apgms_ops.probes"


def packaged_modules() -> Iterator[ModuleType]:
    """Import the modules that register probes: the package's own, and those that other packages announce."""
    for found in pkgutil.iter_modules(probes.__path__, f"{probes.__name__}."):
        yield importlib.import_module(found.name)
    for entry in entry_points(group=ENTRY_POINTS):
        module = entry.load()
        if isinstance(module, ModuleType):
            yield module


class ProbeRegistry:
    """Every probe that this run knows, and what is wrong with how it was registered."""

    def __init__(self) -> None:
        """Know none yet."""
        self.probes: dict[str, Probe] = {}
        self.problems: list[str] = []
        self._functions: dict[str, Callable[..., Any]] = {}

    def take(self, module: object, run: "CheckRun") -> ModuleType | None:
        """Register what a plugin module or conftest.py defines; return a module of fixtures for what is new in it."""
        if not isinstance(module, ModuleType):
            return None
        new = [p for p in vars(module).values() if isinstance(p, Probe) and self._accept(p)]
        if not new:
            return None
        fixtures = ModuleType(f"apgms_ops_fixtures_of_{module.__name__}")
        for probe in new:
            self._functions[probe.name] = function = _facts_of(probe, run)
            setattr(fixtures, probe.name, pytest.fixture(scope="session", name=probe.name)(function))
        return fixtures

    def reserve(self, name: str, function: Callable[..., Any]) -> None:
        """Keep the name of a fixture that judges or reads, such as `limits`: no other may stand in for it."""
        self._functions[name] = function

    def provides(self, name: str, function: object) -> bool:
        """Whether what would run under this name is not a fixture that shadows a probe or another fixture of ours."""
        return self._functions.get(name, function) is function

    def _accept(self, probe: Probe) -> bool:
        known = self.probes.get(probe.name)
        if known is probe:
            return False
        if known is not None:
            self.problems.append(
                f"{probe.location}: probe {probe.name!r} is defined twice; the other one is at {known.location}"
            )
            return False
        if probe.name in RESERVED:
            self.problems.append(f"{probe.location}: a probe cannot be called {probe.name!r}: a fixture of ours is")
            return False
        unknown = sorted(set(probe.parameters) - set(SECTION_OF_CLIENT) - OTHER_PARAMETERS)
        if unknown:
            known_names = ", ".join(sorted({*SECTION_OF_CLIENT, *OTHER_PARAMETERS}))
            self.problems.append(
                f"{probe.location}: probe {probe.name!r} asks for {', '.join(unknown)}; there are {known_names}"
            )
        self.probes[probe.name] = probe
        return True


def _facts_of(probe: Probe, run: "CheckRun") -> Callable[[], Any]:
    def facts() -> Any:  # noqa: ANN401 — the probe's own type
        return run.facts(probe.name)

    facts.__doc__ = inspect.getdoc(probe.function)
    facts.__name__ = probe.name
    return facts


def common_fixtures(run: "CheckRun", registry: ProbeRegistry) -> ModuleType:
    """Return the module of fixtures that every check may use: environment, limits, release, deadline, the clients."""
    module = ModuleType("apgms_ops_fixtures")

    def environment() -> Any:  # noqa: ANN401
        """The environment that this run looks at."""
        return run.environment

    def limits() -> Any:  # noqa: ANN401
        """The limits of the environment, each with its source."""
        return run.environment.limits

    def release() -> str | None:
        """The release that was asked for with --release, or None."""
        return run.release

    def deadline(request: pytest.FixtureRequest) -> Any:  # noqa: ANN401
        """A deadline for what an exploratory check reads through a client."""
        return run.explorations.of(request.node.nodeid).deadline

    per_check = {"deadline": deadline} | {name: _client(name, run) for name in SECTION_OF_CLIENT}
    for function in (environment, limits, release):
        registry.reserve(function.__name__, function)
        setattr(module, function.__name__, pytest.fixture(scope="session")(function))
    for name, function in per_check.items():
        registry.reserve(name, function)
        setattr(module, name, pytest.fixture(name=name)(function))
    return module


def _client(name: str, run: "CheckRun") -> Callable[..., Iterator[Any]]:
    def client(request: pytest.FixtureRequest) -> Iterator[Any]:
        yield getattr(run.explorations.of(request.node.nodeid).estate, name)
        run.explorations.record(request.node.nodeid)

    client.__doc__ = f"The {name} client, for exploratory checks; what is read through it is recorded."
    client.__name__ = name
    return client
