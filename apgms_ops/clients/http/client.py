"""Idempotent reads from one HTTP server."""

import random
import ssl
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urljoin, urlsplit

from apgms_ops.clients.http.answer import Answer
from apgms_ops.clients.http.exchange import BrokenOff, Exchange
from apgms_ops.clients.http.retry_after import seconds_to_wait
from apgms_ops.clients.http.through import Detour, Through
from apgms_ops.deadline import Deadline
from apgms_ops.errors import (
    AccessDenied,
    BadAnswer,
    ConfigurationError,
    Incomplete,
    RateLimited,
    Unobserved,
    Unreachable,
)
from apgms_ops.observation import Recorder
from apgms_ops.redact import printable
from apgms_ops.secret import Secret

if TYPE_CHECKING:
    import httpx

Params = Sequence[tuple[str, str]]
Limited = Callable[[Answer, datetime, int], float | None]
"""Tells how many seconds a rate-limited answer asks to wait, or None of an answer that is none.

It is given the present, and how many of the kind came before.
"""

SIZE_LIMIT: Final = 32 * 1024 * 1024
"""Bytes of one body that are read at most, unless a client says otherwise."""
_TRIES: Final = 3
_RATE_LIMITED_TRIES: Final = 5
_FIRST_PAUSE: Final = 0.1
"""Seconds before the second try; the third waits twice as long. Both are jittered by half."""

_REDIRECTS = range(300, 400)
_DENIED = (401, 403)
TOO_MANY: Final = 429
"""The status of a rate limit, for all of HTTP."""
_PASSING = (502, 503, 504)
"""What a gateway, or a server that is starting, says of its own. JSON with such a status is the system's last word."""


def too_many(answer: Answer, now: datetime, tries: int) -> float | None:
    """Return how long a 429 asks to wait: what all of HTTP means by a rate limit."""
    if answer.status != TOO_MANY:
        return None
    return seconds_to_wait(answer.headers.get("retry-after"), now=now, tries=tries)


class HttpReader:
    """Reads from one server; sends the token there and nowhere else. Safe to use from several threads."""

    def __init__(  # noqa: PLR0913 — the parts of an address, and what comes in from outside
        self,
        *,
        system: str,
        url: str,
        recorder: Recorder,
        token: Secret | None = None,
        ca_file: str | None = None,
        size_limit: int = SIZE_LIMIT,
        headers: Mapping[str, str] | None = None,
        through: Through | None = None,
        limited: Limited = too_many,
        jitter: Callable[[], float] = random.random,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take an address; nothing is sent yet.

        Args:
            system: What it is, for people: "Prometheus".
            url: Where it is; paths are appended to it.
            recorder: Keeps what was answered, and what was tried again.
            token: Sent as a bearer token.
            ca_file: Certificates (PEM) to verify the server by; the machine's own where there is none. Proxy settings
                and credentials in the process's environment are not heeded: what is asked is what the environment
                file names.
            size_limit: Bytes of one body that are read at most.
            headers: Sent with each request, in place of ours of the same name.
            through: Asks in our place, where `url` is the name of an access path.
            limited: Tells a rate limit by the vendor's own signs.
            jitter: A number in [0, 1), to spread those who wait.
            now: The present, to read a date that we are told to wait for.
        """
        self._base = url.rstrip("/")
        self.source = f"{system} at {self._base}"
        self._recorder = recorder
        self._token = token
        self._ca_file = ca_file
        self._size_limit = size_limit
        self._more_headers = headers or {}
        self._through = through
        self._limited = limited
        self._jitter = jitter
        self._now = now

    def get(self, path: str, params: Params = (), *, deadline: Deadline, keep: bool = True) -> Answer:
        """Return the answer to GET, of any status that no error below stands for.

        Args:
            path: Begins with a slash.
            params: The query.
            deadline: For all tries together.
            keep: Whether the recorder keeps the payload.

        Raises:
            AccessDenied: 401 or 403.
            RateLimited: The wait is longer than the deadline allows, or leads nowhere.
            BadAnswer: A redirect (an answer from somewhere else is none), or no HTTP at all.
            Unreachable: Nobody answers, after some tries.
            Incomplete: The answer is too large, or broke off each time.
            DeadlineExceeded: Time is up.
        """
        local = self._target(path, params)
        source = f"{self.source}, GET {path}"
        answer = self._persist(self._exchange(f"{self._base}{local}", self._headers, source), source, deadline)
        if keep:
            self._recorder.raw(f"GET {local}", answer.text, answer.media_type or "text/plain")
        return self._accept(answer)

    def download(self, path: str, *, deadline: Deadline) -> Answer:
        """Return what GET is answered with by where it leads to: one redirect is followed, without the token.

        What is answered is not kept: it is no text, and the address that it comes from is a ticket in itself.

        Raises:
            BadAnswer: It leads from https to anything else, or on to yet another place.
            Unobserved: Whatever `get` raises.
        """
        source = f"{self.source}, GET {path}"
        first = self._exchange(f"{self._base}{self._target(path, ())}", self._headers, source)
        answer = self._persist(first, source, deadline)
        target = urljoin(self._base, answer.headers.get("location", "")) if answer.status in _REDIRECTS else ""
        scheme = urlsplit(target).scheme
        if scheme not in ("http", "https") or (scheme == "http" and self._base.startswith("https:")):
            return self._accept(answer)
        source = f"{source}, and where that leads"
        headers = {name: value for name, value in self._headers.items() if name == "User-Agent"}
        return self._accept(self._persist(self._exchange(target, headers, source), source, deadline), sent=False)

    def _exchange(
        self, url: str, headers: Mapping[str, str], source: str, *, method: str = "GET", content: bytes | None = None
    ) -> Exchange | Detour:
        if self._through is not None:
            return Detour(self._through, url.removeprefix(self._base), headers, self._size_limit)
        return Exchange(
            self._client,
            url,
            headers,
            source=source,
            size_limit=self._size_limit,
            redact=self._recorder.redact,
            method=method,
            content=content,
        )

    def _persist(self, exchange: Exchange | Detour, source: str, deadline: Deadline) -> Answer:
        """Try until there is an answer that is not a passing failure."""
        failures = waits = 0
        failure: Unobserved
        while True:
            try:
                reply = exchange.perform(deadline)
            except (Unreachable, BrokenOff) as error:
                if self._through is not None:  # it has tried again already
                    raise
                failure = Unreachable(str(error)) if isinstance(error, Unreachable) else Incomplete(str(error))
            else:
                answer = Answer(source, reply.status, reply.headers, reply.body, self._recorder.redact)
                asked = self._limited(answer, self._now(), waits)
                if asked is not None:
                    waits += 1
                    self._wait(answer, asked, waits, deadline)
                    continue
                if answer.status not in _PASSING or answer.is_json or failures + 1 >= _TRIES:
                    return answer
                failure = Unreachable(f"{source}: status {answer.status}: {answer.excerpt}")
            failures += 1
            pause = _FIRST_PAUSE * 2 ** (failures - 1) * (0.5 + self._jitter())
            if failures >= _TRIES or pause >= deadline.remaining:
                raise failure
            self._recorder.attempt(source, str(failure))
            deadline.pause(pause, f"another try at {source}")

    def _wait(self, answer: Answer, asked: float, waits: int, deadline: Deadline) -> None:
        """Wait for as long as a rate limit asks, and up to a quarter longer, if the deadline allows it."""
        if waits >= _RATE_LIMITED_TRIES or asked >= deadline.remaining:
            left = f"{deadline.remaining:.1f} s are left"
            msg = f"{answer.source}: rate limited ({answer.status}), to wait {asked:g} s after {waits} tries; {left}"
            raise RateLimited(msg)
        self._recorder.attempt(answer.source, f"rate limited ({answer.status}), waiting {asked:g} s")
        longest = max(asked, deadline.remaining * 0.9)
        deadline.pause(min(asked * (1 + 0.25 * self._jitter()), longest), f"waiting as {answer.source} asks")

    def _accept(self, answer: Answer, *, sent: bool = True) -> Answer:
        if answer.status in _DENIED:
            token = "the token was sent" if sent and self._token is not None else "no token was sent"
            msg = f"{answer.source}: access denied (status {answer.status}, {token}): {answer.excerpt}"
            raise AccessDenied(msg)
        if answer.status in _REDIRECTS:
            # The query of a redirect may carry a ticket: only where it leads to is shown.
            target = urlsplit(answer.headers.get("location", ""))
            where = printable(f"{target.scheme}://{target.netloc.rpartition('@')[2]}" if target.netloc else "elsewhere")
            msg = f"{answer.source}: a redirect to {where} (status {answer.status}) is not an answer, and not followed"
            raise BadAnswer(msg)
        return answer

    @staticmethod
    def _target(path: str, params: Params) -> str:
        if not path.startswith("/") or path.startswith("//") or "?" in path or "#" in path:
            msg = f"a path begins with one slash and holds no query, not {path!r}"
            raise ValueError(msg)
        return f"{path}?{urlencode(params)}" if params else path

    @cached_property
    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "apgms-ops"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return headers | dict(self._more_headers)

    @cached_property
    def _client(self) -> "httpx.Client":
        import httpx  # noqa: PLC0415 — heavy

        client = httpx.Client(verify=self._tls, trust_env=False, follow_redirects=False)
        # Connections are kept between reads, and end with the reader.
        weakref.finalize(self, client.close)
        return client

    @property
    def _tls(self) -> ssl.SSLContext:
        if not self._base.startswith("https:"):
            # Never used; loading the machine's certificates would cost more than the read. It trusts nobody.
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            return ssl.create_default_context(cafile=self._ca_file)
        except OSError as error:
            msg = f"{self.source}: ca_file {self._ca_file} cannot be used: {error.strerror or error}"
            raise ConfigurationError(msg) from error
