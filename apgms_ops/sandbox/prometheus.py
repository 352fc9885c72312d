"""The component that collects metrics: Prometheus, with thirty days of history behind it from the start."""

import json
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Kafka
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import errands, prometheus_files
from apgms_ops.sandbox.asking import ask, samples
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.debian import program
from apgms_ops.sandbox.edge import READY
from apgms_ops.sandbox.history import History, Key, Origin, Shape
from apgms_ops.sandbox.platform import TEMPLATE
from apgms_ops.sandbox.world import World

NAME: Final = "prometheus"
PACKAGE: Final = "prometheus"
RETENTION: Final = "60d"
"""The default of 15 d would drop half of the history."""
STORE: Final = "data"
SCRAPED: Final[Mapping[str, tuple[str, ...]]] = {
    "api-gateway": ("api-gateway.1", "api-gateway.2"),
    "audit": ("audit.1",),
    "payments": ("payments.1",),
    "registries": ("registries.1",),
    "traffic": ("traffic.metrics",),
}
"""Job → the ports of its targets."""
_POLL: Final = 0.05
_WHOLE: Final = "720h"
"""Blocks of thirty days: in blocks of two hours the backfill takes fifty times as long."""


class Prometheus(Component):
    """One server on 127.0.0.1 that scrapes once a second."""

    name = NAME

    def install(self, world: World, deadline: Deadline) -> None:
        """See that server and tool are there. The package would start a service of its own: it is unpacked only."""
        for name in ("prometheus", "promtool"):
            program(world, name, PACKAGE, deadline, daemon=True)

    def start(self, world: World, deadline: Deadline) -> None:
        """Start over an empty store with a new past, whose end is where the live series are, if there are any yet."""
        folder = world.folder(self.name)
        shutil.rmtree(folder / STORE, ignore_errors=True)
        backfill(world, Shape(), folder / STORE, deadline)
        configure(world, cluster=world.get("cluster"))
        launch(world, deadline)

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once it answers over its history, and scrapes."""
        await_answers(world, deadline)
        await_scrapes(world, deadline)
        world.set("prometheus.url", f"http://127.0.0.1:{world.port(self.name)}")


def configure(world: World, *, cluster: str) -> None:
    """Write its files; it calls itself `cluster`."""
    targets = {job: [_address(world, port) for port in ports] for job, ports in SCRAPED.items()}
    prometheus_files.write(
        world.folder(NAME),
        cluster=cluster,
        targets=targets,
        own=_address(world, NAME),
        alertmanager=_address(world, "alertmanager"),
        blackbox=_address(world, "blackbox"),
        outside=outside(world),
    )


def launch(world: World, deadline: Deadline, *, retention: str = RETENTION) -> None:
    """Start the process over whatever store there is."""
    folder = world.folder(NAME)
    server = program(world, "prometheus", PACKAGE, deadline, daemon=True)
    world.spawn(
        NAME,
        [
            str(server),
            f"--config.file={folder / prometheus_files.CONFIGURATION}",
            f"--storage.tsdb.path={folder / STORE}",
            f"--storage.tsdb.retention.time={retention}",
            f"--web.listen-address=127.0.0.1:{world.port(NAME)}",
            "--scrape.discovery-reload-interval=100ms",  # or it would scrape nothing for its first five seconds
            "--log.level=warn",
        ],
        env={"GOMAXPROCS": "2"},
    )


def reload(world: World) -> None:
    """Make it read its files again."""
    world.signal(NAME, signal.SIGHUP, process=NAME)


def await_answers(world: World, deadline: Deadline) -> None:
    """Return once it answers over its store: with samples of the services that are not stale.

    It need not have scraped since its start: its discovery of targets takes five seconds, by a constant in its code.

    Raises:
        SandboxError: It died, or does not answer by the deadline.
    """
    _await(world, "count(http_requests_total)", deadline)


def await_scrapes(world: World, deadline: Deadline) -> None:
    """Return once it tries to scrape the gateways, and has twice if the first of them answers.

    Raises:
        SandboxError: It died, or scraped nothing by the deadline.
    """
    seconds = max(1, round(deadline.seconds))
    _await(world, f'count_over_time(up{{job="api-gateway"}}[{seconds}s])', deadline)
    if ask(world.port("api-gateway.1"), "/metrics", deadline) is not None:
        jobs = "|".join((*SCRAPED, "kafka-exporter", "blackbox"))
        _await(world, f'min(sum_over_time(up{{job=~"{jobs}"}}[{seconds}s])) >= 2', deadline)


def _await(world: World, expression: str, deadline: Deadline) -> None:
    port = world.port(NAME)
    while not (ask(port, "/-/ready", deadline) and query(port, expression, deadline)):
        if not world.alive(NAME, process=NAME):
            msg = f"prometheus died:\n{world.log_tail(NAME)}"
            raise SandboxError(msg)
        if deadline.remaining <= _POLL:
            msg = f"prometheus is not ready within {deadline.seconds:g} s:\n{world.log_tail(NAME)}"
            raise SandboxError(msg)
        deadline.pause(_POLL, "prometheus to be ready")


def query(port: int, expression: str, deadline: Deadline) -> float:
    """Return the first number that an expression evaluates to; 0 where there is none."""
    text = ask(port, f"/api/v1/query?{urlencode({'query': expression})}", deadline)
    result = json.loads(text)["data"]["result"] if text else []
    return float(result[0]["value"][1]) if result else 0.0


def live_values(world: World, deadline: Deadline) -> dict[Key, float]:
    """Return what the series of the services and of Kafka's exporter stand at; none of those that do not answer."""
    found: dict[Key, float] = {}
    pages = [(job, port, "/metrics") for job, ports in SCRAPED.items() for port in ports]
    for job, port, path in (*pages, ("kafka-exporter", "traffic.metrics", "/metrics/kafka")):
        scraped = {("instance", _address(world, port)), ("job", job)}
        for (name, labels), value in samples(ask(world.port(port), path, deadline) or "").items():
            found[name, labels | scraped] = value
    return found


def backfill(world: World, shape: Shape, store: Path, deadline: Deadline) -> None:
    """Make a store that holds a past of this shape, up to the present.

    Raises:
        SandboxError: It could not be made.
    """
    folder = world.folder(NAME)
    source = folder / "history.openmetrics"
    end = int(time.time())
    source.write_text(History(shape, _origin(world), end, live_values(world, deadline)).text(), encoding="ascii")
    tool = program(world, "promtool", PACKAGE, deadline, daemon=True)
    command = [str(tool), "tsdb", "create-blocks-from", "openmetrics", "-q", f"--max-block-duration={_WHOLE}"]
    done = errands.run(world, NAME, [*command, source, store], deadline)
    source.unlink()
    if done.returncode != 0:
        msg = f"promtool cannot write the history: {done.stderr.strip().splitlines()[-1:]}"
        raise SandboxError(msg)


def outside(world: World) -> str:
    """Return what the prober asks for."""
    return f"http://{_address(world, 'edge')}{READY}"


def _origin(world: World) -> Origin:
    template = Path(world.get(TEMPLATE))
    kafka = load(template, world.values()).kafka
    return Origin(
        gateways=tuple(_address(world, port) for port in SCRAPED["api-gateway"]),
        registries=_address(world, "registries.1"),
        payments=_address(world, "payments.1"),
        kafka=_address(world, "traffic.metrics"),
        outside=outside(world),
        groups={g.name: g.topics for g in kafka.groups} if isinstance(kafka, Kafka) else {},
        topics={t.name: t.partitions for t in kafka.topics} if isinstance(kafka, Kafka) else {},
    )


def _address(world: World, port: str) -> str:
    return f"127.0.0.1:{world.port(port)}"
