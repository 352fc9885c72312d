"""The front door counts what it answered, and every series is there from the start."""

import pytest
from prometheus_client import CollectorRegistry

from apgms_ops.sandbox.traffic_process.front_door import FrontDoor, Share

LOOKUP = "/v1/registries/abn/{abn}"


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        """Begin at 0 s."""
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def door_of(registry: CollectorRegistry) -> FrontDoor:
    """Make a front door that takes no real time."""
    clock = Clock()
    return FrontDoor(registry, clock=lambda: clock.now, sleep=clock.sleep)


def requests(registry: CollectorRegistry, route: str, status: str) -> float | None:
    """Return the number of requests counted."""
    labels = {"service": "api-gateway", "method": "GET", "route": route, "status": status}
    return registry.get_sample_value("http_requests_total", labels)


def test_series_of_errors_exist_before_the_first_error() -> None:
    """An error that never happened is 0, not absent."""
    registry = CollectorRegistry()
    door_of(registry)
    assert [requests(registry, LOOKUP, status) for status in ("200", "404", "422", "500", "503")] == [0, 0, 0, 0, 0]
    assert [requests(registry, "/health/ready", status) for status in ("200", "503")] == [0, 0]


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/health/ready", "/health/ready", 200),
        ("/v1/registries/abn/53004085616", LOOKUP, 200),
        ("/v1/registries/abn/nonsense", LOOKUP, 422),
    ],
)
def test_an_answer_is_counted_under_its_route_and_status(path: str, route: str, status: int) -> None:
    """A request is counted, and timed, under the route's template and the status it got."""
    registry = CollectorRegistry()
    assert door_of(registry).answer(path)[0] == status
    assert requests(registry, route, str(status)) == 1
    labels = {"service": "api-gateway", "method": "GET", "route": route, "status": str(status)}
    assert registry.get_sample_value("http_request_duration_seconds_count", labels) == 1
    assert registry.get_sample_value("http_request_duration_seconds_bucket", {**labels, "le": "0.25"}) == 1
    took = registry.get_sample_value("http_request_duration_seconds_sum", labels)
    assert took == pytest.approx(0.008 if path.endswith(("53004085616", "nonsense")) else 0.0)


def test_an_unknown_path_makes_no_series() -> None:
    """Whoever asks for nonsense gets 404 and adds no label value."""
    registry = CollectorRegistry()
    door = door_of(registry)
    before = len(next(iter(registry.collect())).samples)
    assert door.answer("/wp-login.php")[0] == 404
    assert len(next(iter(registry.collect())).samples) == before


def test_a_share_of_look_ups_fails_and_no_probe() -> None:
    """Of look-ups the ordered share is answered 503; readiness goes on, as it does when a register is down."""
    registry = CollectorRegistry()
    door = door_of(registry)
    door.failing.value = 0.5
    answers = [door.answer("/v1/registries/abn/53004085616")[0] for _ in range(4)]
    assert answers == [200, 503, 200, 503]
    assert door.answer("/health/ready")[0] == 200
    assert requests(registry, LOOKUP, "503") == 2


@pytest.mark.parametrize(("value", "picked"), [(0.0, 0), (0.001, 1), (0.25, 250), (1.0, 1000)])
def test_a_share_is_met_evenly(value: float, picked: int) -> None:
    """A share picks as many as it says, at even distances."""
    share = Share()
    share.value = value
    assert sum(share.pick() for _ in range(1000)) == pytest.approx(picked, abs=1)
