"""Tokens and keys: read strictly, and verified by what the key is, never by what the token says of itself."""

import base64
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.identity import jwk, token
from tests.evidence.identity.issuing import EC_KEY, OTHER_KEY, RSA_KEY, claims_of, jwk_of, signed

CLAIMS = claims_of("https://issuer.example", "apgms-ops-evidence:run")
KEYS = jwk.key_set(json.dumps({"keys": [jwk_of(RSA_KEY, "one"), jwk_of(EC_KEY, "two")]}).encode())


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(header: object, payload: object = CLAIMS, signature: bytes | None = None) -> str:
    """Return a token with any header; by default signed with the issuer's key, as RS256 does."""
    signing = ".".join(
        b64(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in (header, payload)
    )
    made = RSA_KEY.sign(signing.encode(), padding.PKCS1v15(), hashes.SHA256()) if signature is None else signature
    return f"{signing}.{b64(made)}"


@pytest.mark.parametrize(("private", "name", "algorithm"), [(RSA_KEY, "one", "RS256"), (EC_KEY, "two", "ES256")])
def test_a_token_by_another_library_verifies(private: Any, name: str, algorithm: str) -> None:  # noqa: ANN401 — RSA or EC
    """What PyJWT signs by RS256 and by ES256 verifies, and says what went in."""
    found = token.read(signed(CLAIMS, private, name, algorithm))
    assert found.signer(KEYS).name == name
    assert found.signed.claims == CLAIMS


def _hs256() -> str:
    pem = RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    signing = f"{b64(json.dumps({'alg': 'HS256', 'kid': 'one'}).encode())}.{b64(json.dumps(CLAIMS).encode())}"
    return f"{signing}.{b64(hmac.digest(pem, signing.encode(), 'sha256'))}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(jwt.encode(CLAIMS, "", algorithm="none", headers={"kid": "one"}), "signed by 'none'", id="none"),
        pytest.param(forged({"alg": "none", "kid": "one"}, signature=b""), "signed by 'none'", id="none, unsigned"),
        pytest.param(forged({"alg": "RS256", "kid": "one"}, signature=b""), "does not verify", id="no signature"),
        pytest.param(_hs256(), "signed by 'HS256'", id="HS256 with the public key"),
        pytest.param(forged({"alg": "ES256", "kid": "one"}), "signed by 'ES256'", id="another algorithm"),
        pytest.param(forged({"alg": "RS256", "kid": "two"}), "signed by 'RS256'", id="another key's name"),
        pytest.param(forged({"alg": "RS256", "kid": "three"}), "does not publish", id="key unknown"),
        pytest.param(forged({"alg": "RS256"}), "does not name its key", id="no key"),
        pytest.param(forged({"alg": "RS256", "kid": 1}), "does not name its key", id="key of another kind"),
        pytest.param(forged({"alg": "RS256", "kid": "one", "crit": ["b64"]}), "not understood", id="crit"),
        pytest.param(forged({"alg": "RS256", "kid": "one", "typ": "at+jwt"}), "not understood", id="another type"),
        pytest.param(signed(CLAIMS, OTHER_KEY), "does not verify", id="signed by another"),
        pytest.param(
            signed(CLAIMS, ec.generate_private_key(ec.SECP256R1()), "two", "ES256"), "does not verify", id="other point"
        ),
        pytest.param(forged(b'{"alg":"none","alg":"RS256","kid":"one"}'), "says? something twice", id="twice"),
        pytest.param(
            forged({"alg": "RS256", "kid": "one"}, b'{"iss":"a","iss":"b"}'), "something twice", id="claim twice"
        ),
        pytest.param(forged({"alg": "RS256", "kid": "one"}, b'{"iat":NaN}'), "no JSON object", id="not a number"),
        pytest.param(forged({"alg": "RS256", "kid": "one"}, b"[1]"), "no JSON object", id="no object"),
        pytest.param(forged({"alg": "RS256", "kid": "one"}, b"\xff{}"), "not UTF-8", id="not UTF-8"),
        pytest.param(signed(CLAIMS).replace(".", ".="), "not base64url", id="padded"),
        pytest.param(signed(CLAIMS) + "\n", "not base64url", id="line break"),
        pytest.param("a.b", "is none", id="two parts"),
        pytest.param("", "is none", id="nothing"),
        pytest.param(f"{'A' * 40000}.e30.AA", "is none", id="too long"),
        pytest.param(signed(CLAIMS) + "é", "not base64url", id="not ASCII"),
    ],
)
def test_what_is_no_token_of_the_issuers_is_refused(text: str, words: str) -> None:
    """Each way to get round a signature is refused, and no error repeats the token."""
    with pytest.raises(EvidenceInvalid, match=words) as raised:
        token.read(text).signer(KEYS)
    assert not [part for part in text.split(".") if len(part) > 10 and part in str(raised.value)]


def test_a_token_does_not_print_its_signature() -> None:
    """What makes a token usable is in no `repr` of it."""
    text = signed(CLAIMS)
    assert text.rpartition(".")[2] not in repr(token.read(text))
    assert repr(token.read(text).signature) not in repr(token.read(text))


def test_a_signature_in_another_form_is_refused() -> None:
    """Base64url whose last bits are not 0 stands for the same bytes, and is not taken: a token has one form."""
    head, _, last = signed(CLAIMS).rpartition(".")
    other = last[:-1] + chr(ord(last[-1]) + 1)
    assert base64.urlsafe_b64decode(f"{other}==") == base64.urlsafe_b64decode(f"{last}==")
    with pytest.raises(EvidenceInvalid, match="one form"):
        token.read(f"{head}.{other}")


def _weak(**changed: object) -> dict[str, Any]:
    return jwk_of(RSA_KEY, "one") | changed


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        pytest.param([_weak(e="Aw")], "no RSA key", id="exponent 3"),
        pytest.param(
            [jwk_of(rsa.generate_private_key(public_exponent=65537, key_size=1024), "weak")],  # noqa: S505 — that is the point
            "no RSA",
            id="1024",
        ),
        pytest.param([_weak(n=None)], "lacks one of", id="no modulus"),
        pytest.param([_weak(kid=None)], "without its name", id="no name"),
        pytest.param([_weak(kid="a\u202eb")], "without its name", id="name that turns the line"),
        pytest.param([jwk_of(EC_KEY, "two") | {"x": "AA"}], "no point", id="short coordinate"),
        pytest.param([_weak(), jwk_of(OTHER_KEY, "one")], "one name", id="two of one name"),
        pytest.param([_weak(use="enc")], "none of its keys", id="for encryption"),
        pytest.param([_weak(alg="PS256")], "none of its keys", id="for another algorithm"),
        pytest.param([{"kty": "oct", "k": "AA", "kid": "one"}], "none of its keys", id="symmetric"),
        pytest.param([jwk_of(ec.generate_private_key(ec.SECP384R1()), "x")], "none of its keys", id="P-384"),
        pytest.param([1], "no JSON object", id="no object"),
        pytest.param([], "none of its keys", id="none"),
        pytest.param({}, "list of at most", id="no list"),
        pytest.param([_weak()] * 200, "list of at most", id="too many"),
    ],
)
def test_keys_that_are_not_fit_are_refused(keys: object, words: str) -> None:
    """A set of keys that is weak, ambiguous or malformed is refused as a whole, or holds nothing that verifies."""
    with pytest.raises(EvidenceInvalid, match=words):
        jwk.key_set(json.dumps({"keys": keys}).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"1", b"\xff", b"[" * 100_000])
def test_what_is_no_set_of_keys_is_refused(data: bytes) -> None:
    """Anything else than a JWK set is refused."""
    with pytest.raises(EvidenceInvalid, match="not a set of keys"):
        jwk.key_set(data)


def test_a_point_that_is_not_on_the_curve_verifies_nothing() -> None:
    """A key whose point lies elsewhere verifies no signature, and raises nothing."""
    off = jwk.key(jwk_of(EC_KEY, "two") | {"x": b64(b"\x01" * 32)})
    assert off is not None
    assert not off.verifies(b"\x01" * 64, b"data")


def test_a_key_is_called_by_its_thumbprint() -> None:
    """The thumbprint is the one of RFC 7638's own example."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMst"
        "n64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1"
        "n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    found = jwk.key({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
    assert found is not None
    assert b64(bytes.fromhex(found.id)) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
