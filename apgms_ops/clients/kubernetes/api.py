"""Requests to the API server that are tried again where that is worth it, and lists read page by page."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from apgms_ops.clients.http import Answer
from apgms_ops.clients.http.exchange import BrokenOff
from apgms_ops.clients.http.retry_after import seconds_to_wait
from apgms_ops.clients.http.shape import list_field, mapping, text
from apgms_ops.clients.kubernetes.access import Access, Line
from apgms_ops.clients.kubernetes.action import Action
from apgms_ops.clients.kubernetes.errors import Expired, refused, status_of
from apgms_ops.clients.kubernetes.exchange import HEADERS, Exchange, Reply, Request, Sink
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, Incomplete, RateLimited, Unobserved, Unreachable
from apgms_ops.observation import Recorder

Params = Sequence[tuple[str, str]]

PAGE: Final = 500
"""Objects of a list that are asked for at a time."""
SIZE_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of one body that are read at most: a page of 500 objects, each as large as the server takes them, is less."""
_PAGES: Final = 400
"""Pages of one list that are read at most."""
_BEGINNINGS: Final = 3
"""How often a list is begun again that expired before its end."""
_TRIES: Final = 3
_RATE_LIMITED_TRIES: Final = 5
_FIRST_PAUSE: Final = 0.1
"""Seconds before the second try; the third waits twice as long. Both are jittered by half."""
_RATE_LIMITED: Final = 429
_BROKEN: Final = range(500, 600)
_GOOD: Final = range(200, 300)


class Api:
    """Speaks to one API server. Safe to use from several threads."""

    def __init__(
        self,
        access: Access,
        recorder: Recorder,
        *,
        jitter: Callable[[], float] = random.random,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take how to get there; nothing is sent yet.

        Args:
            access: Which server, and as whom.
            recorder: Keeps what was tried again.
            jitter: A number in [0, 1), to spread those who wait.
            now: The present, to read a date that we are told to wait for.
        """
        self.line = Line(access)
        self.who = access.who
        self.source = f"Kubernetes {access.where}"
        self.redact = recorder.redact
        self.attempt = recorder.attempt
        self._recorder = recorder
        self._jitter = jitter
        self._now = now

    def ask(  # noqa: PLR0913 — what a request is made of
        self,
        action: Action,
        deadline: Deadline,
        *,
        params: Params = (),
        body: object = None,
        size_limit: int = SIZE_LIMIT,
        sink: Callable[[], Sink] | None = None,
    ) -> Answer:
        """Return a good answer to something that changes nothing, and may be asked again.

        Args:
            action: What is asked for.
            deadline: For all tries together.
            params: The query.
            body: JSON that is sent along.
            size_limit: Bytes of the answer that are read at most.
            sink: Makes what takes the body in place of the answer, anew for each try.

        Raises:
            AccessDenied: 401 or 403; the text names what to grant.
            NotFound: 404.
            Expired: 410.
            RateLimited: 429, and the wait is longer than the deadline allows or leads nowhere.
            Unreachable: Nobody answers, or only that it cannot, after some tries.
            BadAnswer: No answer of an API server.
            Incomplete: The answer is too large, or broke off each time.
            DeadlineExceeded: Time is up.
        """
        source = f"{self.source}, {action}"
        request = Request(action.method, _with(action.path, params), body=body)
        answer = self._persist(request, source, deadline, size_limit, sink)
        if answer.status not in _GOOD:
            raise refused(answer, action, self.who)
        return answer

    def change(self, action: Action, deadline: Deadline, *, body: object) -> Answer:
        """Ask once for something that changes something, and return the good answer.

        It is not tried again: whether a request that nobody answered was carried out, only a look tells.

        Raises:
            AccessDenied: 401 or 403; the text names what to grant.
            NotFound: 404.
            Unobserved: There is no good answer; whether it was done is not known.
        """
        source = f"{self.source}, {action}"
        try:
            reply = self._once(Request(action.method, action.path, body=body), source, deadline, SIZE_LIMIT, None)
        except BrokenOff as error:
            raise Incomplete(str(error)) from error
        answer = Answer(source, reply.status, reply.headers, reply.body, self._recorder.redact)
        if answer.status not in _GOOD:
            raise refused(answer, action, self.who)
        return answer

    def get(self, path: str, deadline: Deadline) -> Answer:
        """Return a good answer for a path that belongs to no resource, such as `/version`.

        Raises:
            Unobserved: There is none.
        """
        answer = self._persist(Request("GET", path), f"{self.source}, GET {path}", deadline, SIZE_LIMIT, None)
        if answer.status not in _GOOD:
            raise refused(answer, None, self.who)
        return answer

    def through(  # noqa: PLR0913 — what a request is made of
        self,
        action: Action,
        path: str,
        deadline: Deadline,
        *,
        headers: Mapping[str, str] = HEADERS,
        source: str,
        size_limit: int = SIZE_LIMIT,
    ) -> Answer:
        """Return what answers behind the API server's proxy, of whatever status.

        Args:
            action: On `services/proxy` or `pods/proxy`.
            path: There, with its query; begins with a slash.
            deadline: For all of it.
            headers: Sent along.
            source: Who is asked for what, for errors.
            size_limit: Bytes of the answer that are read at most.

        Raises:
            AccessDenied: The API server refuses us.
            Unobserved: The API server answers in place of what is behind it: it is not there, or not ready.
        """
        request = Request("GET", f"{action.path}{path}", headers)
        answer = self._persist(request, source, deadline, size_limit, None, passing=False)
        if answer.status not in _GOOD and status_of(answer) is not None:
            raise refused(answer, action, self.who)
        return answer

    def stream(self, action: Action, deadline: Deadline, *, params: Params, sink: Sink) -> None:
        """Let a sink take a good answer that goes on, as it comes; once: who watches begins again where it was.

        Args:
            action: What is asked for.
            deadline: For all of it.
            params: The query.
            sink: Takes the body.

        Raises:
            AccessDenied: 401 or 403; the text names what to grant.
            Expired: 410.
            RateLimited: 429, and the wait is longer than the deadline allows or leads nowhere.
            BrokenOff: It ended in its middle.
            DeadlineExceeded: Time is up.
            Unobserved: There is no good answer.
        """
        source, waits = f"{self.source}, {action}", 0
        request = Request(action.method, _with(action.path, params))
        while True:
            reply = self._once(request, source, deadline, SIZE_LIMIT, lambda: sink)
            answer = Answer(source, reply.status, reply.headers, reply.body, self._recorder.redact)
            if answer.status == _RATE_LIMITED:
                waits += 1
                self._wait(answer, waits, deadline)
            elif answer.status in _GOOD:
                return
            else:
                raise refused(answer, action, self.who)

    def pages(
        self,
        action: Action,
        kind: str,
        deadline: Deadline,
        params: Params = (),
        *,
        told: Callable[[Mapping[str, object]], None] = lambda _metadata: None,
    ) -> Iterator[list[object] | None]:
        """Yield the items of a list, page by page; None says that the list begins, so that what came before is void.

        Args:
            action: The list.
            kind: What the answer must be: `PodList`.
            deadline: For all pages.
            params: Selectors.
            told: Takes the metadata of each page.

        Raises:
            Unobserved: It could not be read, to its end.
        """
        for beginning in range(_BEGINNINGS):
            try:
                yield None
                yield from self._pages(action, kind, deadline, params, told)
            except Expired as error:
                if beginning + 1 == _BEGINNINGS:
                    raise
                self._recorder.attempt(f"{self.source}, {action}", str(error))
            else:
                return

    def _pages(
        self,
        action: Action,
        kind: str,
        deadline: Deadline,
        params: Params,
        told: Callable[[Mapping[str, object]], None],
    ) -> Iterator[list[object]]:
        token = ""
        seen = set()
        for _ in range(_PAGES):
            more = [("continue", token)] if token else []
            answer = self.ask(action, deadline, params=[*params, ("limit", str(PAGE)), *more])
            data = mapping(answer.json(), answer.source)
            if data.get("kind") != kind:
                answer.refuse(f"no {kind}")
            # Where a list ends it says so by leaving the token out, or empty.
            metadata = mapping(data.get("metadata") or {}, f"{answer.source}: metadata")
            told(metadata)
            onward = metadata.get("continue") or ""
            yield list_field(data, "items", answer.source)
            token = text(onward, f"{answer.source}: metadata.continue")
            if not token:
                return
            if token in seen:
                msg = f"{answer.source}: the list goes round in circles: the same page is to follow again"
                raise BadAnswer(msg)
            seen.add(token)
        msg = f"{self.source}, {action}: the list is longer than {_PAGES} pages of {PAGE}, and was not read to its end"
        raise Incomplete(msg)

    def _persist(  # noqa: PLR0913 — what a request is made of
        self,
        request: Request,
        source: str,
        deadline: Deadline,
        size_limit: int,
        sink: Callable[[], Sink] | None,
        *,
        passing: bool = True,
    ) -> Answer:
        """Try until there is an answer that is not a passing failure."""
        failures = waits = 0
        failure: Unobserved
        while True:
            try:
                reply = self._once(request, source, deadline, size_limit, sink)
            except (Unreachable, BrokenOff) as error:
                failure = Unreachable(str(error)) if isinstance(error, Unreachable) else Incomplete(str(error))
            else:
                answer = Answer(source, reply.status, reply.headers, reply.body, self._recorder.redact)
                if answer.status == _RATE_LIMITED and (passing or status_of(answer) is not None):
                    waits += 1
                    self._wait(answer, waits, deadline)
                    continue
                if not passing or answer.status not in _BROKEN or failures + 1 >= _TRIES:
                    return answer
                failure = refused(answer, None, self.who)
            failures += 1
            pause = _FIRST_PAUSE * 2 ** (failures - 1) * (0.5 + self._jitter())
            if failures >= _TRIES or pause >= deadline.remaining:
                raise failure
            self._recorder.attempt(source, str(failure))
            deadline.pause(pause, f"another try at {source}")

    def _once(
        self, request: Request, source: str, deadline: Deadline, size_limit: int, sink: Callable[[], Sink] | None
    ) -> Reply:
        exchange = Exchange(
            self.line,
            request,
            source=source,
            size_limit=size_limit,
            redact=self._recorder.redact,
            sink=None if sink is None else sink(),
        )
        return exchange.perform(deadline)

    def _wait(self, answer: Answer, waits: int, deadline: Deadline) -> None:
        """Wait for as long as a 429 asks, and up to a quarter longer, if the deadline allows it."""
        asked = seconds_to_wait(answer.headers.get("retry-after"), now=self._now(), tries=waits - 1)
        if waits >= _RATE_LIMITED_TRIES or asked >= deadline.remaining:
            left = f"{deadline.remaining:.1f} s are left"
            msg = f"{answer.source}: rate limited (429), to wait {asked:g} s after {waits} tries; {left}"
            raise RateLimited(msg)
        self._recorder.attempt(answer.source, f"rate limited (429), waiting {asked:g} s")
        longest = max(asked, deadline.remaining * 0.9)
        deadline.pause(min(asked * (1 + 0.25 * self._jitter()), longest), f"waiting as {answer.source} asks")


def _with(path: str, params: Params) -> str:
    return f"{path}?{urlencode(params)}" if params else path
