"""The proof that a signature was seen: whoever saw it can make one, nobody else, and it gives nothing away."""

import json
import random
import secrets
from math import gcd

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.identity import jwk, proof
from apgms_ops.evidence.identity.jwk import encoded
from tests.evidence.identity.issuing import EC_KEY, OTHER_KEY, RSA_KEY, issuer_key

DATA = b"header.payload"


KEY = issuer_key(RSA_KEY)
SIGNATURE = RSA_KEY.sign(DATA, padding.PKCS1v15(), hashes.SHA256())


def test_a_proof_holds_of_what_was_signed_and_of_nothing_else() -> None:
    """It holds for key and data, not for other data, and not for another key."""
    made = proof.prove(KEY, DATA, SIGNATURE)
    assert proof.holds(KEY, DATA, made)
    assert not proof.holds(KEY, DATA + b"x", made)
    assert not proof.holds(issuer_key(OTHER_KEY), DATA, made)
    assert not proof.holds(issuer_key(EC_KEY), DATA, made)


def test_without_the_signature_no_proof_is_made() -> None:
    """What is not the key's signature over the data is refused before anything is computed with it."""
    for wrong in (b"", b"\x01" * 256, OTHER_KEY.sign(DATA, padding.PKCS1v15(), hashes.SHA256())):
        with pytest.raises(EvidenceInvalid):
            proof.prove(KEY, DATA, wrong)


def test_an_answer_of_nothing_fits_no_challenge() -> None:
    """Answers of 0, whose commitment would be 0 whatever the challenge is, and of multiples of n, are no proof."""
    n = KEY.modulus
    challenge = proof._challenge(n, DATA, [0] * 16)
    for value in (b"\x00" * 256, n.to_bytes(256, "big"), b""):
        forged = {"scheme": proof.SCHEME, "challenge": challenge.hex(), "answers": [encoded(value)] * 16}
        assert not proof.holds(KEY, DATA, forged)


def test_a_challenge_cannot_be_chosen() -> None:
    """Answers that fit challenges of one's own choice do not fit the hash of their commitments."""
    n, padded = KEY.modulus, proof._padded(DATA, KEY.modulus)
    challenge = secrets.token_bytes(32)
    answers = [1 + secrets.randbelow(n - 1) for _ in range(16)]
    forged = {
        "scheme": proof.SCHEME,
        "challenge": challenge.hex(),
        "answers": [encoded(answer.to_bytes(256, "big")) for answer in answers],
    }
    assert gcd(padded, n) == 1
    assert not proof.holds(KEY, DATA, forged)
    # Nor with the challenge that the commitments of those answers would call for.
    commitments = [
        pow(a, 65537, n) * pow(padded, -c, n) % n for a, c in zip(answers, proof._split(challenge), strict=True)
    ]
    assert not proof.holds(KEY, DATA, forged | {"challenge": proof._challenge(n, DATA, commitments).hex()})


def test_every_part_of_a_proof_counts() -> None:
    """A bit of the challenge or of any answer that is turned, or answers in another order, make it none."""
    made = proof.prove(KEY, DATA, SIGNATURE)
    turned = bytes.fromhex(made["challenge"])
    assert not proof.holds(KEY, DATA, made | {"challenge": bytes([turned[0] ^ 1, *turned[1:]]).hex()})
    for number in range(16):
        answers = list(made["answers"])
        data = bytearray(jwk.decoded(answers[number]))
        data[-1] ^= 1
        answers[number] = encoded(bytes(data))
        assert not proof.holds(KEY, DATA, made | {"answers": answers})
    assert not proof.holds(KEY, DATA, made | {"answers": list(reversed(made["answers"]))})


@pytest.mark.parametrize(
    "changed",
    [
        {"scheme": "gq1"},
        {"challenge": "00"},
        {"challenge": "zz"},
        {"challenge": 1},
        {"answers": []},
        {"answers": ["AA"] * 15},
        {"answers": ["A="] * 16},
        {"answers": None},
        {"more": 1},
    ],
    ids=str,
)
def test_a_malformed_proof_is_invalid(changed: dict[str, object]) -> None:
    """What is not a proof in its one form is refused as evidence."""
    with pytest.raises(EvidenceInvalid):
        proof.holds(KEY, DATA, proof.prove(KEY, DATA, SIGNATURE) | changed)


def test_the_signature_does_not_show() -> None:
    """No answer is the signature or its inverse, two proofs of one signature have nothing in common, and r is fresh."""
    first, second = (proof.prove(KEY, DATA, SIGNATURE) for _ in range(2))
    root = int.from_bytes(SIGNATURE, "big")
    shown = {int.from_bytes(jwk.decoded(answer), "big") for answer in (*first["answers"], *second["answers"])}
    assert len(shown) == 32
    assert not shown & {root, pow(root, -1, KEY.modulus)}
    assert encoded(SIGNATURE) not in json.dumps([first, second])


def test_a_proof_is_what_the_equations_say() -> None:
    """With known random numbers every answer is r * S^c: the code does what its docstring says."""
    seed = random.Random(7)  # noqa: S311 — a test's
    made = proof.prove(KEY, DATA, SIGNATURE, seed.randrange)
    again, n = random.Random(7), KEY.modulus  # noqa: S311 — a test's
    root = int.from_bytes(SIGNATURE, "big")
    assert pow(root, 65537, n) == proof._padded(DATA, n)
    for answer, c in zip(made["answers"], proof._split(bytes.fromhex(made["challenge"])), strict=True):
        assert int.from_bytes(jwk.decoded(answer), "big") == (1 + again.randrange(n - 1)) * pow(root, c, n) % n


@pytest.mark.parametrize("bits", [2048, 3072])
def test_a_key_of_any_size_proves(bits: int) -> None:
    """What is padded fits the key, of 2048 bits and of more."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    own = issuer_key(private)
    assert proof.holds(own, DATA, proof.prove(own, DATA, private.sign(DATA, padding.PKCS1v15(), hashes.SHA256())))
