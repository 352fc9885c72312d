"""Timestamps of a real authority, OpenSSL's: brought to one form, verified, and believed only where they should be."""

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, DeadlineExceeded, EvidenceInvalid, Unobserved
from apgms_ops.evidence import der, timestamp, trust
from apgms_ops.evidence.authority import TimestampAuthority
from apgms_ops.sandbox import timestamps
from apgms_ops.sandbox.certificates import crt
from apgms_ops.sandbox.timestamps_process import Server

SIGNATURE = b"what is dated"


@dataclass
class Openssl:
    """An authority that runs, and what leads to it."""

    url: str
    ca: Path

    @property
    def client(self) -> TimestampAuthority:
        """Who asks it."""
        return TimestampAuthority(self.url, trust.certificates(self.ca))


@pytest.fixture(scope="module")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Openssl]:
    """The sandbox's authority, in a thread of this process."""
    folder = tmp_path_factory.mktemp("tsa")
    timestamps.make(folder / "kept")
    server = Server(0, "openssl", str(timestamps.configure(folder, folder / "kept")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Openssl(f"http://127.0.0.1:{server.server_port}/tsr", crt(folder / "kept", "ca"))
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def answer(openssl: Openssl) -> bytes:
    """A timestamp of it."""
    return openssl.client.stamp(SIGNATURE, Deadline(20))[0]


def test_a_timestamp_of_openssl_verifies_here_and_there(openssl: Openssl, answer: bytes, tmp_path: Path) -> None:
    """In its one form a timestamp is verified by us and by `openssl ts -verify`."""
    stamp = timestamp.verify(answer, SIGNATURE, trust.certificates(openssl.ca))
    assert stamp.authority == "CN=apgms-ops sandbox tsa"
    (tmp_path / "timestamp.tsr").write_bytes(answer)
    (tmp_path / "signature").write_bytes(SIGNATURE)
    command = ["openssl", "ts", "-verify", "-in", "timestamp.tsr", "-data", "signature", "-CAfile", str(openssl.ca)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_any_changed_byte_of_a_timestamp_is_found(openssl: Openssl, answer: bytes, flip: int) -> None:
    """No byte of a timestamp can be changed, not even of what is not signed."""
    authorities = trust.certificates(openssl.ca)
    for position in range(len(answer)):
        changed = bytearray(answer)
        changed[position] ^= flip
        with pytest.raises(EvidenceInvalid, match=r"timestamp\.tsr: "):
            timestamp.verify(bytes(changed), SIGNATURE, authorities)


def test_bringing_to_one_form_twice_changes_nothing(answer: bytes) -> None:
    """The one form of a timestamp is itself in that form."""
    assert timestamp.normal(answer) == answer


def test_a_timestamp_of_something_else_is_refused(openssl: Openssl, answer: bytes) -> None:
    """A timestamp dates one signature, and no other."""
    with pytest.raises(EvidenceInvalid, match="it is of another signature"):
        timestamp.verify(answer, b"another", trust.certificates(openssl.ca))


def test_an_answer_to_another_question_is_refused(openssl: Openssl, answer: bytes) -> None:
    """An old answer that is played again does not repeat the nonce."""
    with pytest.raises(EvidenceInvalid, match="Nonce"):
        timestamp.verify(answer, SIGNATURE, trust.certificates(openssl.ca), timestamp.query(SIGNATURE))


def test_a_certificate_that_is_not_for_dating_dates_nothing(tmp_path: Path) -> None:
    """A key that is certified for something else gives no timestamps, whoever certified it."""
    from apgms_ops.sandbox.certificates import Authority  # noqa: PLC0415 — used by this test alone

    timestamps.make(tmp_path / "kept")
    Authority(tmp_path / "kept", "ca").server("tsa", ("localhost",), ())
    server = Server(0, "openssl", str(timestamps.configure(tmp_path, tmp_path / "kept")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = TimestampAuthority(f"http://127.0.0.1:{server.server_port}/", trust.certificates(tmp_path / "kept/ca.crt"))
    try:
        with pytest.raises((EvidenceInvalid, Unobserved)):
            client.stamp(SIGNATURE, Deadline(20))
    finally:
        server.shutdown()
        server.server_close()


class _Scripted(BaseHTTPRequestHandler):
    """Answers as its server says."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, kind, body = self.server.script  # type: ignore[attr-defined]  # set by the fixture
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body != b"never":
            self.wfile.write(body)
        else:
            self.rfile.read(1)

    def log_message(self, *_arguments: object) -> None:
        """Keep silent."""


KIND = timestamp.ANSWER_TYPE
REJECTED = der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.integer(2)))


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        ((500, "text/plain", b"no"), BadAnswer, "status 500, and no timestamp"),
        ((302, KIND, b""), BadAnswer, "status 302"),
        ((200, "text/html", b"<html>"), BadAnswer, "status 200, and no timestamp"),
        ((200, KIND, b""), EvidenceInvalid, "not DER"),
        ((200, KIND, b"\x30\x80"), EvidenceInvalid, "not DER"),
        ((200, KIND, REJECTED), EvidenceInvalid, "the authority gave none: rejected"),
        ((200, KIND, b"\x30\x03\x30\x01\x02"), EvidenceInvalid, "not DER"),
        ((200, KIND, b"never"), DeadlineExceeded, "no complete answer"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_authority_that_gives_no_timestamp_is_told(
    script: tuple[int, str, bytes], error: type[Exception], words: str
) -> None:
    """An answer that is none is an error with its cause, and comes within the deadline."""
    server = HTTPServer(("127.0.0.1", 0), _Scripted)
    server.script = script  # type: ignore[attr-defined]  # for the handler
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        client = TimestampAuthority(f"http://127.0.0.1:{server.server_port}/", [])
        with pytest.raises(error, match=words):
            client.stamp(SIGNATURE, Deadline(1 if script[2] == b"never" else 20))
    finally:
        server.shutdown()
        server.server_close()


@settings(deadline=None)
@given(data=st.binary(max_size=300))
def test_no_bytes_are_more_than_refused(data: bytes) -> None:
    """Whatever comes instead of a timestamp is refused in one way, and breaks nothing."""
    with pytest.raises(EvidenceInvalid):
        timestamp.normal(data)


@settings(deadline=None)
@given(content=st.binary(max_size=400), tag=st.sampled_from([der.OCTETS, der.SEQUENCE, der.SET, der.CONTEXT_0]))
def test_what_was_encoded_is_read_back(content: bytes, tag: int) -> None:
    """A value in DER is read as it was written."""
    (value,) = der.values(der.encode(tag, content))
    assert (value.tag, value.content) == (tag, content)


@pytest.mark.parametrize(
    ("dotted", "encoded"),
    [("1.2.840.113549.1.7.2", "06092a864886f70d010702"), ("2.16.840.1.101.3.4.2.1", "0609608648016503040201")],
)
def test_object_identifiers_are_encoded_as_the_standard_has_it(dotted: str, encoded: str) -> None:
    """Known identifiers have their known encoding."""
    assert der.oid(dotted).hex() == encoded


def test_integers_are_encoded_in_their_shortest_form() -> None:
    """An integer whose highest bit is set gets a byte before it, and no other does."""
    assert [der.integer(n).hex() for n in (0, 1, 127, 128, 255, 256)] == [
        "020100", "020101", "02017f", "02020080", "020200ff", "02020100",
    ]  # fmt: skip
