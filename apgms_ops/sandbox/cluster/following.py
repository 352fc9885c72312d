"""Following a collection: listed once, watched from there on, listed again only where that version is forgotten."""

import threading
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from apgms_ops.sandbox.cluster.api import GONE, ApiError, Object

_SHORTEST: Final = 0.2
_LONGEST: Final = 5.0
"""Seconds before another try, growing while nobody answers."""


class Source(Protocol):
    """What is followed; an Api is one."""

    def list(self, path: str, **parameters: str) -> Object:
        """Return the whole list."""

    def watch(self, path: str, version: str, **parameters: str) -> Iterator[Object]:
        """Yield events from a version on."""


class Follower:
    """Hands on what a collection holds and each change of it, in order, until it is told to stop."""

    def __init__(
        self,
        source: Source,
        path: str,
        parameters: dict[str, str],
        listed: Callable[[list[Object]], None],
        changed: Callable[[str, Object], None],
    ) -> None:
        """Prepare to follow.

        Args:
            source: Who is asked.
            path: The collection.
            parameters: Its selectors.
            listed: Takes all there is, whenever it was listed: what it does not hold is gone.
            changed: Takes ADDED, MODIFIED or DELETED, and the object.
        """
        self._source = source
        self._path = path
        self._parameters = parameters
        self._listed = listed
        self._changed = changed
        self._version = ""

    def run(
        self,
        stopping: threading.Event,
        trouble: Callable[[str], None],
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """Follow until told to stop.

        Args:
            stopping: Set by who tells.
            trouble: Hears why it had to begin again.
            pause: Waits for so many seconds; by default no longer than until told to stop.
        """
        wait = _SHORTEST
        while not stopping.is_set():
            try:
                self.step(stopping)
                wait = _SHORTEST
            except ApiError as error:
                if error.status:  # it answers, and not to this version: an API that lost its data knows none so high
                    self._version = ""
                if error.status != GONE:
                    trouble(str(error))
                (pause or stopping.wait)(wait)
                wait = min(wait * 2, _LONGEST)

    def step(self, stopping: threading.Event) -> None:
        """List, where there is no version to go on from, and watch once, to the end of the watch.

        Raises:
            ApiError: The API refused, or ended the watch with an error; a 410 means that the version is forgotten.
        """
        if not self._version:
            answer = self._source.list(self._path, **self._parameters)
            self._listed(list(answer.get("items") or []))
            self._version = str(answer["metadata"]["resourceVersion"])
        for event in self._source.watch(self._path, self._version, **self._parameters):
            kind, found = str(event.get("type")), event.get("object") or {}
            if kind == "ERROR":
                code = int(found.get("code", 0))
                msg = f"the watch of {self._path} ended: {found.get('message')}"
                raise ApiError(msg, GONE if found.get("reason") == "Expired" else code)
            self._version = str(found["metadata"]["resourceVersion"])
            if kind != "BOOKMARK":
                self._changed(kind, found)
            if stopping.is_set():
                return
