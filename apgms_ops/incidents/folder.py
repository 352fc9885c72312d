"""The folder of timeline files: found, begun and changed, one process at a time, and never a part of a file."""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from apgms_ops.compliance import timeline_files, timelines
from apgms_ops.compliance.timelines import Timeline
from apgms_ops.deadline import Deadline
from apgms_ops.errors import ApgmsOpsError, ConfigurationError
from apgms_ops.incidents.edits import new_problems
from apgms_ops.redact import printable

_POLL: Final = 0.05
_MOST: Final = 100
"""Incidents of one day that are called alike."""


class NotFiled(ApgmsOpsError):
    """A timeline file was not written; the text says why."""


class TimelineFolder:
    """One folder, which is made when the first file is."""

    def __init__(self, path: Path) -> None:
        """Take the folder; nothing is read yet."""
        self.path = path

    def find(self, incident: str) -> Timeline | None:
        """Return the file of an incident, by PagerDuty's id of it or by the name of the file.

        Raises:
            ConfigurationError: Several files are of that incident.
            Unobserved: The folder, or a file in it, cannot be read.
        """
        found = [one for one in self.every() if incident in (one.name, one.incident)]
        if len(found) > 1:
            names = ", ".join(printable(one.name, limit=100) for one in found)
            msg = f"{len(found)} timeline files are of incident {printable(incident, limit=40)}: {names}"
            raise ConfigurationError(msg)
        return found[0] if found else None

    def every(self) -> Iterator[Timeline]:
        """Yield what each file says, in the order of their names.

        Raises:
            Unobserved: The folder, or a file in it, cannot be read.
        """
        for path in timeline_files.paths(self.path):
            yield timelines.read(path.name, timeline_files.text(path))

    def begin(self, timeline: Timeline, deadline: Deadline) -> Timeline:
        """Write the file of an incident that has none, and return it under the name that it got.

        Raises:
            NotFiled: It cannot be written, or nobody lets go of the folder in time.
            ConfigurationError: What it would say must not be written: it may hold a secret, say.
        """
        text = timelines.written(timeline)
        allowed = {"Incident is not said"}  # where PagerDuty does not answer, the file is there, and says so
        wrong = [problem for problem in timelines.read(timeline.name, text).problems if problem not in allowed]
        if wrong:
            msg = f"the timeline was not written: {'; '.join(wrong[:3])}"
            raise ConfigurationError(msg)
        with self._held(deadline):
            for name in _names(timeline.name):
                if not (self.path / name).exists():
                    _write(self.path / name, text)
                    return replace(timeline, name=name)
        msg = f"there are {_MOST} files called {timeline.name} already"
        raise NotFiled(msg)

    def change(self, name: str, changed: Callable[[str], str], deadline: Deadline) -> bool:
        """Change a file's text; return whether there was anything to change.

        Raises:
            ConfigurationError: The change would make something wrong with the file that was not before.
            NotFiled: It cannot be written.
            Unobserved: It cannot be read.
        """
        with self._held(deadline):
            before = timeline_files.text(self.path / name)
            after = self._sound(name, before, changed)
            if after == before:
                return False
            _write(self.path / name, after)
            return True

    def require_sound(self, name: str, changed: Callable[[str], str]) -> None:
        """See that a file's text may be changed so, before something else is done that belongs to the change.

        Raises:
            ConfigurationError: The change would make something wrong with the file that was not before.
            Unobserved: It cannot be read.
        """
        self._sound(name, timeline_files.text(self.path / name), changed)

    @staticmethod
    def _sound(name: str, before: str, changed: Callable[[str], str]) -> str:
        after = changed(before)
        wrong = new_problems(name, before, after)
        if wrong:
            msg = f"{name} was not changed: {'; '.join(wrong[:3])}"
            raise ConfigurationError(msg)
        return after

    @contextmanager
    def _held(self, deadline: Deadline) -> Iterator[None]:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            msg = f"{self.path}: {error.strerror}"
            raise NotFiled(msg) from error
        try:
            while not _locked(descriptor):
                deadline.pause(_POLL, "another command to let go of the timeline files")
            yield
        finally:
            os.close(descriptor)


def _names(name: str) -> Iterator[str]:
    """Yield a name, and what a file is called where there is one of that name."""
    yield name
    stem = name.removesuffix(".md")
    yield from (f"{stem}-{number}.md" for number in range(2, _MOST + 1))


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(path: Path, text: str) -> None:
    """Replace a file, or make it, so that there is never a part of it, even if the machine stops.

    Raises:
        NotFiled: It cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            draft.chmod(stat.S_IMODE(path.stat().st_mode))
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        msg = f"{path} cannot be written: {error.strerror}"
        raise NotFiled(msg) from error
