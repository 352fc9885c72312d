"""What each switch of the gateway and the registries does, and what is counted of it."""

import signal

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.services import Registries
from tests.sandbox.service_process.gateway_client import ACTIVE, CANCELLED, LOOKUP, Platform

pytestmark = pytest.mark.sandbox


def test_every_request_for_business_emits_one_audit_event(platform: Platform) -> None:
    """Good and refused look-ups alike are counted as emitted, by each service that had a part in them."""
    for place, source in (("api-gateway.1", "api-gateway"), ("registries.1", "registries")):
        before = platform.counted("apgms_audit_events_emitted_total", place, source=source)
        platform.look_up(ACTIVE)
        platform.look_up("12345678901")
        platform.ask("GET", "/health/ready")
        assert platform.counted("apgms_audit_events_emitted_total", place, source=source) == before + 2


def test_a_share_of_the_requests_fails(platform: Platform) -> None:
    """Half of them are 503, counted as such, and readiness is not among them."""
    labels = {"route": f"{LOOKUP}{{abn}}", "status": "503"}
    before = platform.counted("http_requests_total", **labels)
    platform.set("api-gateway.1", fail_share=0.5)
    assert [platform.look_up(ACTIVE)[0] for _ in range(4)] == [200, 503, 200, 503]
    assert platform.ask("GET", "/health/ready")[0] == 200
    assert platform.counted("http_requests_total", **labels) == before + 2


def test_a_delay_is_seen_in_the_histogram(platform: Platform) -> None:
    """A slow answer is counted where it belongs."""
    labels = {"route": f"{LOOKUP}{{abn}}", "status": "200"}
    fast, every = (
        platform.counted("http_request_duration_seconds_bucket", le=edge, **labels) for edge in ("0.25", "+Inf")
    )
    platform.set("api-gateway.1", delay_ms=300)
    platform.look_up(ACTIVE)
    assert platform.counted("http_request_duration_seconds_bucket", le="0.25", **labels) == fast
    assert platform.counted("http_request_duration_seconds_bucket", le="+Inf", **labels) == every + 1


def test_suspended_the_gateway_serves_no_business(platform: Platform) -> None:
    """Business is 503, and the gateway stays ready."""
    platform.set("api-gateway.1", suspended=True)
    assert platform.look_up(ACTIVE) == (503, "suspended")
    assert platform.ask("GET", "/health/ready")[0] == 200


def test_a_dropped_audit_event_is_answered_well_and_counted_as_emitted(platform: Platform) -> None:
    """That is the fault: nobody but a comparison of ids notices."""
    before = platform.counted("apgms_audit_events_emitted_total", source="api-gateway")
    platform.set("api-gateway.1", drop_audit=1.0)
    assert platform.look_up(ACTIVE) == (200, "active")
    assert platform.counted("apgms_audit_events_emitted_total", source="api-gateway") == before + 1


def test_a_register_that_hangs_is_a_time_out_that_is_observed(platform: Platform) -> None:
    """504 after two seconds, in the histogram; unless that is what goes wrong."""
    name = "apgms_registry_lookup_duration_seconds_count"
    before = platform.counted(name, "registries.1", source="abr")
    platform.set("abr", hang=True)
    status, body, _ = platform.ask("GET", f"{LOOKUP}{ACTIVE}?fresh=true")
    assert (status, body["error"]) == (504, "abr_timeout")
    assert platform.counted(name, "registries.1", source="abr") == before + 1
    platform.set("registries.1", swallow_timeouts=True)
    assert platform.ask("GET", f"{LOOKUP}{ACTIVE}?fresh=true")[0] == 504
    assert platform.counted(name, "registries.1", source="abr") == before + 1


def test_the_registries_can_lie(platform: Platform) -> None:
    """A cancelled business is called active, or anything is, without asking."""
    platform.set("registries.1", cancelled_as_active=True)
    assert platform.look_up(CANCELLED) == (200, "active")
    assert platform.look_up("12345678901") == (422, "abn_invalid")
    platform.set("registries.1", stub_answer=True)
    assert platform.look_up("12345678901") == (200, "active")


def test_a_switch_that_does_not_exist_is_told(platform: Platform) -> None:
    """A fault that cannot be made is an error, never a fault that nobody notices."""
    with pytest.raises(SandboxError, match="no switch 'fail_sharr'"):
        platform.set("api-gateway.1", fail_sharr=0.5)


def test_registries_that_are_gone_are_a_503_and_come_back(platform: Platform) -> None:
    """Killed, they are unavailable; started again, they are asked over new connections."""
    world = platform.world
    world.signal("registries", signal.SIGKILL)
    before = platform.counted("apgms_audit_events_emitted_total", source="api-gateway")
    assert platform.look_up(ACTIVE) == (503, "unavailable")
    assert platform.counted("apgms_audit_events_emitted_total", source="api-gateway") == before + 1
    registries = Registries()
    registries.stop(world, Deadline(20))
    registries.start(world, Deadline(20))
    registries.ready(world, Deadline(60))
    assert platform.look_up(ACTIVE) == (200, "active")
