"""`pgbackrest verify --output=text --verbose`, read strictly. Pure.

It exits 0 and, asked for nothing, prints nothing, even over a repository that cannot be restored. So what is not
understood is no good news: a line that is not known is kept, and such a verification is not sound.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from apgms_ops.errors import BadAnswer
from apgms_ops.redact import printable

_STANZA: Final = re.compile(r"stanza: (\S+)")
_STATUS: Final = re.compile(r"status: (ok|error)")
_ARCHIVE: Final = re.compile(r"  archiveId: (\S+), total WAL checked: ([0-9]+), total valid WAL: ([0-9]+)")
_BACKUP: Final = re.compile(
    r"  backup: (\S+), status: ([a-z ]+), total files checked: ([0-9]+), total valid files: ([0-9]+)"
)
_COUNTS: Final = re.compile(
    r"    missing: ([0-9]+), checksum invalid: ([0-9]+), size invalid: ([0-9]+), other: ([0-9]+)"
)
_KEPT: Final = 20
"""Lines that are kept of those that are not known."""


@dataclass(frozen=True, slots=True)
class Examined:
    """One archive or backup of which every file was looked at."""

    name: str
    status: str
    """As it was said; of an archive nothing is."""
    checked: int
    """Files."""
    valid: int
    """Files."""
    bad: str
    """What is wrong with the others: how many of what; empty where nothing is said to be."""
    backup: bool
    """Whether it is a backup; an archive of the write-ahead log otherwise."""

    @property
    def sound(self) -> bool:
        """Whether there are files, and every one is valid."""
        good = self.status == "valid" if self.backup else True
        return good and self.checked > 0 and self.checked == self.valid and not self.bad


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of it."""

    stanza: str
    ok: bool
    """What it says itself."""
    examined: tuple[Examined, ...]
    remarks: tuple[str, ...]
    """Lines that are none of the known ones."""

    def problems(self) -> Iterator[str]:
        """Yield what is wrong."""
        for one in self.examined:
            if not one.sound:
                what = f"backup {one.name} is {one.status}" if one.backup else f"archive {one.name}"
                yield f"{what}: {one.valid} of {one.checked} files are valid{f' ({one.bad})' if one.bad else ''}"
        if not self.ok:
            yield "pgbackrest verify says: status: error"
        yield from (f"pgbackrest verify says: {line}" for line in self.remarks)
        kinds = {one.backup for one in self.examined}
        if True not in kinds:
            yield "no backup was examined"
        if False not in kinds:
            yield "no archive of the write-ahead log was examined"


def parse(text: str, stanza: str) -> Verification:
    """Return what a verification came to.

    Raises:
        BadAnswer: It is of another stanza, or says nothing of how it ended.
    """
    lines = text.splitlines()
    names = [match[1] for line in lines if (match := _STANZA.fullmatch(line))]
    statuses = [match[1] for line in lines if (match := _STATUS.fullmatch(line))]
    if names != [stanza] or len(statuses) != 1:
        said = printable(" ".join(lines[:3]), limit=160) or "nothing"
        msg = f"pgbackrest verify does not say how {stanza} is: it printed {said}"
        raise BadAnswer(msg)
    examined: list[Examined] = []
    remarks: list[str] = []
    counts: tuple[int, ...] = ()
    for line in reversed(lines):  # a line of counts belongs to the one before it
        if match := _COUNTS.fullmatch(line):
            counts = tuple(map(int, match.groups()))
        elif match := _ARCHIVE.fullmatch(line):
            examined.append(Examined(match[1], "", int(match[2]), int(match[3]), _bad(counts), backup=False))
            counts = ()
        elif match := _BACKUP.fullmatch(line):
            examined.append(Examined(match[1], match[2], int(match[3]), int(match[4]), _bad(counts), backup=True))
            counts = ()
        elif line.strip() and not _STANZA.fullmatch(line) and not _STATUS.fullmatch(line):
            remarks.append(printable(line.strip(), limit=300))
    return Verification(stanza, statuses[0] == "ok", tuple(reversed(examined)), tuple(reversed(remarks))[:_KEPT])


def _bad(counts: tuple[int, ...]) -> str:
    if not counts:
        return "nothing is said of what is bad"
    named = zip(("missing", "with a wrong checksum", "of a wrong size", "otherwise bad"), counts, strict=True)
    return ", ".join(f"{count} {what}" for what, count in named if count)
