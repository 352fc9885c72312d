"""What is stored: every object in its latest version, and the last changes of each kind."""

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from apgms_ops.sandbox.kubernetes_process.kinds import RESOURCES, Object

_REMEMBERED: Final = 1000
"""Changes of a kind that a watch can begin with."""

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one object."""

    revision: int
    type: ChangeType
    plural: str
    object: Object
    """As it is from then on; of one that is gone, as it last was."""
    before: Object | None


class TooOldError(Exception):
    """Not all changes since then are remembered."""

    def __init__(self, oldest: int) -> None:
        """Say from where on they are."""
        super().__init__(f"the oldest is {oldest}")
        self.oldest = oldest


class Store:
    """Objects by kind, namespace and name. One counter numbers all changes.

    An object that was stored is not changed by anybody. Who reads, decides and writes holds `lock` meanwhile.
    """

    def __init__(self, revision: int = 1, remembered: int = _REMEMBERED) -> None:
        """Begin empty, at a revision."""
        self.lock = threading.RLock()
        self.revision = revision
        self._changed = threading.Condition(self.lock)
        self._objects: dict[str, dict[tuple[str, str], Object]] = {resource.plural: {} for resource in RESOURCES}
        self._changes: dict[str, deque[Change]] = {resource.plural: deque() for resource in RESOURCES}
        self._forgotten = {resource.plural: revision for resource in RESOURCES}
        """Kind → the revision up to which its changes are not remembered."""
        self._remembered = remembered
        self._newest: deque[Change] = deque(maxlen=4 * remembered)
        self._woken = 0

    def get(self, plural: str, namespace: str, name: str) -> Object | None:
        """Return an object, if there is one; the namespace of a kind that has none is empty."""
        with self.lock:
            return self._objects[plural].get((namespace, name))

    def items(self, plural: str, namespace: str = "") -> list[Object]:
        """Return the objects of a kind, of one namespace or of all, by namespace and name."""
        with self.lock:
            found = self._objects[plural]
            keys = sorted(key for key in found if not namespace or key[0] == namespace)
            return [found[key] for key in keys]

    def every(self) -> Iterator[tuple[str, Object]]:
        """Yield every object with its kind's plural."""
        with self.lock:
            found = [(plural, item) for plural, items in self._objects.items() for item in items.values()]
        yield from found

    def write(self, plural: str, wanted: Object) -> Object:
        """Store an object, new or in place of what was there, under the next revision; return it as it is stored."""
        with self.lock:
            self.revision += 1
            metadata = {**wanted["metadata"], "resourceVersion": str(self.revision)}
            stored = {**wanted, "metadata": metadata}
            key = (metadata.get("namespace", ""), metadata["name"])
            before = self._objects[plural].get(key)
            self._objects[plural][key] = stored
            self._remember(Change(self.revision, "MODIFIED" if before else "ADDED", plural, stored, before))
            return stored

    def remove(self, plural: str, gone: Object) -> Object:
        """Remove an object; return it as its watchers see it last."""
        with self.lock:
            self.revision += 1
            metadata = {**gone["metadata"], "resourceVersion": str(self.revision)}
            last = {**gone, "metadata": metadata}
            before = self._objects[plural].pop((metadata.get("namespace", ""), metadata["name"]))
            self._remember(Change(self.revision, "DELETED", plural, last, before))
            return last

    def restore(self, plural: str, item: Object) -> None:
        """Put back an object as it was stored once; it is no change."""
        metadata = item["metadata"]
        with self.lock:
            self._objects[plural][(metadata.get("namespace", ""), metadata["name"])] = item

    def since(self, plural: str, revision: int) -> list[Change]:
        """Return the changes of a kind after a revision.

        Raises:
            TooOldError: Not all of them are remembered.
        """
        with self.lock:
            if revision < self._forgotten[plural]:
                raise TooOldError(self._forgotten[plural])
            changes = self._changes[plural]
            if not changes or changes[-1].revision <= revision:
                return []
            return [change for change in changes if change.revision > revision]

    def all_since(self, revision: int) -> list[Change] | None:
        """Return the changes of all kinds after a revision, or None where not all of them are remembered."""
        with self.lock:
            newest = self._newest
            if revision == self.revision:
                return []
            if not newest or newest[0].revision > revision + 1:
                return None
            return [change for change in newest if change.revision > revision]

    def forget(self) -> None:
        """Forget every change, as a compaction does: no watch can begin with one from before."""
        with self.lock:
            for plural, changes in self._changes.items():
                changes.clear()
                self._forgotten[plural] = self.revision
            self.wake()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        with self.lock:
            self._woken += 1
            self._changed.notify_all()

    def wait(self, revision: int, seconds: float) -> None:
        """Return once there is a change after a revision, or `wake` was called, or the time is over."""
        with self.lock:
            woken = self._woken
            self._changed.wait_for(lambda: self.revision > revision or self._woken != woken, seconds)

    def _remember(self, change: Change) -> None:
        changes = self._changes[change.plural]
        changes.append(change)
        self._newest.append(change)
        if len(changes) > self._remembered:
            self._forgotten[change.plural] = changes.popleft().revision
        self._changed.notify_all()
