"""A gateway whose metrics are wrong, or tell of slow requests; one that loses requests before it counts them."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import prometheus
from apgms_ops.sandbox.blackbox import Blackbox
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.kafka_tools import another_past, wait
from apgms_ops.sandbox.faults.prometheus_stores import (
    ANSWERED,
    IN_TIME,
    LEFT,
    OUTSIDE,
    SOUND,
    OtherStore,
)
from apgms_ops.sandbox.faults.switching import switch
from apgms_ops.sandbox.history import HEALTHY_INCIDENTS, Incident, Shape
from apgms_ops.sandbox.services import ApiGateway
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_REPLICAS: Final = tuple(f"{ApiGateway.name}.{number}" for number in range(1, ApiGateway.replicas + 1))
_HALF_SECOND: Final = (0.05, 0.15, 0.62, 0.97, 0.99, 1.0, 1.0, 1.0)
"""Share of the requests within each bucket: most are slow, and the p95 is near half a second."""
_NEVER: Final = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


class _Switched(Fault):
    """A switch in both replicas."""

    component = ApiGateway.name
    flag: ClassVar[str]
    ready: ClassVar[str]
    """An expression that is 1 once Prometheus has seen it."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Set the switch, and wait until it is scraped."""
        for replica in _REPLICAS:
            switch(world, replica, deadline, **{self.flag: True})
        port = world.port(prometheus.NAME)
        wait(lambda: prometheus.query(port, self.ready, deadline) == 1.0, deadline, f"{self.flag} being scraped")
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Set it back, and wait until that is scraped."""
        for replica in _REPLICAS:
            switch(world, replica, deadline, **{self.flag: False})
        port = world.port(prometheus.NAME)
        wait(lambda: prometheus.query(port, self.ready, deadline) == 0.0, deadline, f"{self.flag} being gone")


_BUCKET: Final = 'http_request_duration_seconds_bucket{service="api-gateway"'


class BadBucket(_Switched):
    """A bucket that holds more than all of them."""

    id = "gateway-bucket-above-infinity"
    title = "A bucket of the gateway's histogram holds more than +Inf does."
    flag = "histogram_bad_bucket"
    ready = f'count({_BUCKET},le="5.0"}} > ignoring (le) {_BUCKET},le="+Inf"}}) > bool 0'
    expected: ClassVar[Mapping[str, Verdict]] = {SOUND: Verdict.FAIL, IN_TIME: Verdict.UNKNOWN}


class NoLimitEdge(_Switched):
    """A histogram that does not know the limit: what is read between its edges is a guess."""

    id = "gateway-no-bucket-at-the-limit"
    title = "The gateway's histogram has no bucket that ends at 250 ms; interpolated, the p95 would be 240 ms."
    references = ("S1.4",)
    flag = "histogram_no_limit_edge"
    ready = f'(count({_BUCKET},le="0.25"}}) or vector(0)) == bool 0'
    expected: ClassVar[Mapping[str, Verdict]] = {IN_TIME: Verdict.UNKNOWN}


class _SwitchedStore(OtherStore):
    """A switch in both replicas, and a past in which it was always so."""

    component = ApiGateway.name
    flag: ClassVar[str]

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Set the switch, and put the past in place."""
        for replica in _REPLICAS:
            switch(world, replica, deadline, **{self.flag: True})
        return super().break_(world, deadline)

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Set it back, and the past."""
        for replica in _REPLICAS:
            switch(world, replica, deadline, **{self.flag: False})
        super().heal(world, memo, deadline)


class TimerBroken(_SwitchedStore):
    """Every request takes no time at all."""

    id = "gateway-timer-broken"
    title = "The gateway's timer is broken: every request is observed to take 0 s, and the p95 is splendid."
    references = ("S1.2",)
    flag = "histogram_zero"
    shape = Shape(mean=0.0)
    expected: ClassVar[Mapping[str, Verdict]] = {SOUND: Verdict.FAIL, IN_TIME: Verdict.UNKNOWN}


class Milliseconds(_SwitchedStore):
    """The right numbers in the wrong unit."""

    id = "gateway-observes-milliseconds"
    title = "The gateway observes milliseconds where seconds are meant."
    flag = "histogram_milliseconds"
    shape = Shape(faster=_NEVER, mean=60.0)
    expected: ClassVar[Mapping[str, Verdict]] = {SOUND: Verdict.FAIL, IN_TIME: Verdict.UNKNOWN}


class SlowBehindProbes(OtherStore):
    """Readiness probes outnumber the requests, and are quick."""

    id = "gateway-slow-behind-probes"
    title = "Business requests take half a second; counted together with ten times as many probes, the p95 is 12 ms."
    component = ApiGateway.name
    references = ("S1.5",)
    shape = Shape(faster=_HALF_SECOND, probe_rate=50.0, mean=0.3)
    expected: ClassVar[Mapping[str, Verdict]] = {IN_TIME: Verdict.FAIL}


class Suspended(OtherStore):
    """Everything was refused for hours, on purpose; nobody declared it."""

    id = "gateway-suspended"
    title = "Two days ago the platform was suspended for hours, and answered 503; no maintenance is declared."
    component = ApiGateway.name
    references = ("S1.9",)
    shape = Shape(incidents=(*HEALTHY_INCIDENTS, Incident(begins=2.0, lasts=0.1, share=1.0)))
    expected: ClassVar[Mapping[str, Verdict]] = {ANSWERED: Verdict.FAIL, LEFT: Verdict.FAIL}


class EdgeDrops(Fault):
    """What never reaches the gateway, the gateway does not count."""

    id = "edge-drops-requests"
    title = "The load balancer closes every connection before the gateway is asked; the gateway itself sees no error."
    component = ApiGateway.name
    references = ("S1.10",)
    expected: ClassVar[Mapping[str, Verdict]] = {OUTSIDE: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Drop everything, until a share of the last minutes' probes has failed that is no accident."""
        switch(world, "edge", deadline, drop_share=1.0)
        failing = "1 - avg_over_time(probe_success[5m]) >= bool 0.04"
        port = world.port(prometheus.NAME)
        wait(lambda: prometheus.query(port, failing, deadline) == 1.0, deadline, "probes failing")
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Let everything through."""
        switch(world, "edge", deadline, drop_share=0.0)
        another_past(world, deadline)


class Unprobed(OtherStore):
    """Nobody looks from outside, and so nobody sees anything wrong there."""

    id = "blackbox-killed"
    title = "The prober is dead, and has been for a day: from outside nothing is known."
    component = ApiGateway.name
    shape = Shape(probed=False)
    expected: ClassVar[Mapping[str, Verdict]] = {OUTSIDE: Verdict.UNKNOWN}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Put a past in place in which it never ran, and stop it."""
        memo = super().break_(world, deadline)
        world.stop(Blackbox.name, deadline)
        return memo

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Start it again, over the past that was."""
        if not world.alive(Blackbox.name):
            Blackbox().start(world, deadline)
            Blackbox().ready(world, deadline)
        super().heal(world, memo, deadline)
        prometheus.await_scrapes(world, deadline)


FAULTS: tuple[type[Fault], ...] = (
    BadBucket,
    NoLimitEdge,
    TimerBroken,
    Milliseconds,
    SlowBehindProbes,
    Suspended,
    EdgeDrops,
    Unprobed,
)
