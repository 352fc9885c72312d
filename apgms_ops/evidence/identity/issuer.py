"""Asks for an identity token, and for the keys of its issuer; over https, and nowhere else than there.

No error quotes an answer: one of them is the token.
"""

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from apgms_ops.clients.http.exchange import BrokenOff, Exchange, Reply
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, ConfigurationError, EvidenceInvalid, Unobserved, Unreachable
from apgms_ops.evidence.identity import jwk
from apgms_ops.evidence.identity.jwk import IssuerKey
from apgms_ops.evidence.identity.token import LARGEST
from apgms_ops.redact import Redactor
from apgms_ops.secret import Secret

URL: Final = "ACTIONS_ID_TOKEN_REQUEST_URL"
TOKEN: Final = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105 — the variable's name
_SIZE: Final = 256 * 1024
"""Bytes of an answer that are read."""
_TRIES: Final = 3
_PAUSE: Final = 0.5
"""Seconds before the second try; before the third, twice as long."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Where a job is given its identity token."""

    url: str
    token: Secret
    """Lets one ask for it."""


def offered(environ: Mapping[str, str]) -> Offer | None:
    """Return what GitHub Actions offers a job with `permissions: id-token: write`; None where it offers nothing.

    Raises:
        BadAnswer: It is offered over anything but https.
    """
    url, token = environ.get(URL, ""), environ.get(TOKEN, "")
    if not url or not token:
        return None
    if not url.startswith("https://") or not _server(url):
        msg = f"{URL} is no https address: the token that asks is not sent there"
        raise BadAnswer(msg)
    return Offer(url, Secret(token))


class Issuer:
    """One issuer of identity tokens, and the way to both of its ends."""

    def __init__(self, url: str, ca_file: Path | None) -> None:
        """Take its name, which is its address, and the certificates to verify it by; None takes the machine's own."""
        self.url = url
        self._ca_file = ca_file

    def token(self, offer: Offer, audience: str, deadline: Deadline) -> Secret:
        """Return a token for an audience.

        Args:
            offer: Where it is to be had.
            audience: Whom it is for.
            deadline: For all of it.

        Raises:
            Unobserved: There is none to be had.
            ConfigurationError: The CA file cannot be used.
        """
        parts = urlsplit(offer.url)
        query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("audience", audience)])
        # Nothing of the query is named: it is the runner's, and may hold anything.
        source = f"identity token endpoint https://{parts.netloc}"
        asked = parts._replace(query=query, fragment="").geturl()
        headers = {"Authorization": f"Bearer {offer.token.reveal()}"}
        found = self._get(asked, headers, source, deadline, Redactor([offer.token]))
        value = found.get("value")
        if not isinstance(value, str) or not value or len(value) > LARGEST:
            msg = f"{source}: an answer without a token"
            raise BadAnswer(msg)
        return Secret(value)

    def keys(self, deadline: Deadline) -> tuple[IssuerKey, ...]:
        """Return the keys that the issuer signs with, by its own description (OpenID Connect Discovery).

        Raises:
            Unobserved: They cannot be had.
            ConfigurationError: The CA file cannot be used.
        """
        redact = Redactor()
        source = f"issuer {self.url}"
        about = self._get(f"{self.url.rstrip('/')}/.well-known/openid-configuration", {}, source, deadline, redact)
        place = about.get("jwks_uri")
        if about.get("issuer") != self.url or not isinstance(place, str):
            msg = f"{source}: what answers there describes another issuer"
            raise BadAnswer(msg)
        if not place.startswith("https://") or _server(place) != _server(self.url):
            msg = f"{source}: its keys are said to be on another server, where they are not looked for"
            raise BadAnswer(msg)
        try:
            return jwk.key_set(json.dumps(self._get(place, {}, f"{source}, its keys", deadline, redact)).encode())
        except EvidenceInvalid as error:
            msg = f"{source}, its keys: {error}"
            raise BadAnswer(msg) from error

    def _get(
        self, url: str, headers: Mapping[str, str], source: str, deadline: Deadline, redact: Callable[[str], str]
    ) -> Mapping[str, Any]:
        import httpx  # noqa: PLC0415 — heavy

        own = {"Accept": "application/json", "User-Agent": "apgms-ops", **headers}
        with httpx.Client(verify=self._tls, trust_env=False, follow_redirects=False) as client:
            exchange = Exchange(client, url, own, source=source, size_limit=_SIZE, redact=redact)
            return _json(_persist(exchange, source, deadline), source)

    @property
    def _tls(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._ca_file)
        except OSError as error:
            msg = f"issuer {self.url}: ca_file {self._ca_file} cannot be used: {error.strerror or error}"
            raise ConfigurationError(msg) from error


def _server(url: str) -> str:
    """Return host and port of an address; empty where it has none, or names somebody who logs in."""
    try:
        found = urlsplit(url).netloc
    except ValueError:
        return ""
    return "" if "@" in found else found


def _persist(exchange: Exchange, source: str, deadline: Deadline) -> Reply:
    """Ask again where nobody answers, or the server fails: asking for a token changes nothing."""
    for tried in range(1, _TRIES + 1):
        failure: Unobserved
        try:
            reply = exchange.perform(deadline)
        except (Unreachable, BrokenOff) as error:
            failure = error
        else:
            if reply.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                return reply
            failure = Unreachable(f"{source}: it fails (status {reply.status})")
        pause = _PAUSE * 2 ** (tried - 1)
        if tried == _TRIES or pause >= deadline.remaining:
            raise failure
        deadline.pause(pause, f"another try at {source}")
    msg = f"{source}: was not asked"
    raise Unobserved(msg)


def _json(reply: Reply, source: str) -> Mapping[str, Any]:
    if reply.status != HTTPStatus.OK:
        kind = "a redirect, which is not followed" if reply.status in range(300, 400) else "no answer"
        msg = f"{source}: status {reply.status}: {kind}"
        raise BadAnswer(msg)
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        msg = f"{source}: an answer that is no JSON object"
        raise BadAnswer(msg)
    return found
