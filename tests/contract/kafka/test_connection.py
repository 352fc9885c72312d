"""Brokers that refuse, hang or talk nonsense: named in one line, within the deadline, and silently."""

import socket
import time
from collections.abc import Iterator

import pytest

from apgms_ops.clients.kafka.client import KafkaClient
from apgms_ops.clients.kafka.process import ReaderProcess
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, DeadlineExceeded, Unobserved, Unreachable
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret

pytestmark = pytest.mark.sandbox


def client(port: int, *, sasl: bool = False) -> KafkaClient:
    """Return a client of a port on this machine."""
    return KafkaClient(
        bootstrap=[f"127.0.0.1:{port}"],
        protocol="SASL_PLAINTEXT" if sasl else "PLAINTEXT",
        mechanism="PLAIN" if sasl else None,
        username=Secret("someone") if sasl else None,
        password=Secret("hunter2-secret") if sasl else None,
        ca_file=None,
        isolation_level="read_committed",
        recorder=Recorder(lambda text: text),
    )


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port that accepts connections and says nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


@pytest.fixture
def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def test_a_closed_port_is_unreachable_at_once(closed_port: int, capfd: pytest.CaptureFixture[str]) -> None:
    """A refused connection is named as such, long before the deadline, and nothing is printed."""
    began = time.monotonic()
    with pytest.raises(Unreachable, match="refused") as caught:
        client(closed_port).read(Deadline(20))
    assert time.monotonic() - began < 8
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_silent_port_is_late_within_the_deadline(listener: socket.socket, capfd: pytest.CaptureFixture[str]) -> None:
    """A broker that accepts and says nothing costs no more than the deadline, and nothing is printed."""
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded) as caught:
        client(listener.getsockname()[1]).read(Deadline(2))
    assert time.monotonic() - began < 3
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_no_password_is_in_an_error(closed_port: int) -> None:
    """A failure to log in names no password."""
    with pytest.raises(Unobserved) as caught:
        client(closed_port, sasl=True).read(Deadline(4))
    assert "hunter2" not in str(caught.value)
    assert not isinstance(caught.value, AccessDenied)


def test_the_end_of_the_driver_is_an_answer(listener: socket.socket) -> None:
    """A driver that is ended by a signal, as librdkafka ends itself, reads as a broker that went away."""
    reading = client(listener.getsockname()[1])
    assert isinstance(reading._process, ReaderProcess)
    process = reading._process._started()
    process.kill()
    process.wait()
    with pytest.raises(Unreachable, match="SIGKILL"):
        reading.read(Deadline(5))
