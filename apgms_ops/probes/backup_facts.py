"""What is known of the database's backups, and what is wrong with them. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apgms_ops.clients.pgbackrest.facts import Backup, Code, Kind, Stanza
from apgms_ops.environment.types import Duration, Limit, format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings

_LEEWAY: Final = timedelta(minutes=2)
"""By which the clocks of the database and of whoever looks may differ."""
_PLAIN: Final = "none"
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class BackupHistory:
    """The backups of the database."""

    at: datetime
    """By the clock of whoever looked."""
    database_clock: datetime
    """The primary's, by which backups are dated."""
    system_id: str
    """Of the running primary."""
    version: str
    """Its major version."""
    stanza: Stanza
    repository: int
    """Which of its repositories lies in the bucket that was looked into."""
    held: tuple[str, ...]
    """Labels of that one's backups whose list of files is there."""

    def unwell(self) -> Findings:
        """Say what pgBackRest itself calls amiss, of the stanza or of any of its repositories."""
        return Findings(self._unwell())

    def too_old(self, limit: Limit[Duration], *, full: bool = False) -> Findings:
        """Say if the newest backup, or the newest full one, is older than allowed, or dated in the future.

        Raises:
            Unobserved: The repository could not be looked into.
        """
        return Findings(self._too_old(limit, full=full))

    def bad_pages(self) -> Findings:
        """Say which backups hold pages that failed their checksums.

        Raises:
            Unobserved: Of some backup nobody knows, or there is none.
        """
        known = self._known()
        bad = [backup.label for backup in known if backup.page_errors]
        unknown = [backup.label for backup in known if backup.page_errors is None]
        if not bad and (unknown or not known):
            what = f"nobody looked at the page checksums of {_some(unknown)}" if unknown else "there is no backup"
            raise Unobserved(what)
        return Findings(f"backup {label} holds pages that fail their checksums" for label in bad)

    def missing(self) -> Findings:
        """Say which backups are not there that another is made of, or whose files are listed nowhere.

        Raises:
            Unobserved: The repository could not be looked into.
        """
        return Findings(self._missing())

    def foreign(self) -> Findings:
        """Say if the backups are those of another cluster than the one that runs.

        Raises:
            Unobserved: The repository could not be looked into.
        """
        return Findings(self._foreign())

    def plain(self) -> Findings:
        """Say which repositories are not encrypted by pgBackRest itself.

        Raises:
            Unobserved: There is none, or it could not be looked into: its cipher is then what is configured, not seen.
        """
        if not self.stanza.repositories:
            msg = f"stanza {self.stanza.name}: pgbackrest info names no repository"
            raise Unobserved(msg)
        self._known()
        return Findings(
            f"repository {one.key} of stanza {self.stanza.name} is not encrypted"
            for one in self.stanza.repositories
            if one.cipher == _PLAIN
        )

    def _known(self) -> tuple[Backup, ...]:
        """Return the backups, if they could be looked for."""
        for said in (*(one.status for one in self.stanza.repositories), self.stanza.status):
            if said.code in (Code.OTHER, Code.UNKNOWN):
                msg = f"the repository could not be looked into: {said.message} (code {said.number})"
                raise Unobserved(msg)
        return self.stanza.backups

    def _unwell(self) -> Iterator[str]:
        self._known()
        name = self.stanza.name
        if self.stanza.status.code is not Code.OK:
            yield f"stanza {name}: {self.stanza.status.message} (code {self.stanza.status.number})"
        for one in self.stanza.repositories:
            if one.status.code is not Code.OK:
                yield f"repository {one.key} of stanza {name}: {one.status.message} (code {one.status.number})"

    def _too_old(self, limit: Limit[Duration], *, full: bool) -> Iterator[str]:
        what = "full backup" if full else "backup"
        found = [backup for backup in self._known() if not full or backup.kind is Kind.FULL]
        allowed = f"{format_duration(limit.value)} ({limit.source})"
        if not found:
            yield f"there is no {what} of stanza {self.stanza.name}; allowed are {allowed}"
            return
        newest = max(found, key=lambda backup: backup.stopped)
        # By the clock that dated it, and by ours: the one may have been set back, and so may the other.
        for clock in (self.database_clock, self.at):
            if newest.stopped > clock + _LEEWAY:
                yield f"{what} {newest.label} is dated {_ago(newest.stopped - clock)} in the future"
                return
        age = max(self.database_clock, self.at) - newest.stopped
        if age > limit.value:
            yield f"the newest {what}, {newest.label}, is {_ago(age)} old; allowed are {allowed}"

    def _missing(self) -> Iterator[str]:
        known = self._known()
        if not known:
            yield f"there is no backup of stanza {self.stanza.name}"
        labels = {(backup.repository, backup.label) for backup in known}
        for backup in known:
            wanted = {*backup.references, *([backup.prior] if backup.prior else ())}
            gone = sorted(label for label in wanted if (backup.repository, label) not in labels)
            if gone:
                yield f"backup {backup.label} is made of {_some(gone)}, which the repository does not have"
            if backup.repository == self.repository and backup.label not in self.held:
                yield f"backup {backup.label} has no list of its files in the bucket: it cannot be restored"
            if backup.kind is Kind.FULL and wanted:
                yield f"backup {backup.label} is called full, and is made of others"

    def _foreign(self) -> Iterator[str]:
        known = self._known()
        databases = {(one.repository, one.id): one for one in self.stanza.databases}
        if not known or not databases:
            yield f"there is no backup of stanza {self.stanza.name}"
            return
        newest = max(known, key=lambda backup: backup.stopped)
        of = databases.get((newest.repository, newest.database))
        if of is None:
            yield f"backup {newest.label} is of database {newest.database}, which the repository does not name"
            return
        if of.system_id != self.system_id:
            yield f"the newest backup is of cluster {of.system_id}, and cluster {self.system_id} runs"
        if of.version != self.version:
            yield f"the newest backup is of PostgreSQL {of.version}, and PostgreSQL {self.version} runs"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _ago(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"
