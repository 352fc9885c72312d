"""Follows what a list holds: the list, and from its version on what changes, as the API server tells it.

A watch is an answer of status 200 that goes on. It may be over at any time and says nothing by that; what goes wrong
comes as an event of type ERROR, and a version that the server has forgotten (410) means that the list must be read
again. Who follows has none of that to see to: it gets the whole as it is by now, or one error.
"""

import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final, Generic, TypeVar

from apgms_ops.clients.http import Answer
from apgms_ops.clients.http.exchange import BrokenOff
from apgms_ops.clients.http.shape import mapping, text, text_field
from apgms_ops.clients.kubernetes.action import Action
from apgms_ops.clients.kubernetes.api import Api, Params
from apgms_ops.clients.kubernetes.errors import Expired, refused, status
from apgms_ops.deadline import Deadline
from apgms_ops.errors import ApgmsOpsError, BadAnswer, DeadlineExceeded, Incomplete, Unobserved, Unreachable

T = TypeVar("T")
_STREAM: Final = 60
"""Seconds after which the server is asked to end a watch: a connection that died without a word is noticed then."""
_GRACE: Final = 10.0
"""Seconds that it may take longer to do so."""
_TRIES: Final = 3
"""How often in a row a watch may fail, or its version be forgotten, before anything was heard."""
_PAUSE: Final = 0.5
"""Seconds before the second try; the third waits twice as long."""
_LINE: Final = 16 * 1024 * 1024
"""Bytes of one event: etcd takes objects of up to a tenth of that."""


class _Closed(ApgmsOpsError):
    """The stream is over, or nobody wants to hear of it any more."""


class _Lines:
    """Takes a stream apart into events, and hands each on as it comes."""

    def __init__(self, hear: Callable[[object], None], source: str) -> None:
        self._hear = hear
        self._source = source
        self._rest = b""
        self.unwanted = threading.Event()

    def take(self, piece: bytes) -> None:
        """Take the next piece.

        Raises:
            BadAnswer: It is no event.
        """
        if self.unwanted.is_set():
            raise _Closed
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > _LINE:
            msg = f"{self._source}: an event is larger than {_LINE} bytes"
            raise BadAnswer(msg)
        for line in lines:
            if line.strip():
                self._hear(self._event(line))

    def _event(self, line: bytes) -> object:
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            msg = f"{self._source}: what the watch tells is no JSON"
            raise BadAnswer(msg) from None


class Follower(Generic[T]):
    """Follows one list."""

    def __init__(self, api: Api, listing: Action, kind: str, fact: Callable[[object, str], T]) -> None:
        """Take what is followed; nothing is asked yet.

        Args:
            api: The server.
            listing: The list.
            kind: What it must be: `DeploymentList`.
            fact: Reads one object.
        """
        self._api = api
        self._kind = kind
        self._list = listing
        self._watch = replace(listing, verb="watch")
        self._source = f"{api.source}, {self._watch}"
        self._fact = fact
        self._found: dict[str, T] = {}
        self._version = ""

    def follow(self, deadline: Deadline, *, every: float) -> Iterator[tuple[T, ...]]:
        """Yield all that there is: at once, whenever something has changed, and when nothing has for a while.

        What changes while the caller is busy is told together.

        Args:
            deadline: For all of it.
            every: Seconds without a change after which it is told again.

        Raises:
            DeadlineExceeded: Time is up: it never ends by itself.
            AccessDenied: We may not list, or not watch; the text names what to grant.
            RateLimited: We are told to wait for longer than the deadline allows.
            Expired: The version is forgotten before anything is told, each time.
            Unobserved: The watch ended in an ERROR, or cannot be held up.
        """
        self._begin(deadline)
        yield tuple(self._found.values())
        failures = 0
        while True:
            stream = _Stream(self._api, self._watch, self._version, self._source, deadline)
            failure: Unobserved | None = None
            heard = False
            try:
                for events in stream.events(every):
                    for event in events:
                        self._take(event)
                    failures, heard = 0, True
                    yield tuple(self._found.values())
            except (Expired, Unreachable, BrokenOff) as error:
                failure = error
            finally:
                stream.close()
            if failure is not None:
                failures += 1
                if failures >= _TRIES:
                    raise Incomplete(str(failure)) if isinstance(failure, BrokenOff) else failure
                self._api.attempt(self._source, str(failure))
            if not heard or failure is not None:
                # A server that ends every watch at once is not asked without end, nor one that is just coming back.
                deadline.pause(_PAUSE * 2 ** max(0, failures - 1), f"another try at {self._source}")
            if isinstance(failure, Expired):
                self._begin(deadline)
                yield tuple(self._found.values())

    def _begin(self, deadline: Deadline) -> None:
        """Read the list."""
        versions: list[object] = []
        source = f"{self._api.source}, {self._list}"

        def told(metadata: Mapping[str, object]) -> None:
            versions.append(metadata.get("resourceVersion"))

        for page in self._api.pages(self._list, self._kind, deadline, told=told):
            if page is None:
                self._found.clear()
                versions.clear()
                continue
            for item in page:
                self._found[_name(item, source)] = self._fact(item, source)
        self._version = text(versions[-1] if versions else None, f"{source}: metadata.resourceVersion")

    def _take(self, event: object) -> None:
        data = mapping(event, self._source)
        kind, item = text_field(data, "type", self._source), mapping(data.get("object"), f"{self._source}: object")
        if kind == "ERROR":
            raise self._refused(item)
        metadata = mapping(item.get("metadata"), f"{self._source}: metadata")
        version = text_field(metadata, "resourceVersion", f"{self._source}: metadata")
        if kind in ("ADDED", "MODIFIED"):
            self._found[_name(item, self._source)] = self._fact(item, self._source)
        elif kind == "DELETED":
            self._found.pop(_name(item, self._source), None)
        elif kind != "BOOKMARK":
            msg = f"{self._source}: an event of type {kind[:40]!r}, which nobody knows"
            raise BadAnswer(msg)
        self._version = version

    def _refused(self, item: Mapping[str, object]) -> Unobserved:
        """Return the error that an event of type ERROR is."""
        said = status(dict(item))
        if said is None or not said.code:
            return BadAnswer(f"{self._source}: the watch ended in an ERROR that says nothing")
        headers = {"content-type": "application/json"}
        source = f"{self._source}: the watch ended in an ERROR"
        answer = Answer(source, said.code, headers, json.dumps(dict(item)).encode(), self._api.redact)
        return refused(answer, self._watch, self._api.who)


class _Stream:
    """One watch, read in a thread of its own."""

    def __init__(self, api: Api, action: Action, version: str, source: str, deadline: Deadline) -> None:
        seconds = max(1, min(_STREAM, int(deadline.remaining)))
        self._told: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._lines = _Lines(self._told.put, source)
        self._deadline = deadline
        self._source = source
        params: Params = [
            ("watch", "1"),
            ("resourceVersion", version),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", str(seconds)),
        ]
        arguments = (api, action, params, deadline.within(seconds + _GRACE))
        threading.Thread(target=self._run, args=arguments, name=source, daemon=True).start()

    def _run(self, api: Api, action: Action, params: Params, deadline: Deadline) -> None:
        # Replaced in every way that is foreseen; an unforeseen one must not look like a stream that goes on.
        end: ApgmsOpsError = Unobserved(f"{self._source}: reading failed unexpectedly")
        try:
            api.stream(action, deadline, params=params, sink=self._lines)
            end = _Closed()
        except DeadlineExceeded:
            end = _Closed()  # of this stream; whether all time is over, who follows knows
        except ApgmsOpsError as error:
            end = error
        finally:
            self._told.put(end)

    def events(self, every: float) -> Iterator[list[object]]:
        """Yield what was told, each time all of it; nothing where nothing was for a while. Ends as the stream does.

        Raises:
            DeadlineExceeded: All time is up.
            Unobserved: The watch failed.
        """
        while True:
            try:
                told = [self._told.get(timeout=min(every, self._deadline.require(f"following {self._source}")))]
            except queue.Empty:
                yield []
                continue
            while not self._told.empty():
                told.append(self._told.get())
            end = told.pop() if isinstance(told[-1], ApgmsOpsError) else None
            if told:
                yield told
            if isinstance(end, _Closed):
                return
            if isinstance(end, ApgmsOpsError):
                raise end

    def close(self) -> None:
        """Let it be: what still comes is not read."""
        self._lines.unwanted.set()


def _name(item: object, source: str) -> str:
    metadata = mapping(mapping(item, source).get("metadata"), f"{source}: metadata")
    return text_field(metadata, "name", f"{source}: metadata")
