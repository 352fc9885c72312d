"""The gateway and the registries, as processes: who gets in, what a look-up answers, and what becomes of money."""

import stat
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults.kafka_tools import wait
from apgms_ops.sandbox.service_process.tenants import Credentials
from apgms_ops.sandbox.services import CREDENTIALS, ApiGateway
from tests.sandbox.service_process.gateway_client import ACTIVE, CANCELLED, LOOKUP, Platform, log_in

pytestmark = pytest.mark.sandbox


def eventually(so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    wait(so, Deadline(30), "what was asked for")


def test_without_the_second_factor_nobody_logs_in(platform: Platform) -> None:
    """A password alone is answered with mfa_required, a wrong code or password with unauthorized."""
    credentials = Credentials.read(Path(platform.world.get(CREDENTIALS)))
    status, answer = log_in(platform, credentials, otp=None)
    assert (status, answer["error"]) == (401, "mfa_required")
    for wrong in ({"otp": "000000"}, {"password": "wrong"}, {"username": "nobody"}):
        status, answer = log_in(platform, credentials, **wrong)
        assert (status, answer["error"]) == (401, "unauthorized")
    status, answer = log_in(platform, credentials)
    assert (status, answer["expiresIn"]) == (200, 900)


def test_without_a_token_nothing_is_told(platform: Platform) -> None:
    """Every route of business asks for a token."""
    platform.token = ""
    period = f"/v1/periods/{ACTIVE}/GST/2026-Q3/close"
    asked = [("GET", LOOKUP + ACTIVE), ("POST", "/v1/deposits"), ("POST", "/v1/payments"), ("GET", "/v1/payments/1")]
    asked += [("GET", f"/v1/ledger/{ACTIVE}/GST"), ("POST", period), ("GET", "/v1/audit/events?correlationId=a")]
    assert [platform.ask(method, path)[0] for method, path in asked] == [401] * len(asked)


def test_a_token_of_one_replica_opens_the_other(platform: Platform) -> None:
    """The replicas share the key."""
    assert platform.look_up(ACTIVE, "api-gateway.2") == (200, "active")


def test_look_ups_say_what_the_register_says(platform: Platform) -> None:
    """An active number, a cancelled one, one that is none, and one that nobody has."""
    assert platform.look_up(ACTIVE) == (200, "active")
    assert platform.look_up(CANCELLED) == (200, "cancelled")
    assert platform.look_up("12345678901") == (422, "abn_invalid")
    assert platform.look_up("98110000009") == (404, "abn_unknown")


def test_a_fresh_look_up_asks_the_register(platform: Platform) -> None:
    """What is remembered is told as such, unless the register is to be asked."""
    assert platform.ask("GET", LOOKUP + ACTIVE)[1]["source"] in {"abr", "cache"}
    assert platform.ask("GET", LOOKUP + ACTIVE)[1]["source"] == "cache"
    before = platform.counted("apgms_registry_lookup_duration_seconds_count", "registries.1", source="abr")
    assert platform.ask("GET", f"{LOOKUP}{ACTIVE}?fresh=true")[1]["source"] == "abr"
    after = platform.counted("apgms_registry_lookup_duration_seconds_count", "registries.1", source="abr")
    assert after == before + 1


def test_another_tenants_books_are_not_there(platform: Platform) -> None:
    """Neither read nor written, and not told from those that do not exist."""
    body = {"abn": "64600000010", "taxType": "GST", "period": "2026-Q3", "amountCents": 1}
    headers = {"Idempotency-Key": "a"}
    for path in ("/v1/deposits", "/v1/payments"):
        assert platform.ask("POST", path, body, **headers)[0] == 404
    assert platform.ask("GET", "/v1/ledger/64600000010/GST")[0] == 404
    assert platform.ask("POST", "/v1/periods/64600000010/GST/2026-Q3/close")[0] == 404


@pytest.mark.parametrize(
    ("more", "key", "status"),
    [
        ({"amountCents": 0}, "a", 422),
        ({"amountCents": "5"}, "a", 422),
        ({"amountCents": True}, "a", 422),
        ({"period": "2026-13"}, "a", 422),
        ({"taxType": "VAT"}, "a", 422),
        ({}, "", 400),
    ],
)
def test_a_deposit_that_says_too_little_is_refused(
    platform: Platform, more: dict[str, object], key: str, status: int
) -> None:
    """Amount, period, tax type and idempotency key are asked for."""
    body = {"abn": ACTIVE, "taxType": "GST", "period": "2026-Q3", "amountCents": 5, **more}
    assert platform.ask("POST", "/v1/deposits", body, **({"Idempotency-Key": key} if key else {}))[0] == status


def test_money_is_put_aside_and_paid_once(platform: Platform) -> None:
    """Deposit, refusal while the period is open, close, payment, its replay, and the same key for something else."""
    body = {"abn": ACTIVE, "taxType": "PAYGW", "period": "2026-Q3", "amountCents": 700}
    status, booked, _ = platform.ask("POST", "/v1/deposits", body, **{"Idempotency-Key": "deposit-1"})
    assert (status, booked["balanceAfterCents"] - booked["balanceBeforeCents"]) == (201, 700)
    assert platform.ask("POST", "/v1/payments", body, **{"Idempotency-Key": "early"})[1]["error"] == "period_open"
    status, closed, _ = platform.ask("POST", f"/v1/periods/{ACTIVE}/PAYGW/2026-Q3/close")
    assert (status, closed["dueCents"]) == (200, 700)
    status, paid, _ = platform.ask("POST", "/v1/payments", body, **{"Idempotency-Key": "payment-1"})
    again = platform.ask("POST", "/v1/payments", body, place="api-gateway.2", **{"Idempotency-Key": "payment-1"})
    assert (status, again[:2]) == (202, (202, paid))
    other = {**body, "amountCents": 701}
    status, conflict, _ = platform.ask("POST", "/v1/payments", other, **{"Idempotency-Key": "payment-1"})
    assert (status, conflict["error"]) == (409, "idempotency_conflict")
    eventually(lambda: platform.ask("GET", f"/v1/payments/{paid['paymentId']}")[1]["state"] == "ACK")
    entries = platform.ask("GET", f"/v1/ledger/{ACTIVE}/PAYGW")[1]["entries"]
    assert [entry["amountCents"] for entry in entries] == [700, -700]


def test_a_payment_of_another_tenant_is_not_told_from_none(platform: Platform) -> None:
    """Word for word the same answer, but for the correlation id."""
    body = {"abn": ACTIVE, "taxType": "PAYGW", "period": "2026-Q4", "amountCents": 5}
    platform.ask("POST", "/v1/deposits", body, **{"Idempotency-Key": "deposit-2"})
    platform.ask("POST", f"/v1/periods/{ACTIVE}/PAYGW/2026-Q4/close")
    payment = platform.ask("POST", "/v1/payments", body, **{"Idempotency-Key": "payment-2"})[1]["paymentId"]
    _, answer = log_in(platform, Credentials.read(Path(platform.world.get(f"{CREDENTIALS}.other"))))
    platform.token = answer["accessToken"]
    answers = [
        platform.ask("GET", f"/v1/payments/{wanted}", **{"X-Correlation-Id": "same"})[:2]
        for wanted in (payment, str(uuid.uuid4()), "nonsense")
    ]
    assert answers == [answers[0]] * 3
    assert answers[0][0] == 404


def test_what_was_done_is_found_by_its_correlation_id(platform: Platform) -> None:
    """The tenant finds its events with their hashes, and another tenant none of them."""
    wanted = str(uuid.uuid4())
    assert platform.ask("GET", LOOKUP + ACTIVE, **{"X-Correlation-Id": wanted})[0] == 200
    path = f"/v1/audit/events?correlationId={wanted}"
    eventually(lambda: len(platform.ask("GET", path)[1]["events"]) == 2)
    assert {event["action"] for event in platform.ask("GET", path)[1]["events"]} == {"registries.abn.lookup"}
    _, answer = log_in(platform, Credentials.read(Path(platform.world.get(f"{CREDENTIALS}.other"))))
    platform.token = answer["accessToken"]
    assert platform.ask("GET", path)[1] == {"events": []}


def test_a_service_says_who_it_is(platform: Platform) -> None:
    """Version and environment, and a correlation id that is the client's."""
    status, body, answer = platform.ask("GET", "/version", **{"X-Correlation-Id": "corr-9"})
    assert status == 200
    assert set(body) == {"service", "version", "gitSha", "builtAt", "environment"}
    assert (body["service"], body["environment"], body["version"]) == ("api-gateway", "sandbox", "v1.4.2")
    assert (body["gitSha"], body["builtAt"]) == (
        platform.world.get("release.sha"),
        platform.world.get("release.built_at"),
    )
    assert answer.headers["X-Correlation-Id"] == "corr-9"


def test_secrets_are_private_and_in_no_log(platform: Platform) -> None:
    """Key and credentials are for this user alone; neither they nor tokens are written to a log."""
    folder = platform.world.folder("api-gateway")
    credentials = Credentials.read(Path(platform.world.get(CREDENTIALS)))
    secret = [folder / "signing-key.pem", folder / "users.json", *folder.glob("credentials-*.json")]
    assert len(secret) == 6
    assert [stat.S_IMODE(path.stat().st_mode) for path in secret] == [0o600] * 6
    logged = "".join(path.read_text() for path in folder.glob("*.log"))
    assert '"event":"request"' in logged
    for text in (credentials.password, credentials.otp_secret, platform.token, "eyJ"):
        assert text not in logged


def test_a_process_ends_when_it_is_told_to(platform: Platform) -> None:
    """SIGTERM ends a replica within seconds, and says so in its log; it can be started again alone."""
    world, gateway = platform.world, ApiGateway()
    began = time.monotonic()
    world.stop("api-gateway", Deadline(20), process="api-gateway-2")
    assert time.monotonic() - began < 5
    assert '"event":"ended"' in world.log_tail("api-gateway", 1, process="api-gateway-2")
    gateway.start(world, Deadline(20))
    gateway.ready(world, Deadline(30))
    assert platform.look_up(ACTIVE, "api-gateway.2") == (200, "active")
