"""A process is told from a later one of the same number."""

from pathlib import Path

import pytest

from apgms_ops.sandbox.processes import MARK, PART, Identity, ProcessTable, environment


class Proc:
    """A /proc of our own making."""

    def __init__(self, folder: Path) -> None:
        """Begin with no process."""
        self.folder = folder
        boot = folder / "sys/kernel/random/boot_id"
        boot.parent.mkdir(parents=True)
        boot.write_text("boot-1\n")

    def add(self, pid: int, *, started: int, session: int = 1, state: str = "S", environ: str = "") -> None:
        """Add a process, whose name is a trap for those who split at spaces and parentheses."""
        (self.folder / str(pid)).mkdir(exist_ok=True)
        fields = [state, "1", str(session), str(session), *["0"] * 15, str(started), "0"]
        (self.folder / str(pid) / "stat").write_text(f"{pid} (a) 1 Z (b) {' '.join(fields)}\n")
        (self.folder / str(pid) / "environ").write_text(environ)


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    """Make an empty /proc."""
    return Proc(tmp_path)


def test_a_process_with_the_same_pid_and_start_is_alive(proc: Proc) -> None:
    """A process is alive while its number, start time and boot are those that were written down."""
    proc.add(42, started=1000)
    table = ProcessTable(proc.folder)
    identity = table.identify(42)
    assert identity == Identity(42, 1000, "boot-1")
    assert table.alive(identity)


def test_a_reused_pid_is_not_the_process(proc: Proc) -> None:
    """A later process of the same number is not the one that was started, and is no member of its session."""
    proc.add(42, started=5000, session=42)
    table = ProcessTable(proc.folder)
    ours = Identity(42, 1000, "boot-1")
    assert not table.alive(ours)
    assert table.members(ours, Path("/sandbox"), "kafka/kafka") == []


def test_a_process_of_an_earlier_boot_is_not_the_process(proc: Proc) -> None:
    """Equal number and start time after a reboot are a coincidence."""
    proc.add(42, started=1000)
    assert not ProcessTable(proc.folder).alive(Identity(42, 1000, "boot-0"))


def test_a_zombie_is_dead(proc: Proc) -> None:
    """A process that ended and was not waited for does not live."""
    proc.add(42, started=1000, state="Z")
    table = ProcessTable(proc.folder)
    assert table.identify(42) is None
    assert list(table.entries()) == []


def test_members_are_the_session_and_what_left_it(proc: Proc) -> None:
    """Of a living leader count its session and every process with its marks, and no other sandbox's."""
    ours = f"A=1\0{MARK}=/sandbox\0{PART}=kafka/kafka\0"
    proc.add(42, started=1000, session=42, environ=ours)
    proc.add(43, started=1001, session=42)
    proc.add(44, started=1002, session=44, environ=ours)
    proc.add(45, started=1003, session=45, environ=f"{MARK}=/sandbox-2\0{PART}=kafka/kafka\0")
    proc.add(46, started=1004, session=46, environ=f"{MARK}=/sandbox\0{PART}=traffic/traffic\0")
    members = ProcessTable(proc.folder).members(Identity(42, 1000, "boot-1"), Path("/sandbox"), "kafka/kafka")
    assert [entry.pid for entry in members] == [42, 43, 44]


def test_once_the_leader_is_gone_only_marked_processes_are_members(proc: Proc) -> None:
    """A session whose leader is not ours any more is somebody else's, but for what carries our marks."""
    proc.add(42, started=9000, session=42)
    proc.add(43, started=1001, session=42, environ=f"{MARK}=/sandbox\0{PART}=kafka/kafka\0")
    members = ProcessTable(proc.folder).members(Identity(42, 1000, "boot-1"), Path("/sandbox"), "kafka/kafka")
    assert [entry.pid for entry in members] == [43]


def test_the_mark_of_a_sandbox_is_its_whole_folder(proc: Proc) -> None:
    """A sandbox whose folder's name begins with another's does not own its processes."""
    proc.add(42, started=1000, environ=f"{MARK}=/state/sandbox-2\0")
    table = ProcessTable(proc.folder)
    assert table.marked(Path("/state/sandbox")) == []
    assert [entry.pid for entry in table.marked(Path("/state/sandbox-2"))] == [42]


def test_a_process_gets_no_credentials() -> None:
    """The environment of a process holds what programs need, what its component adds, the marks, and nothing else."""
    parent = {"PATH": "/bin", "HOME": "/home/me", "AWS_SECRET_ACCESS_KEY": "hunter2", "PGPASSWORD": "hunter2"}
    assert environment(Path("/sandbox"), "kafka/kafka", parent, {"KAFKA_HEAP_OPTS": "-Xmx256m"}) == {
        "PATH": "/bin",
        "HOME": "/home/me",
        "KAFKA_HEAP_OPTS": "-Xmx256m",
        MARK: "/sandbox",
        PART: "kafka/kafka",
    }
