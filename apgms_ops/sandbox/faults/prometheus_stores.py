"""A past that went wrong: faults in a ratio over thirty days are other stores, prepared and put in place."""

import shutil
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import prometheus
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.faults import audit_tools, deployment_tools, registries_tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.kafka_tools import wait
from apgms_ops.sandbox.history import HEALTHY_INCIDENTS, Incident, Shape
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

COVERED = "checks/daily/test_error_budgets.py::test_the_objectives_window_is_covered"
LEFT = "checks/daily/test_error_budgets.py::test_enough_error_budget_is_left"
BURNS = "checks/daily/test_error_budgets.py::test_the_error_budget_does_not_burn"
GATEWAY = "checks/service_levels/test_api_gateway.py::"
IN_TIME = f"{GATEWAY}test_requests_are_answered_in_time"
SOUND = f"{GATEWAY}test_the_latency_histogram_is_sound"
ANSWERED = f"{GATEWAY}test_requests_are_answered"
SCRAPED = f"{GATEWAY}test_every_replica_is_scraped"
OUTSIDE = f"{GATEWAY}test_the_outside_view_agrees"
_KEPT = "data.kept"
_PREPARED = "data.prepared"
_INTERVAL = 1.2
"""Seconds within which every target is scraped."""
_SILENCE = 1.5
"""Seconds."""


class OtherStore(Fault):
    """Prometheus over another store, while its own is kept aside."""

    component = prometheus.NAME
    shape: ClassVar[Shape]
    retention: ClassVar[str] = prometheus.RETENTION
    # Since the last rollout the other store has seen a few dozen requests, of a machine that was starting it.
    may_notice: ClassVar[frozenset[str]] = frozenset({deployment_tools.SLOWER})

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Prepare the store, whose past leads up to what the live series stand at, and put it in place."""
        folder = world.folder(prometheus.NAME)
        shutil.rmtree(folder / _PREPARED, ignore_errors=True)
        prometheus.backfill(world, self.shape, folder / _PREPARED, deadline)
        world.stop(prometheus.NAME, deadline)
        (folder / prometheus.STORE).rename(folder / _KEPT)
        (folder / _PREPARED).rename(folder / prometheus.STORE)
        prometheus.launch(world, deadline, retention=self.retention)
        prometheus.await_answers(world, deadline)
        prometheus.await_scrapes(world, deadline)  # what has no past of its own shows only by what is scraped now
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — all is in the folder
        """Put its own store back, with all that was scraped into it, but for the time of the fault."""
        folder = world.folder(prometheus.NAME)
        if (folder / _KEPT).exists():
            world.stop(prometheus.NAME, deadline)
            shutil.rmtree(folder / prometheus.STORE, ignore_errors=True)
            (folder / _KEPT).rename(folder / prometheus.STORE)
        if not world.alive(prometheus.NAME):
            prometheus.launch(world, deadline)
        prometheus.await_answers(world, deadline)
        # A series that goes before this server has scraped it once is not marked as gone: it is answered for minutes.
        since = time.time()
        scraped, port = f'count(timestamp(up{{job="api-gateway"}}) > {since})', world.port(prometheus.NAME)
        wait(lambda: prometheus.query(port, scraped, deadline) > 0, deadline, "a scrape of the gateway")
        deadline.pause(_INTERVAL, "every target to be scraped once")


class ShortHistory(OtherStore):
    """A figure "over thirty days" from a week of data."""

    id = "prometheus-seven-days"
    title = "Prometheus holds seven days of data, over which a figure for thirty is answered all the same."
    references = ("D4.1",)
    shape = Shape(days=7)
    expected: ClassVar[Mapping[str, Verdict]] = {
        COVERED: Verdict.FAIL,
        LEFT: Verdict.UNKNOWN,
        ANSWERED: Verdict.UNKNOWN,
    }


class ShortRetention(OtherStore):
    """A server that forgets."""

    id = "prometheus-retention"
    title = "Prometheus keeps two days of samples, and still answers for thirty."
    references = ("D4.2",)
    shape = Shape(days=2)
    retention = "2d"
    expected: ClassVar[Mapping[str, Verdict]] = {
        COVERED: Verdict.FAIL,
        LEFT: Verdict.UNKNOWN,
        BURNS: Verdict.UNKNOWN,
        ANSWERED: Verdict.UNKNOWN,
    }


class Hole(OtherStore):
    """Samples at both ends of the window, and none for days in its middle."""

    id = "prometheus-hole"
    title = "Three days in the middle of the window were not scraped; its oldest sample is thirty days old."
    shape = Shape(holes=((14.0, 11.0),))
    expected: ClassVar[Mapping[str, Verdict]] = {
        COVERED: Verdict.FAIL,
        LEFT: Verdict.UNKNOWN,
        ANSWERED: Verdict.UNKNOWN,
    }


class FastBurn(OtherStore):
    """An outage that is going on, while most of the month's budget is left."""

    id = "prometheus-fast-burn"
    title = "For more than an hour one request in ten has failed; most of the month's error budget is still left."
    references = ("D4.4",)
    shape = Shape(incidents=(*HEALTHY_INCIDENTS, Incident(begins=0.05, lasts=0.05, share=0.1)))
    expected: ClassVar[Mapping[str, Verdict]] = {BURNS: Verdict.FAIL}


class SlowBurn(OtherStore):
    """A trickle of errors that no short window shows."""

    id = "prometheus-slow-burn"
    title = "For four days two requests in a thousand have failed: twice what the budget lasts for."
    shape = Shape(incidents=(*HEALTHY_INCIDENTS, Incident(begins=4.0, lasts=4.0, share=0.002)))
    expected: ClassVar[Mapping[str, Verdict]] = {BURNS: Verdict.FAIL}


class BudgetSpent(OtherStore):
    """An outage three weeks ago that nobody has forgotten but the short windows."""

    id = "prometheus-budget-spent"
    title = "An outage three weeks ago has spent the month's error budget; nothing burns now."
    shape = Shape(incidents=(*HEALTHY_INCIDENTS, Incident(begins=21.0, lasts=1.0, share=0.04)))
    expected: ClassVar[Mapping[str, Verdict]] = {LEFT: Verdict.FAIL, ANSWERED: Verdict.FAIL}


class ZeroTraffic(OtherStore):
    """A gateway that everybody scrapes and nobody asks."""

    id = "prometheus-zero-traffic"
    title = "Not one request reached the gateway in thirty days; only its readiness was probed."
    shape = Shape(idle=True)
    references = ("S1.1",)
    expected: ClassVar[Mapping[str, Verdict]] = {
        LEFT: Verdict.UNKNOWN,
        BURNS: Verdict.UNKNOWN,
        ANSWERED: Verdict.UNKNOWN,
        IN_TIME: Verdict.UNKNOWN,
        SOUND: Verdict.UNKNOWN,
        audit_tools.REACHES: Verdict.UNKNOWN,
        registries_tools.IN_TIME: Verdict.UNKNOWN,
        **dict.fromkeys(deployment_tools.COMPARISON, Verdict.UNKNOWN),
    }

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Stop the requests first: their counters are then the constants of the past."""
        port = world.port("traffic.control")
        rate = require(port, "/status", deadline)["requests"]["rate"]
        require(port, "/requests", deadline, {"rate": 0})
        _await_silence(world, deadline)
        super().break_(world, deadline)
        return {"rate": rate}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Let the requests go on."""
        require(world.port("traffic.control"), "/requests", deadline, {"rate": memo["rate"]})
        super().heal(world, memo, deadline)


def _await_silence(world: World, deadline: Deadline) -> None:
    """Return once no request has been counted for a while: the last ones may still be under way."""
    before, now = -1.0, _requests(world, deadline)
    while now != before:
        deadline.pause(_SILENCE, "the last requests to be answered")
        before, now = now, _requests(world, deadline)


def _requests(world: World, deadline: Deadline) -> float:
    return sum(
        value
        for (name, labels), value in prometheus.live_values(world, deadline).items()
        if name == "http_requests_total" and any(key == "route" and route.startswith("/v1/") for key, route in labels)
    )


FAULTS: tuple[type[Fault], ...] = (
    ShortHistory,
    ShortRetention,
    Hole,
    FastBurn,
    SlowBurn,
    BudgetSpent,
    ZeroTraffic,
)
