"""A token opens the gateway only if all of it is as it must be."""

import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from apgms_ops.sandbox.service_process.message import Refused
from apgms_ops.sandbox.service_process.switches import Spec, Switches
from apgms_ops.sandbox.service_process.tenants import ORG, invent
from apgms_ops.sandbox.service_process.tokens import COUNTS, FLAGS, LIFETIME, Tokens

KEY = Ed25519PrivateKey.generate()
TOKENS = Tokens(KEY)
USER, CREDENTIALS = invent(ORG)


def claims(**more: object) -> dict[str, object]:
    """Return good claims, some of them changed."""
    now = int(time.time())
    good: dict[str, object] = {
        "iss": "apgms", "aud": "apgms-api", "sub": "user", "org": ORG, "roles": ["operator"],
        "amr": ["pwd", "otp"], "iat": now, "exp": now + LIFETIME,
    }  # fmt: skip
    return {name: value for name, value in {**good, **more}.items() if value is not None}


def refused(header: str) -> int:
    """Return the status that a header is refused with."""
    with pytest.raises(Refused) as error:
        TOKENS.caller(header)
    return error.value.status


def test_an_issued_token_names_its_user_and_lives_for_a_quarter_of_an_hour() -> None:
    """What is issued is accepted, and holds every claim that the platform promises."""
    token = TOKENS.issue(USER)
    caller = TOKENS.caller(f"Bearer {token}")
    assert (caller.subject, caller.org) == (USER.subject, ORG)
    held = jwt.decode(token, options={"verify_signature": False})
    assert set(held) == {"iss", "aud", "sub", "org", "roles", "amr", "iat", "exp"}
    assert held["exp"] - held["iat"] == 900
    assert "otp" in held["amr"]


def test_a_token_without_the_second_factor_is_refused() -> None:
    """A password alone opens nothing."""
    assert refused(f"Bearer {TOKENS.issue(USER, ('pwd',))}") == 403


@pytest.mark.parametrize(
    "more",
    [
        {"exp": int(time.time()) - 5},
        {"aud": "another"},
        {"iss": "another"},
        {"amr": None},
        {"org": None},
        {"exp": None},
        {"exp": int(time.time()) + 7 * 86400},
        {"iat": int(time.time()) + 86400, "exp": int(time.time()) + 86460},
        {"exp": "tomorrow"},
        {"exp": True},
        {"iat": 1.5},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_token_that_is_over_or_meant_for_others_is_refused(more: dict[str, object]) -> None:
    """Each claim counts."""
    assert refused(f"Bearer {jwt.encode(claims(**more), KEY, algorithm='EdDSA')}") == 401


def test_a_token_that_somebody_else_signed_is_refused() -> None:
    """Only the gateway's key signs, and a token without signature is none."""
    assert refused(f"Bearer {jwt.encode(claims(), Ed25519PrivateKey.generate(), algorithm='EdDSA')}") == 401
    assert refused(f"Bearer {jwt.encode(claims(), '', algorithm='none')}") == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dTpw", "Bearer not.a.token", "Bearer a b"])
def test_without_a_token_nobody_gets_in(header: str) -> None:
    """No token, or something else, is 401."""
    assert refused(header) == 401


def test_a_password_is_told_from_another() -> None:
    """Only the invented password is the user's, and it is not written down with the user."""
    assert USER.has_password(CREDENTIALS.password)
    assert not USER.has_password(CREDENTIALS.password + "x")
    assert CREDENTIALS.password not in repr(USER)


def switched(**wanted: object) -> Tokens:
    """Return tokens that are wrong on purpose."""
    switches = Switches(Spec(flags=FLAGS, counts=COUNTS))
    switches.set(wanted)
    return Tokens(KEY, switches=switches)


def test_a_gateway_whose_clock_is_wrong_believes_itself_alone() -> None:
    """What is issued by a clock that is ahead is good by that clock, and not yet by the right one."""
    ahead = Tokens(KEY, clock=lambda: time.time() + 300)
    token = f"Bearer {ahead.issue(USER)}"
    assert ahead.caller(token).org == ORG
    assert refused(token) == 401


def test_a_token_can_outlive_its_life() -> None:
    """One that is over is taken where nobody looks, and only there."""
    over = f"Bearer {jwt.encode(claims(iat=int(time.time()) - 60, exp=int(time.time()) - 5), KEY, algorithm='EdDSA')}"
    assert switched(accept_expired_tokens=True).caller(over).subject == "user"
    assert refused(over) == 401


def test_a_token_can_live_for_too_long() -> None:
    """It says so, and is taken by the one gateway that makes such tokens."""
    lenient = switched(token_seconds=86_400, accept_long_tokens=True)
    token = lenient.issue(USER)
    held = jwt.decode(token, options={"verify_signature": False})
    assert (held["exp"] - held["iat"], lenient.lifetime) == (86_400, 86_400)
    assert lenient.caller(f"Bearer {token}").org == ORG
    assert refused(f"Bearer {token}") == 401


def test_a_token_can_be_believed_whoever_made_it() -> None:
    """Without a second factor, with a foreign signature, with none, or without a token at all."""
    one_factor = f"Bearer {TOKENS.issue(USER, ('pwd',))}"
    assert switched(accept_one_factor=True).caller(one_factor).org == ORG
    foreign = jwt.encode(claims(), Ed25519PrivateKey.generate(), algorithm="EdDSA")
    unsigned = jwt.encode(claims(), "", algorithm="none")
    assert [switched(accept_forged=True).caller(f"Bearer {token}").org for token in (foreign, unsigned)] == [ORG, ORG]
    assert switched(accept_anonymous=True).caller("").subject == "anonymous"
