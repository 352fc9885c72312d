"""Keys that seal: of every kind, from every place, and never shown."""

import base64
import json
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from securesystemslib.dsse import Envelope as TheirEnvelope
from securesystemslib.signer._key import SSlibKey

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ConfigurationError, EvidenceInvalid
from apgms_ops.evidence import dsse, keys, trust
from apgms_ops.evidence.dsse import Envelope
from apgms_ops.evidence.signing import signer_of
from apgms_ops.evidence.trust import SealKey
from tests.evidence.making import BEGAN, DAY, Key

KINDS: dict[str, Any] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "p521": ec.generate_private_key(ec.SECP521R1()),
    "rsa": rsa.generate_private_key(65537, 2048),
}
WEAK = 1024
PAYLOAD = b'{"a":1}'


def sealed(key: Key) -> bytes:
    """Return an envelope that a key signed."""
    signature = key.signer.sign(dsse.encoding(PAYLOAD), Deadline(5))
    return Envelope(PAYLOAD, key.trusted.public.id, signature).to_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_each_kind_seals_and_verifies(kind: str, tmp_path: Path) -> None:
    """What a key signs, its public half verifies, read from its file; and no other data."""
    key = Key(KINDS[kind], kind)
    (tmp_path / "key.pem").write_text(key.pem)
    (tmp_path / "key.pub").write_text(key.trusted.public.pem)
    signer = signer_of(f"file:{tmp_path}/key.pem", (), BEGAN, {})
    public = trust.of_files([tmp_path / "key.pub"]).keys[0].public
    signature = signer.sign(b"data", Deadline(5))
    assert public.verifies(signature, b"data")
    assert not public.verifies(signature, b"date")
    assert not public.verifies(signature[:-1], b"data")
    assert public.id == signer.public.id


@pytest.mark.parametrize("kind", KINDS)
def test_others_who_speak_dsse_verify_our_envelopes(kind: str) -> None:
    """Securesystemslib reads our envelope and verifies its signature: the form is not ours alone."""
    key = Key(KINDS[kind], kind)
    envelope = TheirEnvelope.from_dict(json.loads(sealed(key)))
    theirs = SSlibKey.from_crypto(key.private.public_key(), keyid=key.trusted.public.id)
    assert envelope.verify([theirs], 1)
    assert envelope.payload == PAYLOAD


def test_an_envelope_is_read_back_as_it_was_written() -> None:
    """Payload, key and signature come back from the file's bytes."""
    data = sealed(Key(KINDS["ed25519"], "a"))
    assert dsse.parse(data).to_bytes() == data


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{}", b'{"payloadType":1}', b"[" * 100_000, b"\xff"])
def test_what_is_no_envelope_is_refused(data: bytes) -> None:
    """Something else in the place of an envelope is an error that names the file."""
    with pytest.raises(EvidenceInvalid, match=r"attestation\.json: "):
        dsse.parse(data)


@pytest.mark.parametrize(
    "weak",
    [rsa.generate_private_key(65537, WEAK), ec.generate_private_key(ec.SECP256K1())],
    ids=["short rsa", "another curve"],
)
def test_a_weak_or_foreign_kind_of_key_is_refused(weak: Any, tmp_path: Path) -> None:  # noqa: ANN401 — of two kinds
    """A key of a kind that is not known to be sound neither seals nor verifies."""
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(weak.private_bytes(*form))
    with pytest.raises(ConfigurationError, match="a key that seals is ed25519"):
        signer_of(f"file:{tmp_path}/key.pem", (), BEGAN, {})


def test_a_private_key_in_the_place_of_a_public_one_is_refused_and_not_shown(tmp_path: Path) -> None:
    """Whoever names the wrong file is told which to name, and reads nothing of it."""
    pem = Key(KINDS["ed25519"], "a").pem
    (tmp_path / "key.pub").write_text(pem)
    with pytest.raises(ConfigurationError, match="this is a private key") as refused:
        trust.of_files([tmp_path / "key.pub"])
    assert pem.splitlines()[1] not in str(refused.value)


def test_an_encrypted_key_is_refused(tmp_path: Path) -> None:
    """A key with a passphrase would wait for somebody at 3 a.m.: it is refused at once."""
    locked = serialization.BestAvailableEncryption(b"pass")
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    (tmp_path / "key.pem").write_bytes(KINDS["ed25519"].private_bytes(*form))
    with pytest.raises(ConfigurationError, match="it asks for a passphrase"):
        signer_of(f"file:{tmp_path}/key.pem", (), BEGAN, {})


def test_a_signer_shows_no_part_of_its_key() -> None:
    """Printing a signer, or a key, shows its public half alone."""
    key = Key(KINDS["ed25519"], "a")
    signer = signer_of("env:KEY", (), BEGAN, {"KEY": key.pem})
    assert key.pem.splitlines()[1] not in repr(signer) + str(signer)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [(BEGAN + DAY, BEGAN + 2 * DAY, "ops is not in force now"), (BEGAN - 2 * DAY, BEGAN, "ops is not in force now")],
    ids=["not yet", "rotated out"],
)
def test_a_key_out_of_force_does_not_seal(start: Any, end: Any, words: str) -> None:  # noqa: ANN401 — times
    """A key seals from its first moment to its last, and not at the last."""
    key = Key(KINDS["p256"], "ops", start, end)
    with pytest.raises(ConfigurationError, match=words):
        signer_of("env:KEY", (key.trusted,), BEGAN, {"KEY": key.pem})
    assert signer_of("env:KEY", (key.trusted,), end - timedelta(microseconds=1), {"KEY": key.pem}).name == "ops"


def test_a_key_that_nobody_believes_does_not_seal() -> None:
    """Where keys are named, another one does not seal: no verifier would believe it."""
    key, other = Key(KINDS["ed25519"], "a"), Key(KINDS["p256"], "b")
    with pytest.raises(ConfigurationError, match="its public key is not among trusted_keys"):
        signer_of("env:KEY", (other.trusted,), BEGAN, {"KEY": key.pem})


class Kms(BaseHTTPRequestHandler):
    """AWS KMS, as far as signing a digest goes."""

    mode = "sign"
    timeout = 2

    def do_POST(self) -> None:
        """Sign, refuse, or say nothing."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.mode == "silent":
            self.rfile.read(1)
            return
        if self.mode == "refuse":
            self._say(400, {"__type": "AccessDeniedException", "message": "not authorised to perform kms:Sign"})
            return
        private = KINDS["p256"] if self.mode == "sign" else ec.generate_private_key(ec.SECP256R1())
        made = private.sign(base64.b64decode(asked["Message"]), ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        body = {"KeyId": asked["KeyId"], "Signature": base64.b64encode(made).decode()}
        self._say(200, body | {"SigningAlgorithm": asked["SigningAlgorithm"]})

    def _say(self, status: int, body: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None:
        """Keep silent."""


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Kms]]:
    """A service that signs, where boto3 looks for AWS's."""
    handler = type("Handler", (Kms,), {})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name, value in {
        "AWS_ENDPOINT_URL_KMS": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "ap-southeast-2",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    yield handler
    server.shutdown()
    server.server_close()


def _by_kms() -> SealKey:
    return Key(KINDS["p256"], "kms").trusted


@pytest.mark.usefixtures("kms")
def test_a_key_in_a_kms_seals_by_its_reference() -> None:
    """A key that never leaves its KMS seals: what comes back verifies by the public key that the environment names."""
    signer = signer_of("awskms:alias/apgms", (_by_kms(),), BEGAN, {})
    assert _by_kms().public.verifies(signer.sign(b"data", Deadline(30)), b"data")
    assert signer.name == "kms"


@pytest.mark.parametrize(
    ("mode", "seconds", "words"),
    [
        ("refuse", 30, "cannot be used: ClientError: .*AccessDenied"),
        ("other", 30, "gave a signature that its public key does not verify"),
        ("silent", 1, "no signature within 1 s"),
    ],
)
def test_a_kms_that_gives_no_signature_is_told(kms: type[Kms], mode: str, seconds: float, words: str) -> None:
    """Refused, wrong or silent: one clear line, within the deadline."""
    import boto3  # noqa: PLC0415 — loading it is not what is timed

    assert boto3
    kms.mode = mode
    with pytest.raises(ConfigurationError, match=words):
        signer_of("awskms:alias/apgms", (_by_kms(),), BEGAN, {}).sign(b"data", Deadline(seconds))


@pytest.mark.parametrize("count", [0, 2])
def test_a_kms_needs_one_public_key_in_force(count: int) -> None:
    """With none or several in force nobody knows which the service signs with."""
    believed = [Key(KINDS[kind], kind).trusted for kind in ("p256", "p384")][:count]
    with pytest.raises(ConfigurationError, match="name its public key in trusted_keys"):
        signer_of("awskms:alias/apgms", believed, BEGAN, {})


def test_a_local_key_loads_no_driver_of_a_kms(tmp_path: Path) -> None:
    """A run that is sealed with a file's key does not pay for the drivers of every vendor."""
    import subprocess  # noqa: PLC0415 — used by this test alone

    (tmp_path / "key.pem").write_text(Key(KINDS["ed25519"], "a").pem)
    program = (
        "import sys; from datetime import datetime, UTC; from apgms_ops.evidence.signing import signer_of;"
        "from apgms_ops.deadline import Deadline;"
        "signer_of('file:' + sys.argv[1], (), datetime.now(UTC), {}).sign(b'a', Deadline(5));"
        "print(sorted({'securesystemslib', 'boto3'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "key.pem")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_rsa_seals_by_pss_alone() -> None:
    """An RSA signature of the older kind is not taken: a seal does not choose how it is verified."""
    old = KINDS["rsa"].sign(b"data", padding.PKCS1v15(), hashes.SHA256())
    assert not keys.public_key(KINDS["rsa"].public_key(), "rsa").verifies(old, b"data")
