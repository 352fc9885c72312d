"""Commands of a drill: heard as they speak, ended in time, with all that they started."""

import os
import signal
import sys
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.drills.running import Interruption, Runner, processes_of
from apgms_ops.errors import DeadlineExceeded, Unobserved


def test_a_command_is_heard_and_ends_with_its_code() -> None:
    """Every line is heard in order, whichever of its outputs it comes by, and the exit code is the command's."""
    heard: list[str] = []
    ended = Runner(("env",)).run(["sh", "-c", "echo one; echo two >&2; exit 3"], Deadline(30), heard=heard.append)
    assert (ended.exit_code, heard, ended.lines) == (3, ["one", "two"], ("one", "two"))


def test_a_command_reads_what_it_is_given() -> None:
    """What is given is its standard input, and that ends."""
    assert Runner().run(["cat"], Deadline(30), given="text").lines == ("text",)


def test_a_command_is_handed_no_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    """Options of pgBackRest, and whatever else our environment holds, are not passed on."""
    monkeypatch.setenv("PGBACKREST_DELTA", "y")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    said = " ".join(Runner().run(["env"], Deadline(30)).lines)
    assert "PGBACKREST" not in said
    assert "AWS" not in said


def test_a_command_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    """By the deadline nothing of it runs any more, not even what its shell has started."""
    script = f"sleep 60 & {sys.executable} -c 'import time; time.sleep(60)' {tmp_path}/marked"
    with pytest.raises(DeadlineExceeded, match=r"sh did not end within 0\.3 s"):
        Runner().run(["sh", "-c", script], Deadline(0.3))
    assert processes_of(tmp_path) == ()


def test_a_program_that_is_not_there_is_told_of() -> None:
    """What cannot be started could not be found out."""
    with pytest.raises(Unobserved, match="nowhere cannot be run"):
        Runner().run(["/nowhere"], Deadline(5))


def test_processes_are_found_by_the_folder_that_their_command_names(tmp_path: Path) -> None:
    """The folder, or something in it; not one whose name only begins so."""
    proc = tmp_path / "proc"
    for pid, command in {
        "11": "postgres\0-D\0/scratch/drill-1/data\0",
        "12": "ls\0/scratch/drill-1\0",
        "13": "postgres\0-D\0/scratch/drill-12/data\0",
        str(os.getpid()): "us\0/scratch/drill-1/data\0",
    }.items():
        (proc / pid).mkdir(parents=True)
        (proc / pid / "cmdline").write_text(command)
    (proc / "14").mkdir()
    assert processes_of(Path("/scratch/drill-1"), proc) == (11, 12)


def test_the_first_signal_breaks_off_and_no_other_is_heard() -> None:
    """So what is cleared away after the first is cleared away, however often somebody presses Ctrl-C."""
    interruption = Interruption()
    before = signal.getsignal(signal.SIGTERM)
    with interruption.heard():
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_while_it_is_cleared_away_is_not_heard() -> None:
    """Once disarmed, the first is not heard either."""
    interruption = Interruption()
    with interruption.heard():
        interruption.disarm()
        os.kill(os.getpid(), signal.SIGINT)
