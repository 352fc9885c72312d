"""Real systems for the processes' own tests: a broker with the declared topics, a database; and the gateways."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.faults.switching import switched
from apgms_ops.sandbox.kafka import Broker
from apgms_ops.sandbox.outside import Outside
from apgms_ops.sandbox.platform import TEMPLATE
from apgms_ops.sandbox.postgres import Postgres
from apgms_ops.sandbox.service_process.tenants import Credentials
from apgms_ops.sandbox.services import CREDENTIALS, ApiGateway, Audit, Payments, Registries
from apgms_ops.sandbox.source import PlatformSource
from apgms_ops.sandbox.startup import Startup
from apgms_ops.sandbox.topics import Topics
from apgms_ops.sandbox.world import World
from tests.sandbox.service_process.gateway_client import Platform, log_in

ROOT = Path(__file__).parents[3]


def bring_up(world: World, *components: Component) -> None:
    """Start components, and return once they are ready."""
    Startup(components, world, Deadline(180)).run(lambda _doing, _seconds: None)


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A broker and a database, which nobody uses yet."""
    world = World(tmp_path_factory.mktemp("services") / "sandbox", report=lambda _line: None)
    world.set(TEMPLATE, str(ROOT / "environments" / "sandbox.toml"))
    try:
        bring_up(world, PlatformSource(), Broker(), Topics(), Postgres())
        yield world
    finally:
        world.destroy(Deadline(60))


@pytest.fixture(scope="module")
def processes(world: World) -> Iterator[World]:
    """Start the stand-ins of the outside world, the services and both gateways."""
    deadline = Deadline(60)
    components = (Outside(), Registries(), Audit(), Payments(), ApiGateway())
    for component in components:
        component.install(world, deadline)
        component.start(world, deadline)
    for component in components:
        component.ready(world, deadline)
    yield world
    for component in reversed(components):
        component.stop(world, Deadline(20))


@pytest.fixture
def platform(processes: World) -> Iterator[Platform]:
    """Log a customer in, and set every switch back at the end."""
    platform = Platform(processes)
    _, answer = log_in(platform, Credentials.read(Path(processes.get(CREDENTIALS))))
    platform.token = answer["accessToken"]
    yield platform
    for place in ("api-gateway.1", "api-gateway.2", "registries.1", "abr"):
        values = switched(processes, place, Deadline(20))
        platform.set(place, **{name: type(value)(0) for name, value in values.items()})
