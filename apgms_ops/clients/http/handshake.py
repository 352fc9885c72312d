"""One TLS handshake, for what can be seen in nothing else: which versions a server still speaks."""

import contextlib
import queue
import socket
import ssl
import threading
import warnings
from typing import Final
from urllib.parse import urlsplit

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ConfigurationError, DeadlineExceeded, Unreachable

VERSIONS: Final = {
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
_HTTPS: Final = 443
_REFUSED: Final = ("ALERT_PROTOCOL_VERSION", "ALERT_HANDSHAKE_FAILURE", "UNSUPPORTED_PROTOCOL", "WRONG_SSL_VERSION")
"""OpenSSL's reasons by which a server refuses a version, or answers with another one."""
_OUR_OWN: Final = ("NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE")
"""Its reasons for not even asking."""


def speaks(url: str, ca_file: str | None, version: str, deadline: Deadline) -> bool:
    """Return whether a server completes a handshake with a client that speaks one version of TLS and no other.

    A connection that breaks off without a word is a refusal only where it does so twice, and a handshake of any version
    in between is completed: a server that is overloaded, or gone, refuses nothing.

    Args:
        url: Its address, with https.
        ca_file: Certificates (PEM) to verify it by; the machine's own where there is none.
        version: "1.1", "1.2" or "1.3".
        deadline: For all of it.

    Raises:
        Unreachable: It does not answer at all, its certificate is not to be trusted, or our own side does not speak
            that version.
        DeadlineExceeded: Time is up.
        ConfigurationError: The CA file cannot be used.
    """
    parts = urlsplit(url)
    asked, any_version = _context(ca_file, version), _context(ca_file, None)
    outcome: queue.SimpleQueue[bool | OSError] = queue.SimpleQueue()

    def shake() -> None:
        place = (parts.hostname or "", parts.port or _HTTPS)
        try:
            taken = _shake(place, asked, deadline)
            if taken is None:
                if not _shake(place, any_version, deadline):
                    msg = "it breaks off every TLS handshake"
                    raise ConnectionAbortedError(msg)
                taken = _shake(place, asked, deadline)
            outcome.put(bool(taken))
        except OSError as error:
            outcome.put(error)

    threading.Thread(target=shake, name=f"TLS {version} with {parts.netloc}", daemon=True).start()
    try:
        result = outcome.get(timeout=deadline.require(f"a handshake with {parts.netloc}"))
    except queue.Empty:
        result = TimeoutError()
    if isinstance(result, TimeoutError):
        msg = f"{parts.netloc}: no TLS handshake within {deadline.seconds:g} s"
        raise DeadlineExceeded(msg)
    if isinstance(result, OSError):
        msg = f"{parts.netloc}: {result.strerror or result}"
        raise Unreachable(msg)
    return result


def _context(ca_file: str | None, version: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        msg = f"ca_file {ca_file} cannot be used: {error.strerror or error}"
        raise ConfigurationError(msg) from error
    if version is None:
        return context
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # an old version is what is asked for
        context.minimum_version = context.maximum_version = VERSIONS[version]
    if version == "1.1":
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # or our own side would refuse, and prove nothing
    return context


def _shake(place: tuple[str, int], context: ssl.SSLContext, deadline: Deadline) -> bool | None:
    """Return whether a handshake was completed; None where the connection broke off without saying why."""
    with socket.create_connection(place, timeout=max(0.001, deadline.remaining)) as line:
        try:
            with context.wrap_socket(line, server_hostname=place[0]):
                return True
        except ssl.SSLCertVerificationError:
            raise
        except ConnectionResetError:
            return None
        except ssl.SSLError as error:
            reason = error.reason or ""
            if reason in _OUR_OWN:
                raise
            with contextlib.suppress(OSError):  # closed already: nothing is left to end
                line.shutdown(socket.SHUT_RDWR)
            return False if reason.endswith(_REFUSED) else None
