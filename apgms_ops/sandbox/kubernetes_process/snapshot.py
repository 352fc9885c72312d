"""What is kept of the store while its process does not run: every object, in a file, a moment after it changed."""

import json
import os
import threading
import time
from pathlib import Path
from typing import Final

from apgms_ops.sandbox.kubernetes_process.kinds import of_object
from apgms_ops.sandbox.kubernetes_process.store import Store

_PAUSE: Final = 0.2
"""Seconds from one writing to the next, at least."""
_SHARE: Final = 20
"""How much longer than a writing took the pause after it is."""
_BEYOND: Final = 1_000_000
"""How far beyond the saved revision a process goes on: what was given out after that writing is not given again."""


class Snapshot:
    """The file of one store."""

    def __init__(self, store: Store, path: Path) -> None:
        """Take the store, and where it is kept."""
        self._store = store
        self._path = path
        self._saved = -1

    def load(self) -> bool:
        """Read what was saved into the empty store; whether there was something."""
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return False
        for item in content["objects"]:
            resource = of_object(item["apiVersion"], item["kind"])
            if resource is not None:
                self._store.restore(resource.plural, item)
        self._store.revision = content["revision"] + _BEYOND
        self._store.forget()
        return True

    def save(self) -> None:
        """Write everything, if it changed; the file is this user's alone, and whole."""
        with self._store.lock:
            revision = self._store.revision
            if revision == self._saved:
                return
            content = {"revision": revision, "objects": [item for _, item in self._store.every()]}
        beside = self._path.with_name(f"{self._path.name}.new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(content, file, separators=(",", ":"))
        beside.replace(self._path)
        self._saved = revision

    def keep(self, until: threading.Event) -> None:
        """Save whatever changes, soon after it did, until asked to end; then once more."""
        while not until.is_set():
            began = time.monotonic()
            self.save()
            until.wait(max(_PAUSE, _SHARE * (time.monotonic() - began)))
        self.save()
