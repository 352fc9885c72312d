"""The private key that seals, by reference: a variable, a file, or a KMS or HSM that never gives it away."""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ConfigurationError
from apgms_ops.evidence import keys
from apgms_ops.evidence.keys import PublicKey
from apgms_ops.evidence.trust import SealKey
from apgms_ops.redact import printable
from apgms_ops.secret import SecretReference

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

PIN_VARIABLE: Final = "APGMS_OPS_HSM_PIN"
"""Where the PIN of an HSM is read from."""
_LOCAL: Final = ("env", "file")


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that seals. It shows its public half alone."""

    name: str
    public: PublicKey
    _sign: Callable[[bytes, Deadline], bytes] = field(repr=False)

    def sign(self, data: bytes, deadline: Deadline) -> bytes:
        """Return the signature over the data, verified.

        Raises:
            ConfigurationError: The key cannot be used, or what came back is not its signature.
        """
        signature = self._sign(data, deadline)
        if not self.public.verifies(signature, data):
            msg = f"the sealing key {self.name} gave a signature that its public key does not verify"
            raise ConfigurationError(msg)
        return signature


def signer_of(uri: str, trusted: Sequence[SealKey], at: datetime, environ: Mapping[str, str]) -> Signer:
    """Return the key that a reference leads to.

    Args:
        uri: The reference; see `environment.evidence.KeyUri`.
        trusted: The keys that the environment believes; the one that seals must be in force among them, if any are
            named.
        at: When it is to seal.
        environ: The process's environment variables.

    Raises:
        ConfigurationError: The key cannot be used; the text never repeats any of it.
    """
    believed = [key for key in trusted if key.in_force(at)]
    if uri.partition(":")[0] not in _LOCAL:
        return _remote(uri, believed, environ)
    reference = SecretReference.parse(uri)
    private = keys.read_private(reference.read(environ).reveal().encode(), str(reference))
    public = keys.public_key(private.public_key(), f"the sealing key {reference}")
    if trusted and not any(key.public.id == public.id for key in believed):
        named = [key.name for key in trusted if key.public.id == public.id]
        why = f"{named[0]} is not in force now" if named else "its public key is not among trusted_keys"
        msg = f"the sealing key {reference} cannot be used: {why}"
        raise ConfigurationError(msg)
    return Signer(next((k.name for k in believed if k.public.id == public.id), str(reference)), public, _local(private))


def _local(private: "PrivateKeyTypes") -> Callable[[bytes, Deadline], bytes]:
    return lambda data, _: keys.sign(private, data)


def _remote(uri: str, believed: Sequence[SealKey], environ: Mapping[str, str]) -> Signer:
    if len(believed) != 1:
        count = "none is" if not believed else f"{len(believed)} are"
        msg = f"the sealing key {uri}: name its public key in trusted_keys, in force now and alone so ({count})"
        raise ConfigurationError(msg)
    public = believed[0].public

    def ask(data: bytes, deadline: Deadline) -> bytes:
        outcome: queue.SimpleQueue[bytes | str] = queue.SimpleQueue()

        def work() -> None:
            try:
                outcome.put(_signed_by_service(uri, public, data, environ))
            except Exception as error:  # noqa: BLE001 — what the drivers of KMS and HSM raise has no closed list
                outcome.put(f"{type(error).__name__}: {printable(str(error), limit=300)}")

        # A driver may hang for minutes in its own retries: the caller waits for the total time, and leaves.
        threading.Thread(target=work, name="sealing key", daemon=True).start()
        try:
            result = outcome.get(timeout=deadline.require(f"asking for a signature of {uri}"))
        except queue.Empty:
            result = f"no signature within {deadline.seconds:g} s"
        if isinstance(result, str):
            msg = f"the sealing key {uri} cannot be used: {result}"
            raise ConfigurationError(msg)
        return result

    return Signer(believed[0].name, public, ask)


def _signed_by_service(uri: str, public: PublicKey, data: bytes, environ: Mapping[str, str]) -> bytes:
    from securesystemslib import signer  # noqa: PLC0415 — heavy

    def secret(_: str) -> str:
        return SecretReference("env", PIN_VARIABLE).read(environ).reveal()

    services: Any = signer
    service = services.Signer.from_priv_key_uri(uri, services.SSlibKey.from_crypto(public.key), secret)
    return bytes.fromhex(service.sign(data).signature)
