"""The gateway's side of a journey, as processes: whose employers, what is calculated, and who is let in by mistake."""

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import smoke_access, smoke_answers, smoke_door
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.outside import Outside
from apgms_ops.sandbox.service_process import totp
from apgms_ops.sandbox.service_process.tenants import ABNS, ORG, SMOKE, SMOKE_OTHER
from apgms_ops.sandbox.services import CREDENTIALS, ApiGateway, Audit, Payments, Registries
from apgms_ops.sandbox.world import World
from tests.sandbox.service_process.platform_client import ask, until

pytestmark = pytest.mark.sandbox
ABN = ABNS[SMOKE][63]
NAME = {"legalName": "APGMS smoke test (synthetic) 1"}
PAY = {"grossCents": 133_345, "payPeriod": "weekly", "payDate": "2026-11-26", "taxFreeThreshold": True}
DEPOSIT = {"abn": ABN, "taxType": "PAYGW", "period": "2026-11", "amountCents": 24_500}


@pytest.fixture(scope="module")
def platform(world: World) -> Iterator[World]:
    """Start the stand-ins of the outside world, the services and both gateways."""
    components = (Outside(), Registries(), Audit(), Payments(), ApiGateway())
    for component in components:
        component.start(world, Deadline(60))
    for component in components:
        component.ready(world, Deadline(60))
    yield world
    for component in reversed(components):
        component.stop(world, Deadline(20))


class Session:
    """Somebody who has logged in."""

    def __init__(self, world: World, org: str = SMOKE) -> None:
        """Log in as a tenant's user."""
        self.world = world
        secret = json.loads(Path(world.get(CREDENTIALS)).with_name(f"credentials-{org}.json").read_text())
        self._body = {"username": secret["username"], "password": secret["password"]}
        self._otp = secret["otp_secret"]
        self.token = str(self.log_in()[1].get("accessToken", ""))

    def log_in(self, *, with_code: bool = True) -> tuple[int, dict[str, Any]]:
        """Log in once more."""
        code = {"otp": totp.code(self._otp, time.time())} if with_code else {}
        return ask(self.world.get("api-gateway.1.url"), "POST", "/v1/auth/login", self._body | code)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
        """Ask a gateway."""
        sent = {"Authorization": f"Bearer {self.token}"} | headers
        return ask(self.world.get("api-gateway.1.url"), method, f"/v1{path}", body, headers=sent)


@pytest.fixture
def session(platform: World) -> Iterator[Session]:
    """Log in as who walks journeys, and remove what was registered."""
    session = Session(platform)
    yield session
    session = Session(platform)
    until(lambda: session.ask("DELETE", f"/employers/{ABN}")[0] in {204, 404}, "the employer being removed", 20)


def broken(world: World, fault: Fault) -> dict[str, Any]:
    """Break the gateways."""
    return fault.break_(world, Deadline(20))


def key() -> dict[str, str]:
    """Return a fresh idempotency key."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def test_an_employer_comes_and_goes(session: Session) -> None:
    """It is registered once, has books, and is removed with all of them."""
    assert session.ask("GET", f"/ledger/{ABN}/PAYGW")[0] == 404
    status, employer = session.ask("PUT", f"/employers/{ABN}", NAME)
    assert (status, employer["legalName"], employer["synthetic"]) == (201, NAME["legalName"], True)
    assert session.ask("PUT", f"/employers/{ABN}", {"legalName": "x"}) == (200, employer)
    assert session.ask("POST", "/deposits", DEPOSIT, **key())[1]["balanceAfterCents"] == 24_500
    assert session.ask("DELETE", f"/employers/{ABN}") == (204, {})
    assert session.ask("GET", f"/ledger/{ABN}/PAYGW")[0] == 404
    assert session.ask("DELETE", f"/employers/{ABN}")[0] == 404


def test_only_synthetic_employers_of_ones_own_come_and_go(session: Session) -> None:
    """Another tenant's are not there, a customer stays, and a wrong number is said to be one."""
    other = ABNS[SMOKE_OTHER][0]
    for method, body in (("PUT", NAME), ("DELETE", None)):
        assert session.ask(method, f"/employers/{other}", body)[1]["error"] == "not_found"
        assert session.ask(method, "/employers/53004085616", body)[1]["error"] == "not_found"
        assert session.ask(method, "/employers/12345678901", body)[1]["error"] == "abn_invalid"
        customer = Session(session.world, ORG)
        assert customer.ask(method, "/employers/53004085616", body)[1]["error"] == "not_synthetic"


def test_calculations_are_made_and_refused(session: Session) -> None:
    """PAYGW names its table, GST is in cents, and what cannot be worked out is 422."""
    assert session.ask("POST", "/calculations/paygw", PAY) == (
        200,
        {"withheldCents": 24_500, "table": "NAT 1004 from 1 July 2026"},
    )
    assert session.ask("POST", "/calculations/gst", {"amountCents": 6, "inclusive": True}) == (200, {"gstCents": 1})
    assert session.ask("POST", "/calculations/paygw", PAY | {"payDate": "2019-01-01"})[1]["error"] == "no_table"
    assert session.ask("POST", "/calculations/gst", {"amountCents": -1, "inclusive": True})[0] == 422


def test_what_was_done_is_written_down(session: Session) -> None:
    """Registration, calculation and removal are found under their correlation ids, for the tenant alone."""
    steps = {
        "employer.register": ("PUT", f"/employers/{ABN}", NAME),
        "calculation.paygw": ("POST", "/calculations/paygw", PAY),
        "calculation.gst": ("POST", "/calculations/gst", {"amountCents": 6, "inclusive": True}),
        "employer.delete": ("DELETE", f"/employers/{ABN}", None),
    }
    other = Session(session.world, SMOKE_OTHER)
    for action, (method, path, body) in steps.items():
        wanted = str(uuid.uuid4())
        assert session.ask(method, path, body, **{"X-Correlation-Id": wanted})[0] < 300
        found = f"/audit/events?correlationId={wanted}"
        until(lambda found=found: session.ask("GET", found)[1]["events"], action, 20)  # type: ignore[misc]  # a default
        events = session.ask("GET", found)[1]["events"]
        assert {(event["action"], event["orgId"], event["actorId"]) for event in events} >= {
            (action, SMOKE, f"user-{SMOKE}")
        }
        assert other.ask("GET", found)[1]["events"] == []


def test_a_look_up_knows_synthetic_employers(session: Session) -> None:
    """The register knows them as active businesses."""
    assert session.ask("GET", f"/registries/abn/{ABN}?fresh=true")[1]["status"] == "active"


def test_log_ins_can_be_broken_or_too_easy(session: Session) -> None:
    """Broken, everybody is answered 500; too easy, a password opens the log-in, and with one more fault everything."""
    world = session.world
    for fault, with_code, without, opens in (
        (smoke_access.LogInBroken(), 500, 500, 401),
        (smoke_access.OtpOptional(), 200, 200, 403),
        (smoke_access.OneFactor(), 200, 200, 200),
    ):
        memo = broken(world, fault)
        answered = session.log_in(with_code=False)
        assert (session.log_in()[0], answered[0]) == (with_code, without)
        headers = {"Authorization": f"Bearer {answered[1].get('accessToken', 'x')}"}
        found = ask(world.get("api-gateway.2.url"), "GET", f"/v1/registries/abn/{ABN}", headers=headers)
        assert found[0] == opens
        fault.heal(world, memo, Deadline(20))
        assert session.log_in(with_code=False)[0] == 401


def test_tenants_can_see_each_other_by_mistake(session: Session) -> None:
    """Ledger, payments and audit events are told to anybody; nothing of another tenant is written even then."""
    session.ask("PUT", f"/employers/{ABN}", NAME)
    wanted = str(uuid.uuid4())
    session.ask("POST", "/deposits", DEPOSIT, **key(), **{"X-Correlation-Id": wanted})
    other, fault = Session(session.world, SMOKE_OTHER), smoke_access.TenantsOpen()
    assert other.ask("GET", f"/ledger/{ABN}/PAYGW")[0] == 404
    memo = broken(session.world, fault)
    assert other.ask("GET", f"/ledger/{ABN}/PAYGW")[0] == 200
    until(lambda: other.ask("GET", f"/audit/events?correlationId={wanted}")[1]["events"], "the event", 20)
    assert other.ask("POST", "/deposits", DEPOSIT, **key())[0] == 404
    assert other.ask("DELETE", f"/employers/{ABN}")[0] == 404
    fault.heal(session.world, memo, Deadline(20))
    assert other.ask("GET", f"/ledger/{ABN}/PAYGW")[0] == 404


def test_a_deposit_can_leave_nothing_in_the_audit_log(session: Session) -> None:
    """Neither gateway nor payments write it down; healed, both do."""
    session.ask("PUT", f"/employers/{ABN}", NAME)
    fault = smoke_answers.Unaudited()
    memo = broken(session.world, fault)
    silent, told = str(uuid.uuid4()), str(uuid.uuid4())
    assert session.ask("POST", "/deposits", DEPOSIT, **key(), **{"X-Correlation-Id": silent})[0] == 201
    fault.heal(session.world, memo, Deadline(20))
    assert session.ask("POST", "/deposits", DEPOSIT, **key(), **{"X-Correlation-Id": told})[0] == 201
    until(lambda: len(session.ask("GET", f"/audit/events?correlationId={told}")[1]["events"]) == 2, "both events", 20)
    assert session.ask("GET", f"/audit/events?correlationId={silent}")[1]["events"] == []


def test_refusals_can_say_nothing(session: Session) -> None:
    """Neither why nor under which id; healed, both."""
    fault = smoke_answers.SilentRefusals()
    memo = broken(session.world, fault)
    assert session.ask("GET", f"/ledger/{ABN}/PAYGW") == (404, {"error": "not_found"})
    fault.heal(session.world, memo, Deadline(20))
    assert set(session.ask("GET", f"/ledger/{ABN}/PAYGW")[1]) == {"error", "message", "correlationId"}


def test_a_pod_can_be_of_an_old_release_and_of_another_time(session: Session) -> None:
    """One pod names another version than its neighbour; both tell a time that is five minutes off."""
    world = session.world
    versions = [ask(world.get(f"api-gateway.{number}.url"), "GET", "/version")[1] for number in (1, 2)]
    assert versions[0] == versions[1]
    fault = smoke_door.OldPod()
    memo = broken(world, fault)
    old = ask(world.get("api-gateway.2.url"), "GET", "/version")[1]
    assert (old["version"], old["environment"]) == ("v0.0.1", "sandbox")
    assert ask(world.get("api-gateway.1.url"), "GET", "/version")[1] == versions[0]
    fault.heal(world, memo, Deadline(20))
    skew = smoke_door.ClockSkew()
    memo = broken(world, skew)
    ahead = Session(world)
    assert ahead.ask("GET", f"/registries/abn/{ABN}")[0] == 200
    skew.heal(world, memo, Deadline(20))
    assert ahead.ask("GET", f"/registries/abn/{ABN}")[0] == 401
