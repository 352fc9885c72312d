"""A log-in takes a password and a one-time password, unless it is broken on purpose."""

import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from apgms_ops.sandbox.service_process import gateway_login, tokens, totp
from apgms_ops.sandbox.service_process.gateway_login import LogIn
from apgms_ops.sandbox.service_process.message import Request
from apgms_ops.sandbox.service_process.switches import Spec, Switches
from apgms_ops.sandbox.service_process.tenants import SMOKE, invent
from apgms_ops.sandbox.service_process.tokens import Tokens

USER, CREDENTIALS = invent(SMOKE)
GOOD: dict[str, object] = {"username": CREDENTIALS.username, "password": CREDENTIALS.password}


def answered(body: dict[str, object], **on: object) -> tuple[int, dict[str, object], str]:
    """Return status and answer of a log-in, and the tenant that it is written down for."""
    switches = Switches(Spec(flags=(*gateway_login.FLAGS, *tokens.FLAGS), counts=tokens.COUNTS))
    switches.set(on)
    log_in = LogIn({USER.username: USER}, Tokens(Ed25519PrivateKey.generate(), switches=switches), switches)
    request = Request("POST", "/v1/auth/login", {}, {}, {}, json.dumps(body).encode(), "c")
    response, caller = log_in.answer(request)
    return response.status, json.loads(response.body), caller.org


def with_code() -> dict[str, object]:
    """Return a good log-in."""
    return {**GOOD, "otp": totp.code(CREDENTIALS.otp_secret, time.time())}


def test_both_factors_give_a_token() -> None:
    """It lives for a quarter of an hour, and is written down for the user's tenant."""
    status, answer, org = answered(with_code())
    assert (status, answer["expiresIn"], org) == (200, 900, SMOKE)


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"otp": None}, 401, "mfa_required"),
        ({"otp": ""}, 401, "mfa_required"),
        ({"otp": "000000x"}, 401, "unauthorized"),
        ({"password": "x"}, 401, "unauthorized"),
        ({"username": "x"}, 401, "unauthorized"),
        ({"username": None}, 422, "body_invalid"),
    ],
)
def test_anything_less_gives_none(change: dict[str, object], status: int, error: str) -> None:
    """One factor alone, or a wrong one, is refused, and written down for nobody's tenant."""
    found, answer, org = answered(with_code() | change)
    assert (found, answer["error"], org) == (status, error, "org-platform")


def test_a_log_in_can_be_broken_or_too_easy() -> None:
    """Switched, everybody is answered 500, or a password is enough; a wrong one never is."""
    assert answered(with_code(), login_fails=True)[0] == 500
    assert answered(GOOD, otp_optional=True)[0] == 200
    assert answered(GOOD | {"password": "x"}, otp_optional=True)[0] == 401


def test_a_token_says_how_long_it_lives() -> None:
    """A log-in tells the life that its token has, whatever that is."""
    assert answered(with_code(), token_seconds=86_400)[1]["expiresIn"] == 86_400
