"""Which versions of TLS a server speaks: only what it said, or did twice, is believed."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apgms_ops.clients.http.handshake import speaks
from apgms_ops.deadline import Deadline
from apgms_ops.errors import DeadlineExceeded, Unreachable
from apgms_ops.sandbox.certificates import Authority, crt, key

OLD, NEW = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for localhost, and the authority that signed it."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder, "authority")
    authority.server("server", ("localhost",), ("127.0.0.1",))
    return folder


def context(folder: Path, oldest: ssl.TLSVersion, newest: ssl.TLSVersion = NEW) -> ssl.SSLContext:
    """Return what a server shakes hands with."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(crt(folder, "server"), key(folder, "server"))
    made.minimum_version, made.maximum_version = oldest, newest
    return made


@contextmanager
def server(made: ssl.SSLContext | None, *, breaks_off: int = 0) -> Iterator[str]:
    """Run a server that breaks off its first connections, and then shakes hands; without a context it says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for number in range(100):
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                with line:
                    try:
                        if number < breaks_off:
                            line.recv(1)
                        elif made is None:
                            line.recv(100_000)
                            line.recv(1)
                        else:
                            made.wrap_socket(line, server_side=True).close()
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://localhost:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def ask(url: str, folder: Path, version: str, seconds: float = 10.0) -> bool:
    """Ask a server whether it speaks a version."""
    return speaks(url, str(crt(folder, "authority")), version, Deadline(seconds))


@pytest.mark.parametrize(("oldest", "version", "spoken"), [(NEW, "1.2", False), (NEW, "1.3", True), (OLD, "1.2", True)])
def test_a_version_is_spoken_or_refused(folder: Path, oldest: ssl.TLSVersion, version: str, *, spoken: bool) -> None:
    """What a server refuses in words is refused, and what it shakes hands with is spoken."""
    with server(context(folder, oldest)) as url:
        assert ask(url, folder, version) is spoken


def test_one_connection_that_breaks_off_refuses_nothing(folder: Path) -> None:
    """A server that is overloaded for a moment is asked again, and turns out to speak the old version."""
    with server(context(folder, OLD), breaks_off=1) as url:
        assert ask(url, folder, "1.2") is True


def test_a_server_that_breaks_off_everything_says_nothing(folder: Path) -> None:
    """Whether it would speak the old version is not known."""
    with server(context(folder, OLD), breaks_off=100) as url, pytest.raises(Unreachable, match="breaks off every"):
        ask(url, folder, "1.2")


def test_a_server_that_is_silent_is_not_waited_for_beyond_the_deadline(folder: Path) -> None:
    """A handshake that does not come to its end is no refusal."""
    with server(None) as url, pytest.raises(DeadlineExceeded, match="no TLS handshake within"):
        ask(url, folder, "1.2", 0.3)


def test_a_certificate_of_somebody_else_is_no_answer(folder: Path, tmp_path: Path) -> None:
    """Another authority has not signed it."""
    Authority(tmp_path, "authority")
    with server(context(folder, NEW)) as url, pytest.raises(Unreachable, match="certificate"):
        ask(url, tmp_path, "1.3")
