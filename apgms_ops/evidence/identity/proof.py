"""Proves that an RS256 signature was seen, without showing it. Pure.

By Guillou and Quisquater (1988; GQ1 of ISO/IEC 14888-2). Whoever holds a token's signature can use the token. Whoever
holds this proof can only see that its maker held one: an e-th root S of the padded digest X of what was signed, S^e = X
modulo n. The maker commits to r^e, a hash of all that chooses c, and r * S^c answers. Who knows no root answers one
challenge of 2^16 at most; sixteen at once leave 2^-256. A random r is used once, so that the answers say nothing of S.
OpenPubkey keeps tokens of CI jobs in the same way.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from math import gcd
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.identity.jwk import EXPONENT, IssuerKey, decoded, encoded

SCHEME: Final = "gq1-rs256-sha256"
_ROUNDS: Final = 16
_STEP: Final = 2
"""Bytes of one challenge: below the exponent, which is prime, as the proof needs it."""
_DOMAIN: Final = b"apgms-ops identity " + SCHEME.encode() + b"\n"
_SHA256: Final = bytes.fromhex("3031300d060960864801650304020105000420")
"""What comes before a SHA-256 digest in an RS256 signature (DigestInfo, RFC 8017 section 9.2)."""


def prove(
    key: IssuerKey, data: bytes, signature: bytes, below: Callable[[int], int] = secrets.randbelow
) -> dict[str, Any]:
    """Return the proof that `signature` is the key's over `data`.

    Args:
        key: An RSA key that verifies it.
        data: What is signed.
        signature: Not to be found in what is returned.
        below: A random number from 0 up, below its argument; for a test.

    Raises:
        EvidenceInvalid: The signature is not the key's: of what is not so, there is no proof.
    """
    if key.algorithm != "RS256" or not key.verifies(signature, data):
        msg = "the signature is not one that can be proven"
        raise EvidenceInvalid(msg)
    n, root = key.modulus, int.from_bytes(signature, "big")
    randoms = [1 + below(n - 1) for _ in range(_ROUNDS)]
    challenge = _challenge(n, data, [pow(random, EXPONENT, n) for random in randoms])
    answers = [random * pow(root, c, n) % n for random, c in zip(randoms, _split(challenge), strict=True)]
    return {"scheme": SCHEME, "challenge": challenge.hex(), "answers": [encoded(_bytes(s, n)) for s in answers]}


def holds(key: IssuerKey, data: bytes, proof: Mapping[str, Any]) -> bool:
    """Whether a proof shows that its maker held the key's signature over `data`.

    Raises:
        EvidenceInvalid: It is malformed.
    """
    challenge, answers = _read(proof)
    if key.algorithm != "RS256":
        return False
    n = key.modulus
    padded = _padded(data, n)
    commitments = []
    for answer, c in zip(answers, _split(challenge), strict=True):
        # An answer of 0 would fit every challenge.
        if not 0 < answer < n or gcd(answer, n) != 1:
            return False
        try:
            commitments.append(pow(answer, EXPONENT, n) * pow(padded, -c, n) % n)
        except ValueError:  # no inverse: what was signed shares a factor with n
            return False
    return _challenge(n, data, commitments) == challenge


def _read(proof: Mapping[str, Any]) -> tuple[bytes, list[int]]:
    try:
        challenge = bytes.fromhex(proof["challenge"])
        answers = [int.from_bytes(decoded(answer), "big") for answer in proof["answers"]]
        sound = set(proof) == {"scheme", "challenge", "answers"} and proof["scheme"] == SCHEME
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"a malformed proof ({type(error).__name__})"
        raise EvidenceInvalid(msg) from error
    if not sound or len(challenge) != _ROUNDS * _STEP or len(answers) != _ROUNDS:
        msg = "a malformed proof, or one of another scheme"
        raise EvidenceInvalid(msg)
    return challenge, answers


def _padded(data: bytes, n: int) -> int:
    """Return what an RS256 signature is the root of (EMSA-PKCS1-v1_5), whole: there is nothing in it to be read."""
    end = b"\x00" + _SHA256 + hashlib.sha256(data).digest()
    length = (n.bit_length() + 7) // 8
    return int.from_bytes(b"\x00\x01" + b"\xff" * (length - len(end) - 2) + end, "big")


def _challenge(n: int, data: bytes, commitments: Sequence[int]) -> bytes:
    # Each part is of a length that n fixes, but for n itself, whose length comes first.
    length = (n.bit_length() + 7) // 8
    hashed = hashlib.sha256(_DOMAIN + length.to_bytes(4, "big") + _bytes(n, n) + hashlib.sha256(data).digest())
    for commitment in commitments:
        hashed.update(_bytes(commitment, n))
    return hashed.digest()


def _split(challenge: bytes) -> list[int]:
    return [int.from_bytes(challenge[at : at + _STEP], "big") for at in range(0, len(challenge), _STEP)]


def _bytes(value: int, n: int) -> bytes:
    return value.to_bytes((n.bit_length() + 7) // 8, "big")
