"""A restore of the database, rehearsed: into a place of its own, to the end of the archive, looked through, removed."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.pgbackrest import Code
from apgms_ops.deadline import Deadline
from apgms_ops.drills import judging
from apgms_ops.drills.judging import Line
from apgms_ops.drills.looking import Noted, hash_there, look, note
from apgms_ops.drills.restoring import Restorer, require
from apgms_ops.drills.running import Interruption, Runner
from apgms_ops.drills.scratch import Place, Scratch
from apgms_ops.drills.scratch_server import ScratchServer
from apgms_ops.environment.backups import DatabaseBackups, DatabaseRestore
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import ApgmsOpsError, Unobserved
from apgms_ops.evidence.rehearsal import RESTORE_DATABASE, Rehearsal

if TYPE_CHECKING:
    from apgms_ops.clients.pgbackrest import Backup, Database, PgbackrestClient, Stanza
    from apgms_ops.clients.postgres import PostgresClient

_CLEARING: Final = 600.0
"""Seconds for removing what was restored, whatever is left of the deadline."""
NOT_KNOWN: Final = "could not be found out"
"""What a problem begins with that is none of what was restored."""
_LOOK_AGAIN: Final = 1.0
"""Seconds between two looks whether something is archived."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a drill."""

    rehearsal: Rehearsal
    lines: tuple[Line, ...]
    known: bool
    """Whether all of it could be found out."""
    interrupted: bool
    """Whether somebody broke it off."""


@dataclass(slots=True)
class DatabaseDrill:
    """One drill: its steps in order, and what came of them so far."""

    environment: str
    pinned: str | None
    """The system identifier that the environment pins."""
    section: DatabaseBackups
    restore: DatabaseRestore
    scratch: Scratch
    runner: Runner
    postgres: "PostgresClient"
    """The primary."""
    pgbackrest: "PgbackrestClient"
    """As whoever restores: run here, and able to read alone."""
    say: Callable[[str], None]
    by: str
    interruption: Interruption
    """What breaks it off."""
    clock: Callable[[], float] = time.monotonic
    lines: list[Line] = field(default_factory=list)
    _problems: list[str] = field(default_factory=list)
    _figures: dict[str, str] = field(default_factory=dict)

    def rehearse(self, leftovers: tuple[Place, ...], deadline: Deadline) -> Outcome:
        """Carry it out, and return what came of it; whatever that is, nothing of it is left that is not named.

        Args:
            leftovers: What earlier drills left, which is cleared away first.
            deadline: For all of it but the clearing away.
        """
        began, known, interrupted = datetime.now(UTC), True, False
        place = self.scratch.new()
        try:
            try:
                for left in leftovers:
                    self._clear(left, "what an earlier drill left")
                self._carry_out(place, deadline)
            except (ApgmsOpsError, OSError) as error:
                known = False
                self._problems.append(f"{NOT_KNOWN}: {error}")
            self.interruption.disarm()
        except KeyboardInterrupt:
            known, interrupted = False, True
            self._problems.append(f"{NOT_KNOWN}: it was interrupted")
        finally:
            self.interruption.disarm()
            self._clear(place, "what was restored")
        problems = (*judging.problems(self.lines), *self._problems)
        figures = self._figures | {line.what: f"{line.measured} (limit: {line.limit})" for line in self.lines}
        rehearsal = Rehearsal(
            kind=RESTORE_DATABASE,
            environment=self.environment,
            target=self.section.stanza,
            began=began,
            ended=datetime.now(UTC),
            problems=problems,
            figures=figures,
            by=self.by,
        )
        return Outcome(rehearsal, tuple(self.lines), known, interrupted)

    def _carry_out(self, place: Place, deadline: Deadline) -> None:
        noted, noted_at = note(self.postgres, self.section.heartbeat, self.pinned, deadline), self.clock()
        head = f", audit row {noted.head.seq}" if noted.head else ""
        self.say(f"noted on the primary at {noted.at:%H:%M:%S}: heartbeat of {noted.heartbeat:%H:%M:%S}{head}")
        stanza = self._archived(noted, deadline)
        backup = self._chosen(stanza, noted)
        if backup is None:
            return
        newest = _newest_segment(stanza, _ours(stanza, noted))
        self.scratch.require_room(backup.size)
        self.scratch.make(place, deadline)
        restorer = Restorer(self.restore, self.section.stanza, place, self.runner)
        self.say(f"restoring {backup.label} of {backup.stopped:%Y-%m-%d %H:%M:%S} UTC into {place.folder}")
        start = self.clock()
        problem = require(restorer.restore(backup.label, self.say, deadline))
        if problem is not None:
            self._problems.append(problem)
            return
        server = ScratchServer(restorer, self.say)
        try:
            self.say(f"restored in {self.clock() - start:.1f} s; replaying the write-ahead log")
            server.start(deadline)
            problem = server.await_recovered(deadline)
            up = self.clock()
            if problem is not None:
                self._problems.append(problem)
                return
            moment = noted.at + timedelta(seconds=up - noted_at)
            self.lines.append(judging.took(timedelta(seconds=up - start), self.section.recovery_time))
            self._look(noted, backup, moment, (server, newest), deadline)
        finally:
            server.end()

    def _archived(self, noted: Noted, deadline: Deadline) -> "Stanza":
        """Wait until all that was noted is in the archive, for as long as archiving may take."""
        limit = self.section.archived
        until = self.clock() + limit.value.total_seconds()
        told = False
        while True:
            stanza = self.pgbackrest.info(deadline)
            _require_readable(stanza)
            newest = _newest_segment(stanza, _ours(stanza, noted))
            if noted.segment is None or (newest is not None and newest[8:] >= noted.segment[8:]):
                return stanza
            if self.clock() >= until:
                what = f"segment {noted.segment} is not in the archive after {format_duration(limit.value)}"
                self._problems.append(f"{what} ({limit.source}); its newest is {newest or 'none'}")
                return stanza
            if not told:
                self.say(f"waiting until segment {noted.segment} is in the archive, whose newest is {newest or 'none'}")
                told = True
            deadline.pause(_LOOK_AGAIN, f"segment {noted.segment} to be archived")

    def _chosen(self, stanza: "Stanza", noted: Noted) -> "Backup | None":
        """Return the newest backup that was over before what must come back was written."""
        ours = {one.id for one in _ours(stanza, noted)}
        found = [one for one in stanza.backups if one.stopped < noted.heartbeat and one.database in ours]
        if not found:
            what = f"the repository holds {len(stanza.backups)} backups ({stanza.status.message}), and none is"
            self._problems.append(f"{what} of database {noted.system_id} and older than its newest heartbeat")
            return None
        backup = max(found, key=lambda one: one.stopped)
        self._figures["restored"] = f"{backup.label}, a backup of {backup.size / 1e6:,.1f} MB"
        return backup

    def _look(
        self,
        noted: Noted,
        backup: "Backup",
        moment: datetime,
        replay: tuple[ScratchServer, str | None],
        deadline: Deadline,
    ) -> None:
        server, newest = replay
        reached = judging.replayed(server.replayed, newest)
        if reached.problem is not None and server.trouble is not None:
            # PostgreSQL takes any failure to fetch a segment for the end of the archive.
            msg = f"the archive could not be read to its end: {server.trouble}"
            raise Unobserved(msg)
        self.say("looking through it: heartbeats, the audit log's chain, tables")
        restored = look(server.client, self.section.heartbeat, noted, deadline)
        there = None if restored.head is None else hash_there(self.postgres, restored.head.seq, deadline)
        self.lines[:0] = [judging.lost(moment, restored.heartbeat, self.section.recovery_point)]
        self.lines += [
            judging.identity(noted, restored),
            reached,
            judging.heartbeat(noted, restored, backup.stopped),
            judging.chain(restored),
            judging.head(noted, restored, there),
            judging.tables(noted, restored, self.restore.emptied),
        ]
        self.say("running amcheck on every table and index")
        self.lines.append(judging.amcheck(server.amcheck(deadline)))
        self.say("stopping it, and verifying the checksum of every page")
        server.stop(deadline)
        self.lines.append(judging.pages(restored, server.checksums(deadline)))

    def _clear(self, place: Place, what: str) -> None:
        if not place.left():
            return
        self.say(f"removing {what}: {place.folder}")
        left = self.scratch.clear(place, Deadline(_CLEARING))
        if left:
            self._problems.append(f"left behind: {', '.join(left)}; remove it: {place.remedy}")


def _ours(stanza: "Stanza", noted: Noted) -> tuple["Database", ...]:
    return tuple(one for one in stanza.databases if one.system_id == noted.system_id)


def _newest_segment(stanza: "Stanza", databases: Sequence["Database"]) -> str | None:
    """Return the newest segment of the write-ahead log that is archived of some databases."""
    which = {(one.id, one.repository) for one in databases}
    return max(
        (one.newest for one in stanza.archives if (one.database, one.repository) in which and one.newest is not None),
        default=None,
    )


def _require_readable(stanza: "Stanza") -> None:
    """See that the repository could be looked into: `info` ends well, whatever it found.

    Raises:
        Unobserved: It could not be.
    """
    for one in stanza.repositories:
        if one.status.code in {Code.OTHER, Code.UNKNOWN}:
            msg = f"the repository cannot be looked into: {one.status.message}"
            raise Unobserved(msg)


def plan(scratch: Scratch, section: DatabaseBackups, leftovers: tuple[Place, ...], kept: str) -> Iterator[str]:
    """Yield what a drill does, for whoever is to agree.

    Args:
        scratch: Where.
        section: What is restored.
        leftovers: What earlier drills left.
        kept: Where the result is kept.
    """
    for place in leftovers:
        yield f"clears away what an earlier drill left: {', '.join(place.left())}"
    yield f"waits until what is written now is in the archive, at most {format_duration(section.archived.value)}"
    yield f"pgbackrest --stanza={section.stanza} restore, of the newest backup, into a new folder in {scratch.folder}"
    yield "starts PostgreSQL on it, reached by a socket alone, which archives nowhere, and replays all that is archived"
    yield "looks for the newest heartbeat, recomputes the audit log's chain, runs amcheck, verifies all page checksums"
    yield "stops that server and removes its folder"
    yield f"keeps what came of it, signed, in {kept}"
