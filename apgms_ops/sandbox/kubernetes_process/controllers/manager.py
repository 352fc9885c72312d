"""The manager: hears of every change, asks the controllers whom it concerns, and lets them look."""

import sys
import threading
from collections.abc import Sequence
from typing import Final

from apgms_ops.sandbox.kubernetes_process.controllers.controller import Controller, Key
from apgms_ops.sandbox.kubernetes_process.registry import Registry
from apgms_ops.sandbox.kubernetes_process.store import Change
from apgms_ops.sandbox.service_process.guard import guarded

_LOOK: Final = 0.5
"""Seconds between two looks at the clock."""
_AGAIN: Final = 1.0
"""Seconds after which what failed is tried again."""

_Work = tuple[str, Key]


class Manager:
    """Runs the controllers, one key at a time, in one thread."""

    def __init__(self, registry: Registry, controllers: Sequence[Controller]) -> None:
        """Take the controllers, which will hear of everything that is stored already."""
        self._registry = registry
        self._store = registry.store
        self._controllers = {controller.name: controller for controller in controllers}
        self._queue: dict[_Work, None] = {}
        self._later: dict[_Work, float] = {}
        self._seen = -1
        self.frozen: frozenset[str] = frozenset()

    def freeze(self, names: object) -> None:
        """Let some controllers do nothing, and all others act; what they missed they do later.

        Raises:
            ValueError: These are no names of controllers.
        """
        if not isinstance(names, list) or not {str(name) for name in names} <= set(self._controllers):
            msg = f"an order is a list of {', '.join(self._controllers)}"
            raise ValueError(msg)
        with self._store.lock:
            self.frozen = frozenset(names)
            self._store.wake()

    @property
    def settled(self) -> bool:
        """Whether every change was heard of, and no controller that acts has anything to do at once."""
        with self._store.lock:
            return self._seen == self._store.revision and not self._due()

    def run(self, until: threading.Event) -> None:
        """Act on what changes, until asked to end."""
        while not until.is_set():
            if not self.step():
                self._store.wait(self._seen, _LOOK)

    def settle(self, most: int = 1000) -> None:
        """Act until nothing is left to do at once.

        Raises:
            RuntimeError: It never ends: two controllers undo each other's work.
        """
        for _ in range(most):
            if not self.step() and self.settled:
                return
        msg = f"the controllers do not come to rest: {list(self._queue)}"
        raise RuntimeError(msg)

    def step(self) -> bool:
        """Hear of the changes since the last step and do what is due; whether anything was."""
        with self._store.lock:
            changes = self._changes()
            self._seen = self._store.revision
        for change in changes:
            for name, controller in self._controllers.items():
                for key in controller.concerns(change):
                    self._queue[(name, key)] = None
        now = self._registry.clock()
        for work in [work for work, at in self._later.items() if at <= now]:
            del self._later[work]
            self._queue[work] = None
        due = self._due()
        for work in due:
            self._queue.pop(work, None)
            self._look(work)
        return bool(due)

    def _changes(self) -> list[Change]:
        found = self._store.all_since(self._seen) if self._seen >= 0 else None
        if found is None:  # too many at once, or the first time: look at everything
            return [Change(0, "ADDED", plural, item, None) for plural, item in self._store.every()]
        return found

    def _due(self) -> list[_Work]:
        return [work for work in self._queue if work[0] not in self.frozen]

    def _look(self, work: _Work) -> None:
        name, key = work

        def look() -> float | None:
            with self._store.lock:
                return self._controllers[name].sync(key)

        def failed(trace: str) -> float:
            sys.stderr.write(f"controller {name} at {'/'.join(key)}:\n{trace}")
            sys.stderr.flush()
            return _AGAIN

        seconds = guarded(look, failed)
        if seconds is not None:
            at = self._registry.clock() + max(seconds, 0.0)
            self._later[work] = min(at, self._later.get(work, at))
