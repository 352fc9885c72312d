"""Watches: a stream of the changes of a kind, from a revision on, with bookmarks; its errors come inside the stream."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from apgms_ops.sandbox.kubernetes_process import selectors
from apgms_ops.sandbox.kubernetes_process.kinds import Object, Resource
from apgms_ops.sandbox.kubernetes_process.paths import truth
from apgms_ops.sandbox.kubernetes_process.status import Refused, bad_request, expired, too_large
from apgms_ops.sandbox.kubernetes_process.store import Change, Store, TooOldError

_LONGEST: Final = 1800.0
"""Seconds that a watch lasts which asks for no time."""
_LOOK: Final = 1.0
"""Seconds between two looks at whether the client is still there."""
_BOOKMARK: Final = 60.0
"""Seconds between two bookmarks."""
_INITIAL_END: Final = "k8s.io/initial-events-end"


class Watches:
    """Gives watches, and can end them all with an error."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        """Take what is watched, and what measures how long."""
        self._store = store
        self._clock = clock
        self._ended = 0
        self._error: Object = {}

    def end(self, error: Refused) -> None:
        """End every watch with an ERROR event."""
        with self._store.lock:
            self._error = error.status()
            self._ended += 1
            self._store.wake()

    def stream(self, resource: Resource, namespace: str, query: Mapping[str, str]) -> Iterator[bytes]:
        """Yield the events of a watch, a line each; nothing (an empty line) now and then, to see who still listens.

        Raises:
            Refused: The query is none. What goes wrong later is an ERROR event.
        """
        meant = selectors.matcher(query.get("labelSelector", ""), query.get("fieldSelector", ""), resource.plural)
        text = query.get("resourceVersion", "") or "0"
        seconds = query.get("timeoutSeconds", "") or "0"
        if not text.isdecimal() or not seconds.isdecimal():
            msg = "invalid resourceVersion or timeoutSeconds: no whole number"
            raise bad_request(msg)
        initial = truth(query.get("sendInitialEvents", ""))
        if initial and query.get("resourceVersionMatch") != "NotOlderThan":
            msg = "resourceVersionMatch must be NotOlderThan where sendInitialEvents is set"
            raise bad_request(msg)
        bookmarks = truth(query.get("allowWatchBookmarks", ""))
        watch = _Watch(resource, namespace, meant, bookmarks=bookmarks)
        return self._events(watch, int(text), int(seconds) or _LONGEST, initial=initial)

    def _events(self, watch: "_Watch", revision: int, seconds: float, *, initial: bool) -> Iterator[bytes]:
        store, until, ended = self._store, self._clock() + seconds, self._ended
        bookmark = self._clock() + _BOOKMARK
        if revision == 0 or initial:
            with store.lock:
                revision, found = store.revision, store.items(watch.resource.plural, watch.namespace)
            yield from (line("ADDED", item) for item in found if watch.meant(item))
            if initial and watch.bookmarks:
                yield watch.bookmark(revision, {_INITIAL_END: "true"})
        if revision > store.revision:
            yield line("ERROR", too_large(revision, store.revision).status())
            return
        while True:
            if self._ended != ended:
                yield line("ERROR", self._error)
                return
            try:
                with store.lock:
                    changes, seen = store.since(watch.resource.plural, revision), store.revision
            except TooOldError as error:
                yield line("ERROR", expired(f"too old resource version: {revision} ({error.oldest})").status())
                return
            yield from (event for change in changes if (event := watch.event(change)))
            revision = max(seen, revision)
            now = self._clock()
            if watch.bookmarks and (now >= bookmark or now >= until):
                bookmark = now + _BOOKMARK
                yield watch.bookmark(revision)
            if now >= until:
                return
            if not changes:
                yield b""
            store.wait(revision, min(_LOOK, until - now))


class _Watch:
    """What one watch is about."""

    def __init__(self, resource: Resource, namespace: str, meant: Callable[[Object], bool], *, bookmarks: bool) -> None:
        self.resource = resource
        self.namespace = namespace
        self.meant = meant
        self.bookmarks = bookmarks

    def event(self, change: Change) -> bytes | None:
        """Return a change as this watch sees it: an object that is no longer meant is deleted to it."""
        metadata = change.object["metadata"]
        if self.namespace and metadata.get("namespace") != self.namespace:
            return None
        was = change.before is not None and self.meant(change.before)
        now = change.type != "DELETED" and self.meant(change.object)
        if not was and not now:
            return None
        if was and now:
            return line("MODIFIED", change.object)
        if now:
            return line("ADDED", change.object)
        if change.type == "DELETED":
            return line("DELETED", change.object)
        last = {**(change.before or {}), "metadata": {**(change.before or {})["metadata"]}}
        last["metadata"]["resourceVersion"] = str(change.revision)
        return line("DELETED", last)

    def bookmark(self, revision: int, annotations: Mapping[str, str] | None = None) -> bytes:
        """Return the event that says up to which revision nothing was left out."""
        metadata: Object = {"resourceVersion": str(revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = dict(annotations)
        item = {"kind": self.resource.kind, "apiVersion": self.resource.api_version, "metadata": metadata}
        return line("BOOKMARK", item)


def line(kind: str, item: Object) -> bytes:
    """Return an event as it is sent."""
    return json.dumps({"type": kind, "object": item}, separators=(",", ":")).encode() + b"\n"
