"""Processes of the sandbox: started in a session of their own, told apart for certain, ended with all they started."""

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MARK = "APGMS_SANDBOX_ROOT"
"""In the environment of every process of a sandbox, and of what that process starts: its sandbox's folder.

It finds what a runner started and, being killed, never wrote down.
"""
PART = "APGMS_SANDBOX_PROCESS"
"""Beside the mark: which of the sandbox's processes it is, or was started by, as `component/process`."""

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "JAVA_HOME")
_RESET = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
_ENTER_AND_BECOME = 'cd -- "$1" && shift && exec "$@"'


@dataclass(frozen=True, slots=True)
class Identity:
    """One process for certain: a pid is used again, a pid with its start time and boot is not."""

    pid: int
    started: int
    """Clock ticks from boot to its start: field 22 of /proc/PID/stat, see proc(5)."""
    boot: str
    """The kernel's id of this boot."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What /proc says of one living process."""

    pid: int
    session: int
    started: int


class ProcessTable:
    """The processes of this machine, as /proc shows them. Zombies are dead."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        """Read from `proc`; a test hands over a folder of its own."""
        self._proc = proc

    @property
    def boot(self) -> str:
        """The kernel's id of this boot."""
        return (self._proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()

    def entry(self, pid: int) -> Entry | None:
        """Return the living process of that number, if there is one."""
        try:
            stat = (self._proc / str(pid) / "stat").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return None
        # The name, in parentheses, may hold anything: count the fields behind the last one. The first is the state.
        fields = stat[stat.rindex(b")") + 2 :].split()
        if fields[0] in b"ZX":
            return None
        return Entry(pid, session=int(fields[3]), started=int(fields[19]))

    def identify(self, pid: int) -> Identity | None:
        """Return what tells this process from any later one of the same number."""
        entry = self.entry(pid)
        return None if entry is None else Identity(pid, entry.started, self.boot)

    def alive(self, identity: Identity) -> bool:
        """Whether this very process lives."""
        entry = self.entry(identity.pid)
        return entry is not None and entry.started == identity.started and identity.boot == self.boot

    def entries(self) -> Iterator[Entry]:
        """Yield every living process."""
        for folder in self._proc.iterdir():
            if folder.name.isdecimal():
                entry = self.entry(int(folder.name))
                if entry is not None:
                    yield entry

    def marked(self, root: Path, part: str | None = None) -> list[Entry]:
        """Return every living process that was started for the sandbox in `root`, by whomever, but for ourselves.

        Args:
            root: The sandbox's folder.
            part: Only those of this process of the sandbox, `component/process`, and what it started.
        """
        marks = {f"{MARK}={root}".encode()} | ({f"{PART}={part}".encode()} if part else set())
        return [entry for entry in self.entries() if entry.pid != os.getpid() and marks <= self._environment(entry.pid)]

    def members(self, identity: Identity, root: Path, part: str) -> list[Entry]:
        """Return the living processes that `identity` led or started, the leader first.

        Those of its session; and those with its marks, for one may have left the session. Once the leader is gone its
        number may lead somebody else's session, so only marks count then.
        """
        found = {entry.pid: entry for entry in self.marked(root, part)}
        if self.alive(identity):
            found |= {entry.pid: entry for entry in self.entries() if entry.session == identity.pid}
        return sorted(found.values(), key=lambda entry: (entry.pid != identity.pid, entry.pid))

    def _environment(self, pid: int) -> set[bytes]:
        try:
            return set((self._proc / str(pid) / "environ").read_bytes().split(b"\0"))
        except OSError:  # it ended meanwhile, or is another user's and so not ours
            return set()


def environment(root: Path, part: str, parent: Mapping[str, str], extra: Mapping[str, str] | None) -> dict[str, str]:
    """Return a small environment: what programs need to run and nothing else, so that no credential is handed on."""
    passed = {name: parent[name] for name in _PASSED_ON if name in parent}
    return passed | dict(extra or {}) | {MARK: str(root), PART: part}


def launch(argv: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path) -> int:
    """Start a program, by its full path, in a session of its own; standard output and error are appended to `log`.

    Returns:
        Its pid, which is also the number of its session and process group.
    """
    return os.posix_spawn(
        "/bin/sh",
        ["/bin/sh", "-c", _ENTER_AND_BECOME, "sh", str(cwd), *argv],
        dict(env),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigdef=_RESET,
        setsigmask=(),
    )


def reap(pid: int) -> None:
    """Let a dead child of ours go; harmless for any other process."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # not our child, or reaped already


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended meanwhile."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
