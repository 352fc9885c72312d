"""The verbs of pgBackRest, each a command run beside the database's primary, or on this machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from apgms_ops.clients.pgbackrest import parse, verification
from apgms_ops.clients.pgbackrest.facts import Stanza
from apgms_ops.clients.pgbackrest.verification import Verification
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, Incomplete, Unobserved, Unreachable
from apgms_ops.observation import Recorder
from apgms_ops.redact import printable

_IN_RECOVERY: Final = (
    "psql",
    "-X",
    "-q",
    "-A",
    "-t",
    "--no-password",
    "-U",
    "postgres",
    "-d",
    "postgres",
    "-c",
    "SELECT pg_is_in_recovery()",
)
_IO: Final = 10
"""Seconds within which a repository must answer: at the default a dead one costs minutes a command."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a command."""

    stdout: str
    stderr: str
    exit_code: int
    cut: bool
    """Whether it printed more than was kept."""


@dataclass(frozen=True, slots=True)
class Host:
    """A place where pgBackRest can be run."""

    where: str
    """For people: the pod."""
    run: Callable[[Sequence[str], Deadline], Ran]
    """Runs a command there."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where pgBackRest is run."""

    hosts: Callable[[Deadline], Sequence[Host]]
    """Finds the places."""
    program: tuple[str, ...] = ("pgbackrest",)
    """The program, with the options that it needs there."""
    beside: bool = True
    """Whether they are beside servers, of which the primary's is to be looked for."""


class PgbackrestClient:
    """Reads one stanza. Safe to use from several threads."""

    def __init__(self, *, place: Place, stanza: str, recorder: Recorder) -> None:
        """Take where it is run, of what, and where what was seen is kept; nothing is run yet."""
        self._place = place
        self._stanza = stanza
        self._recorder = recorder
        self.source = f"stanza {stanza}"

    def info(self, deadline: Deadline) -> Stanza:
        """Return what the repository says that it holds. It says nothing of whether that can be restored.

        Raises:
            BadAnswer: It is malformed.
            Unobserved: It could not be asked.
        """
        ran = self._run(("info", "--output=json"), deadline)
        self._recorder.raw("pgbackrest info", ran.stdout, "application/json")
        return parse.stanza(ran.stdout, self._stanza)

    def verify(self, deadline: Deadline) -> Verification:
        """Read every file of the repository, and return which of them are sound. It takes as long as reading them does.

        Raises:
            BadAnswer: It does not say how it ended.
            Unobserved: It could not be asked.
        """
        ran = self._run(("verify", "--output=text", "--verbose"), deadline)
        self._recorder.raw("pgbackrest verify", ran.stdout)
        return verification.parse(ran.stdout, self._stanza)

    def check(self, deadline: Deadline) -> None:
        """See that what is written now is archived. It has the primary begin another segment: for commands alone.

        Raises:
            Unobserved: It is not archived in time, or that could not be found out.
        """
        self._run(("check", f"--archive-timeout={max(1, int(deadline.remaining * 0.8))}"), deadline)

    def _run(self, arguments: Sequence[str], deadline: Deadline) -> Ran:
        host = self._host(deadline)
        # What goes wrong goes to standard error, and the answer alone to standard output.
        said = ("--log-level-console=off", "--log-level-stderr=error", "--log-level-file=off")
        command = (*self._place.program, f"--stanza={self._stanza}", f"--io-timeout={_IO}", *said, *arguments)
        ran = host.run(command, deadline)
        if ran.exit_code != 0:
            complaint = ran.stderr.strip() or ran.stdout.strip() or "it said nothing"
            ended = f"pgbackrest {arguments[0]} on {host.where} ended with {ran.exit_code}"
            msg = f"{ended}: {printable(complaint, limit=300)}"
            raise Unobserved(msg)
        if ran.cut:
            msg = f"pgbackrest {arguments[0]} on {host.where} printed more than is read"
            raise Incomplete(msg)
        return ran

    def _host(self, deadline: Deadline) -> Host:
        """Return where to run it: beside the primary, which each server says of itself."""
        hosts = self._place.hosts(deadline)
        if not self._place.beside:
            return hosts[0]
        primaries: list[Host] = []
        others: list[str] = []
        for host in hosts:
            try:
                ran = host.run(_IN_RECOVERY, deadline)
            except Unreachable as error:
                others.append(f"{host.where}: {error}")
                continue
            answer = ran.stdout.strip()
            if ran.exit_code == 0 and answer == "f":
                primaries.append(host)
            else:
                said = (
                    "a replica" if ran.exit_code == 0 and answer == "t" else printable(ran.stderr or answer, limit=160)
                )
                others.append(f"{host.where}: {said}")
        if len(primaries) > 1:
            msg = f"{self.source}: more than one primary: {', '.join(host.where for host in primaries)}"
            raise BadAnswer(msg)
        if not primaries:
            msg = f"{self.source}: no primary answers: {'; '.join(others) or 'there is no pod'}"
            raise Unreachable(msg)
        return primaries[0]
