"""The sandbox's timestamp authority: a real one, which our verifier and OpenSSL's both believe."""

import http.client
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import EvidenceInvalid, Unobserved
from apgms_ops.evidence import timestamp
from apgms_ops.evidence.authority import TimestampAuthority
from apgms_ops.evidence.trust import certificates
from apgms_ops.sandbox.startup import Startup
from apgms_ops.sandbox.timestamps import NAME, Timestamps
from apgms_ops.sandbox.world import World

pytestmark = pytest.mark.sandbox

SIGNATURE = b"a signature"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A sandbox of the authority alone, with keys of its own."""
    folder = tmp_path_factory.mktemp("timestamps")
    world = World(folder / "sandbox", cache=folder / "cache", report=lambda _line: None)
    try:
        Startup((Timestamps(),), world, Deadline(60)).run(lambda _doing, _seconds: None)
        yield world
    finally:
        world.destroy(Deadline(30))


@pytest.fixture
def authority(world: World) -> TimestampAuthority:
    """What seals ask it with."""
    return TimestampAuthority(world.get(f"{NAME}.url"), certificates(Path(world.get(f"{NAME}.ca_file"))))


def test_a_signature_is_dated(authority: TimestampAuthority, world: World) -> None:
    """The answer is dated now, verifies against its authority, and against no other signature."""
    answer, stamp = authority.stamp(SIGNATURE, Deadline(20))
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(seconds=30)
    with pytest.raises(EvidenceInvalid, match="of another signature"):
        timestamp.verify(answer, b"another signature", certificates(Path(world.get(f"{NAME}.ca_file"))))


def test_openssl_believes_it_as_well(authority: TimestampAuthority, world: World, tmp_path: Path) -> None:
    """The one form in which a timestamp is kept is one that `openssl ts -verify` takes."""
    answer, _ = authority.stamp(SIGNATURE, Deadline(20))
    (tmp_path / "timestamp.tsr").write_bytes(answer)
    (tmp_path / "signature").write_bytes(SIGNATURE)
    command = ["openssl", "ts", "-verify", "-in", "timestamp.tsr", "-data", "signature"]
    command += ["-CAfile", world.get(f"{NAME}.ca_file")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False)
    assert "Verification: OK" in done.stdout, done.stderr


def test_keys_are_this_users_alone_and_kept(world: World) -> None:
    """The sealing key can be read by nobody else, and a second start makes no other."""
    key = Path(world.get("evidence.key_file"))
    assert key.stat().st_mode & 0o077 == 0
    before = key.read_bytes()
    world.stop(NAME, Deadline(10))
    Timestamps().start(world, Deadline(20))
    Timestamps().ready(world, Deadline(20))
    assert key.read_bytes() == before


def posted(world: World, kind: str) -> tuple[int, bytes]:
    """Return status and body of the answer to a body that is no query."""
    with closing(http.client.HTTPConnection("127.0.0.1", world.port(NAME), timeout=10)) as line:
        line.request("POST", "/tsr", b"hello", {"Content-Type": kind})
        answer = line.getresponse()
        return answer.status, answer.read()


def test_what_is_no_query_is_refused(world: World) -> None:
    """A body of another kind is refused, and one that OpenSSL does not understand is answered with a rejection."""
    assert posted(world, "text/plain")[0] == 400
    status, body = posted(world, "application/timestamp-query")
    assert status == 200
    with pytest.raises(EvidenceInvalid, match="the authority gave none: rejected"):
        timestamp.normal(body)


def test_an_authority_that_is_gone_is_one_line(world: World) -> None:
    """Nobody listening is an error that names the authority, within the deadline."""
    gone = TimestampAuthority("http://127.0.0.1:9/tsr", certificates(Path(world.get(f"{NAME}.ca_file"))))
    with pytest.raises(Unobserved, match=r"127\.0\.0\.1:9"):
        gone.stamp(SIGNATURE, Deadline(5))
