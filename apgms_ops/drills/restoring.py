"""pgBackRest's part of a drill: a backup restored into the drill's own folder, and how what is archived comes there."""

import contextlib
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.drills.running import Ended, Runner
from apgms_ops.drills.scratch import Place
from apgms_ops.environment.backups import DatabaseRestore
from apgms_ops.errors import Unobserved
from apgms_ops.secret import Secret

_IO: Final = 10
"""Seconds within which a repository must answer: at the default a dead one costs minutes a command."""
_ERROR: Final = re.compile(r"ERROR: \[(?P<code>[0-9]{3})\]: (?P<what>.*)")
_SHARE: Final = re.compile(r"restore file .*, (?P<percent>[0-9]+(\.[0-9]+)?)%\)")
_SECRET: Final = re.compile(
    r"(?m)^[ \t]*repo[0-9]+-[a-z0-9-]*(?:pass|passphrase|s3-key|azure-key|secret|token)[ \t]*=(.*)$"
)
_EVERY: Final = 5.0
"""Seconds between two lines of progress."""
_UNSOUND: Final = frozenset({26, 28, 29, 39, 44, 51, 55, 75, 95, 103})
"""Errors of pgBackRest that say that what is kept is bad: checksum, invalid file, format, end of file, mismatch of
archive or backup, missing file, invalid set, cipher, invalid repository. By any other it could not be found out."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why pgBackRest gave up."""

    what: str
    unsound: bool
    """Whether that says that what is kept cannot be restored; otherwise nobody knows."""


@dataclass(frozen=True, slots=True)
class Restorer:
    """Runs pgBackRest for one drill."""

    section: DatabaseRestore
    stanza: str
    place: Place
    runner: Runner

    def restore(self, backup: str, say: Callable[[str], None], deadline: Deadline) -> Failure | None:
        """Restore a backup into the empty folder; return why that failed, if it did.

        Nothing can be written over: `--delta` and `--force` are off, and tablespaces go into the drill's folder too.

        Args:
            backup: Its label.
            say: Takes a line of progress.
            deadline: For all of it.

        Raises:
            Unobserved: It could not be run, or did not end in time.
        """
        told = deadline.remaining

        def heard(line: str) -> None:
            nonlocal told
            share = _SHARE.search(line)
            if share is not None and told - deadline.remaining >= _EVERY:
                told = deadline.remaining
                say(f"restored {share['percent']} %")

        options = (
            f"--set={backup}",
            "--type=default",
            "--archive-mode=off",
            "--no-delta",
            f"--tablespace-map-all={self.place.folder / 'tablespaces'}",
            "--log-level-console=detail",
        )
        ended = self.runner.run([*self._command, *options, "restore"], deadline, heard=heard)
        return None if ended.exit_code == 0 else failure(ended)

    @property
    def from_archive(self) -> str:
        """PostgreSQL's `restore_command`: fetches one segment of the write-ahead log, and can do nothing else."""
        words = [*self._command, "--no-archive-async", "--log-level-console=warn", "archive-get"]
        quoted = " ".join(shlex.quote(word) for word in words).replace("%", "%%")
        return f'{quoted} %f "%p"'

    @property
    def _command(self) -> Sequence[str]:
        return (
            self.section.pgbackrest,
            f"--config={self.section.config}",
            f"--stanza={self.stanza}",
            f"--pg1-path={self.place.data}",
            f"--lock-path={self.place.folder / 'lock'}",
            f"--log-path={self.place.folder / 'log'}",
            f"--io-timeout={_IO}",
            "--log-level-file=off",
            "--log-level-stderr=off",
        )


def failure(ended: Ended) -> Failure:
    """Return why a command of pgBackRest failed."""
    complaints = [match for line in ended.lines if (match := _ERROR.search(line))]
    if not complaints:
        return Failure(f"pgbackrest restore ended with {ended.exit_code}: {ended.said}", unsound=False)
    last = complaints[-1]
    return Failure(f"pgbackrest restore: [{last['code']}] {last['what']}", int(last["code"]) in _UNSOUND)


def trouble(lines: Sequence[str]) -> str | None:
    """Return the last error of pgBackRest in what a server has logged: the archive's end may not have been reached."""
    complaints = [match["what"] for line in lines if (match := _ERROR.search(line))]
    return complaints[-1] if complaints else None


def secrets_in(config: Path) -> Iterator[Secret]:
    """Yield the secrets in pgBackRest's configuration file, as far as we may read it: none of them is to be shown."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        for match in _SECRET.finditer(config.read_text(encoding="utf-8")):
            if match[1].strip():
                yield Secret(match[1].strip())


def require(problem: Failure | None) -> str | None:
    """Return what is wrong with what is kept, if anything.

    Raises:
        Unobserved: It failed for another reason.
    """
    if problem is None or problem.unsound:
        return None if problem is None else problem.what
    raise Unobserved(problem.what)
