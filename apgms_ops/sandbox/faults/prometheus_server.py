"""A Prometheus that does not answer, or one that answers and is another."""

import signal
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import prometheus
from apgms_ops.sandbox.asking import ask
from apgms_ops.sandbox.faults import audit_tools, deployment_tools, payments_tools, registries_tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.prometheus_stores import (
    ANSWERED,
    BURNS,
    COVERED,
    IN_TIME,
    LEFT,
    OUTSIDE,
    SCRAPED,
    SOUND,
)
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

IDENTITY = "checks/daily/test_error_budgets.py::test_metrics_come_from_the_pinned_prometheus"
SKIPPED_MESSAGES = "checks/daily/test_consumer_lag.py::test_no_consumer_group_skipped_messages"
_SILENT: Mapping[str, Verdict] = dict.fromkeys(
    (
        COVERED,
        LEFT,
        BURNS,
        IDENTITY,
        SKIPPED_MESSAGES,
        IN_TIME,
        SOUND,
        ANSWERED,
        SCRAPED,
        OUTSIDE,
        audit_tools.REACHES,
        payments_tools.TRUE,
        payments_tools.PARKED,
        registries_tools.IN_TIME,
        *deployment_tools.COMPARISON,
    ),
    Verdict.UNKNOWN,
)
_IMPOSTOR = "impostor"
_POLL = 0.02


class _Away(Fault):
    """Prometheus does not run; healing starts it again over its own store."""

    component = prometheus.NAME
    expected: ClassVar[Mapping[str, Verdict]] = _SILENT

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Start it again."""
        world.stop(prometheus.NAME, deadline, process=_IMPOSTOR)
        if not world.alive(prometheus.NAME, process=prometheus.NAME):
            world.stop(prometheus.NAME, deadline)
            prometheus.launch(world, deadline)
        prometheus.await_answers(world, deadline)


class Killed(_Away):
    """Nobody listens."""

    id = "prometheus-killed"
    title = "Prometheus was killed."

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Kill it as the kernel does when memory runs out."""
        world.signal(prometheus.NAME, signal.SIGKILL, process=prometheus.NAME)
        while world.alive(prometheus.NAME, process=prometheus.NAME):
            deadline.pause(_POLL, "prometheus to die")
        return {}


class Hung(Fault):
    """The kernel accepts connections for a process that does nothing."""

    id = "prometheus-hung"
    title = "Prometheus hangs: it accepts connections and never answers."
    component = prometheus.NAME
    expected: ClassVar[Mapping[str, Verdict]] = _SILENT

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:  # noqa: ARG002 — a signal takes no time
        """Stop the process."""
        world.signal(prometheus.NAME, signal.SIGSTOP, process=prometheus.NAME)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Let it go on."""
        world.signal(prometheus.NAME, signal.SIGCONT, process=prometheus.NAME)
        prometheus.await_answers(world, deadline)


class _Impostor(_Away):
    """Something else answers on Prometheus's port."""

    answer: ClassVar[tuple[int, str, str]]
    """Status, media type and body."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Take Prometheus away and listen in its place."""
        port = world.port(prometheus.NAME)
        world.stop(prometheus.NAME, deadline)
        command = [sys.executable, "-m", "apgms_ops.sandbox.impostor", str(port), *map(str, self.answer)]
        world.spawn(prometheus.NAME, command, process=_IMPOSTOR)
        self._await(world, port, deadline)
        return {}

    def _await(self, world: World, port: int, deadline: Deadline) -> None:
        while not self._answers(port, deadline):
            if not world.alive(prometheus.NAME, process=_IMPOSTOR):
                msg = f"what should answer in the place of prometheus died:\n{world.log_tail(prometheus.NAME)}"
                raise SandboxError(msg)
            deadline.pause(_POLL, "something else to answer")

    @staticmethod
    def _answers(port: int, deadline: Deadline) -> bool:
        return ask(port, "/", deadline, any_status=True) is not None


class Starting(_Impostor):
    """A server that replays its log answers so for minutes."""

    id = "prometheus-starting"
    title = "Prometheus is starting: it answers 503 in plain text."
    answer = (503, "text/plain; charset=utf-8", "Service Unavailable")


class CaptivePortal(_Impostor):
    """What a proxy, a login page or a wrong base path answers: success, and nothing that was asked for."""

    id = "prometheus-captive-portal"
    title = "A login page answers in the place of Prometheus, with status 200."
    answer = (200, "text/html; charset=utf-8", "<!doctype html><title>Log in</title><form action=/login></form>")


class OtherCluster(Fault):
    """A port-forward that leads to the wrong cluster: good answers, of another estate."""

    id = "prometheus-other-cluster"
    title = "The Prometheus that answers belongs to another cluster."
    component = prometheus.NAME
    references = ("D4.7",)
    expected: ClassVar[Mapping[str, Verdict]] = {**_SILENT, IDENTITY: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Give it another name."""
        self._name(world, f"not-{world.get('cluster')}", deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — the world knows its name
        """Give it its own name again."""
        self._name(world, world.get("cluster"), deadline)
        prometheus.await_answers(world, deadline)

    @staticmethod
    def _name(world: World, cluster: str, deadline: Deadline) -> None:
        prometheus.configure(world, cluster=cluster)
        prometheus.reload(world)
        while f"cluster: {cluster}\\n" not in (
            ask(world.port(prometheus.NAME), "/api/v1/status/config", deadline) or ""
        ):
            deadline.pause(_POLL, "prometheus to take its new name")


FAULTS: tuple[type[Fault], ...] = (Killed, Hung, Starting, CaptivePortal, OtherCluster)
