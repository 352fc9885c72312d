"""What is known of the platform's evidence index, and what is wrong with it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.release import Release, short
from apgms_ops.redact import printable

_HOW = "`apgms-ops evidence index --artifacts-dir … --release … --sha … --strict` makes it"


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """One row of the index, and the file that it links."""

    artifact: str
    path: str | None
    """Within the repository; None: the row is pending."""
    sha256: str | None
    """Of the file when it was indexed."""
    problems: tuple[str, ...]
    """Why it is no good evidence, as was found when it was indexed."""
    there: bool
    """Whether the file is there now."""
    found_sha256: str | None
    """Of the file as it is now; None: it is not there, or was not read."""
    unread: str | None
    """Why the file could not be read, though it is there."""


@dataclass(frozen=True, slots=True)
class WrittenIndex:
    """The newest entry of the index's history."""

    at: datetime
    release: str
    commit: str | None
    """None: nothing tied it to a release."""
    unaltered: bool
    """Whether the table is the one that was written then."""
    rows: tuple[IndexedFile, ...]


@dataclass(frozen=True, slots=True)
class EvidenceIndex:
    """The index as it is on the branch that releases are on."""

    release: Release
    """What runs."""
    commit: str | None
    """Its commit; None: there is no such tag."""
    place: str
    """Where the index is looked for."""
    there: bool
    """Whether the document is."""
    written: WrittenIndex | None
    """None: it has no history."""

    def stale(self) -> Findings:
        """Say what keeps the index from being the one of the release that runs.

        Raises:
            Unobserved: The release has no commit to compare with.
        """
        written, tag = self.written, printable(self.release.tag, limit=60)
        if not self.there:
            return Findings((f"there is no {self.place}: {_HOW}",))
        if written is None:
            return Findings((f"{self.place} has no history beside it: it was not made by this tool; {_HOW}",))
        said = printable(written.release, limit=60)
        if written.commit is None:
            return Findings((f"{self.place} is tied to no commit (it calls its release {said}): say --sha COMMIT",))
        if self.commit is None:
            msg = f"there is no tag {tag}: which commit the index is to be of is not known"
            raise Unobserved(msg)
        if (written.commit, written.release) != (self.commit, self.release.tag):
            of = f"{said} ({short(written.commit)}), refreshed {written.at:%Y-%m-%d %H:%M} UTC"
            return Findings((f"{self.place} is of {of}; what runs is {tag} ({short(self.commit)})",))
        return Findings()

    def altered(self) -> Findings:
        """Say whether the table is not what was written."""
        if self.written is not None and not self.written.unaltered:
            return Findings((f"the table in {self.place} is not what was written last: it was edited by hand",))
        self._require_written()
        return Findings()

    def broken(self) -> Findings:
        """Say which rows lead to no file, or to another than was indexed.

        Raises:
            Unobserved: A file could not be read, and none is known to be wrong.
        """
        written = self._require_written()
        found = Findings(_broken(written))
        unread = [row.unread for row in written.rows if row.unread is not None]
        if unread and not found:
            raise Unobserved("; ".join(unread))
        return found

    def unsound(self) -> Findings:
        """Say which rows are no good evidence, as the index itself tells."""
        written = self._require_written()
        if not written.rows:
            return Findings((f"{self.place} has no rows",))
        return Findings(
            printable(f"{row.artifact}: {problem}", limit=300) for row in written.rows for problem in row.problems
        )

    def _require_written(self) -> WrittenIndex:
        if self.written is None:
            msg = f"{self.place} is missing, or has no history: there is nothing to hold its rows to"
            raise Unobserved(msg)
        return self.written


def _broken(written: WrittenIndex) -> Iterator[str]:
    for row in written.rows:
        name = printable(row.artifact, limit=80)
        path = printable(row.path or "", limit=120)
        if row.path is None:
            yield f"{name}: pending, nothing is linked"
        elif not row.there:
            yield f"{name}: its link leads nowhere: {path}"
        elif row.unread is None and row.found_sha256 != row.sha256:
            yield f"{name}: {path} is not the file that was indexed: it was changed since"
