"""Asks a timestamp authority (RFC 3161 over HTTP, section 3.4)."""

import ssl
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.http.exchange import Exchange
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer
from apgms_ops.evidence import timestamp
from apgms_ops.evidence.timestamp import Stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

_OK: Final = 200


class TimestampAuthority:
    """One authority, and the certificates that its answers must lead to."""

    def __init__(self, url: str, authorities: "Sequence[Certificate]") -> None:
        """Take its address; nothing is asked yet."""
        self.url = url
        self._authorities = authorities

    def stamp(self, signature: bytes, deadline: Deadline) -> tuple[bytes, Stamp]:
        """Have a signature dated, and verify the answer.

        Args:
            signature: What is dated.
            deadline: For all of it.

        Returns:
            The timestamp in its one form, and what it says.

        Raises:
            Unobserved: There is no answer.
            EvidenceInvalid: There is one, and it does not verify.
        """
        import httpx  # noqa: PLC0415 — heavy

        asked = timestamp.query(signature)
        source = f"timestamp authority {self.url}"
        # In the open nothing is verified but the answer itself, which is signed.
        tls = ssl.create_default_context() if self.url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with httpx.Client(verify=tls, trust_env=False, follow_redirects=False) as client:
            reply = Exchange(
                client,
                self.url,
                {"Content-Type": timestamp.MEDIA_TYPE, "Accept": timestamp.ANSWER_TYPE, "User-Agent": "apgms-ops"},
                source=source,
                size_limit=timestamp.LARGEST,
                redact=str,
                method="POST",
                content=asked,
            ).perform(deadline)
        kind = reply.headers.get("content-type", "").partition(";")[0].strip()
        if reply.status != _OK or kind != timestamp.ANSWER_TYPE:
            msg = f"{source}: status {reply.status}, and no timestamp"
            raise BadAnswer(msg)
        answer = timestamp.normal(reply.body)
        return answer, timestamp.verify(answer, signature, self._authorities, asked)
