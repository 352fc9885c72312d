"""Access tokens, read and forged."""

import base64
import json

import pytest

from apgms_ops.clients.gateway.tokens import forgeries, read
from apgms_ops.errors import BadAnswer
from apgms_ops.secret import Secret

CLAIMS = {"sub": "user-1", "org": "org-1", "amr": ["pwd", "otp"], "iat": 1_700_000_000, "exp": 1_700_000_900}


def part(value: object) -> str:
    """Return a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def opened(token: Secret) -> tuple[dict[str, object], dict[str, object], str]:
    """Return header, claims and signature."""
    header, claims, signature = token.reveal().split(".")
    first, second = (json.loads(base64.urlsafe_b64decode(one + "=" * (-len(one) % 4))) for one in (header, claims))
    return first, second, signature


TOKEN = Secret(f"{part({'alg': 'EdDSA'})}.{part(CLAIMS)}.c2lnbmF0dXJl")


def test_the_claims_are_read() -> None:
    """Whose it is, how it was got, and when it ends."""
    seen = read(TOKEN)
    assert (seen.algorithm, seen.subject, seen.organisation, seen.factors) == (
        "EdDSA",
        "user-1",
        "org-1",
        ("pwd", "otp"),
    )
    assert seen.issued_at is not None
    assert seen.expires_at is not None
    assert (seen.expires_at - seen.issued_at).total_seconds() == 900
    assert "c2lnbmF0dXJl" not in repr(seen)


@pytest.mark.parametrize("text", ["opaque", "a.b", "a.b.c", f"{part([])}.{part({})}.x", f"{part({})}.!!.x"])
def test_what_is_no_jwt_is_not_repeated(text: str) -> None:
    """A token that is none is said to be none, and not shown."""
    with pytest.raises(BadAnswer, match="no JWT") as caught:
        read(Secret(text))
    assert text not in str(caught.value)


def test_claims_of_the_wrong_type_are_not_there() -> None:
    """A claim that is not what it must be is told as missing, never guessed."""
    seen = read(Secret(f"{part({})}.{part({'sub': 1, 'org': [], 'amr': 'otp', 'iat': True, 'exp': 1e300})}.x"))
    assert (seen.subject, seen.organisation, seen.factors, seen.issued_at, seen.expires_at) == (
        None,
        None,
        (),
        None,
        None,
    )


def test_forgeries_say_what_a_good_token_would() -> None:
    """Each has one thing wrong: no signature, other claims under the old one, or no second factor."""
    made = {name: opened(token) for name, token in forgeries(TOKEN).items()}
    assert made["unsigned"][0]["alg"] == "none"
    assert made["unsigned"][1:] == (CLAIMS, "")
    assert made["altered"][1]["exp"] == CLAIMS["exp"] + 3600  # type: ignore[operator]
    assert made["without-second-factor"][1]["amr"] == ["pwd"]
    assert all(token.reveal() != TOKEN.reveal() for token in forgeries(TOKEN).values())
