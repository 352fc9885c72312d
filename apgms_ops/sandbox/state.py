"""The state of one sandbox: a JSON file that any later process can reopen, changed under a lock, replaced whole."""

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from apgms_ops.errors import SandboxError

SCHEMA = 1
FILE = "world.json"
_SECTIONS = ("values", "ports", "processes", "faults")


def open_lock(path: Path) -> int:
    """Open a file to lock, made where there is none, and return its descriptor.

    Raises:
        SandboxError: The file cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        msg = f"{path} cannot be opened: {error.strerror}"
        raise SandboxError(msg) from error


@contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold an exclusive lock on a file, against processes and threads alike; the kernel frees it if we are killed.

    Args:
        path: The file.
        waiting: Called if somebody else holds it, before we wait.

    Raises:
        SandboxError: The file cannot be opened.
    """
    descriptor = open_lock(path)
    try:
        if not try_lock(descriptor):
            if waiting is not None:
                waiting()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    """Take the exclusive lock if nobody else holds any; return whether we have it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_atomically(path: Path, text: str) -> None:
    """Replace a file so that a reader sees the old text or the new one, never a part."""
    # Several threads may write the same file: each a draft of its own, and the last one's stays.
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(path)


class StateFile:
    """`<root>/world.json`. Its presence is what tells a sandbox's folder from any other."""

    def __init__(self, root: Path) -> None:
        """Name the folder; nothing is read or written yet."""
        self.path = root / FILE
        self._lock = root / "world.lock"
        self._closed = False

    def close(self) -> None:
        """Refuse every change from now on, and return once none is under way: the sandbox is being taken down."""
        self._closed = True
        if self._lock.is_file():
            with locked(self._lock):
                return

    def require_open(self) -> None:
        """Go on only while changes are allowed.

        Raises:
            SandboxError: The state was closed.
        """
        if self._closed:
            msg = "the sandbox is being taken down"
            raise SandboxError(msg)

    def exists(self) -> bool:
        """Whether a sandbox was ever begun here."""
        return self.path.is_file()

    def read(self) -> dict[str, Any]:
        """Return the state; that of a sandbox not yet begun if there is no file.

        Raises:
            SandboxError: The file is unreadable, or is not the state of a sandbox.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {"schema": SCHEMA} | {section: {} for section in _SECTIONS}
        except (OSError, UnicodeDecodeError) as error:
            raise self._damaged(str(error)) from error
        try:
            state = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self._damaged(str(error)) from error
        problem = _problem(state)
        if problem is not None:
            raise self._damaged(problem)
        return dict(state)

    @contextmanager
    def change(self) -> Iterator[dict[str, Any]]:
        """Yield the state under the lock, and write it back unless an exception comes through.

        Raises:
            SandboxError: The state cannot be read or written.
        """
        self.require_open()
        with locked(self._lock):
            self.require_open()
            state = self.read()
            yield state
            try:
                write_atomically(self.path, json.dumps(state, indent=1))
            except OSError as error:
                msg = f"{self.path} cannot be written: {error.strerror}"
                raise SandboxError(msg) from error

    def _damaged(self, why: str) -> SandboxError:
        msg = f"{self.path} is not the state of a sandbox ({why}); `apgms-ops sandbox down` clears it away"
        return SandboxError(msg)


def _problem(state: object) -> str | None:
    """Say what keeps a JSON value from being the state of a sandbox."""
    if not isinstance(state, dict):
        return "not an object"
    if state.get("schema") != SCHEMA:
        return f"schema {state.get('schema')!r}, not {SCHEMA}"
    missing = [section for section in _SECTIONS if not isinstance(state.get(section), dict)]
    if missing:
        return f"no object {missing[0]!r}"
    if not all(isinstance(named, dict) for named in state["processes"].values()):
        return "processes of a component are no object"
    identities = [identity for named in state["processes"].values() for identity in named.values()]
    return None if all(map(_is_identity, identities)) else "a process without pid, start and boot"


def _is_identity(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"pid", "started", "boot"}
        and all(type(value[key]) is int for key in ("pid", "started"))
        and isinstance(value["boot"], str)
    )
