"""The files that a gate leaves, where they can be written and where they cannot; and how it is interrupted."""

import signal
from pathlib import Path

import pytest

from apgms_ops.cli.gate_files import Files
from apgms_ops.reports.gate.model import GateResult
from tests.cli.conftest import GREEN, GateSite

HANGS = '''
def test_hangs(one):
    """It hangs."""
    import pathlib, threading
    pathlib.Path("hangs").touch()
    threading.Event().wait()
    assert one.value == 1
'''
RESULT = GateResult("toy", "v1.4.2", 2, (), None, None, interrupted=True)


def test_githubs_summary_is_appended_to(gate_site: GateSite, tmp_path: Path) -> None:
    """$GITHUB_STEP_SUMMARY is written where no other file is named, after what stands there."""
    (tmp_path / "step.md").write_text("before\n")
    assert gate_site.gate(environ={"GITHUB_STEP_SUMMARY": str(tmp_path / "step.md")}).code == 0
    assert (tmp_path / "step.md").read_text().startswith("before\n## ✅ toy v1.4.2: GO")


def test_without_github_nothing_is_written(gate_site: GateSite, tmp_path: Path) -> None:
    """Without the variable and without the options the run is all that is left."""
    before = {path.name for path in tmp_path.iterdir()}
    assert gate_site.gate().code == 0
    assert {path.name for path in tmp_path.iterdir()} - before - {"__pycache__"} == {"reports"}


def test_a_summary_that_github_does_not_take_changes_no_verdict(gate_site: GateSite) -> None:
    """A $GITHUB_STEP_SUMMARY that cannot be written is said, and the release may stay."""
    done = gate_site.gate(environ={"GITHUB_STEP_SUMMARY": "nowhere/step.md"})
    assert done.code == 0
    assert "$GITHUB_STEP_SUMMARY nowhere/step.md cannot be written: No such file or directory" in done.err


def test_what_can_no_longer_be_written_at_the_end_is_said(tmp_path: Path) -> None:
    """Files that are lost while the gate runs are named, each in one line."""
    folder = tmp_path / "gone"
    folder.mkdir()
    files = Files.of(folder / "s.md", folder / "j.xml", {})
    assert list(files.begin("toy", "v1.4.2")) == []
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert [line.partition(" cannot")[0] for line in files.write(RESULT)] == [
        f"--junit {folder}/j.xml",
        f"the summary {folder}/s.md",
    ]


def test_an_old_result_is_not_taken_for_this_one(tmp_path: Path) -> None:
    """JUnit's file says from the beginning that there is no result yet."""
    (tmp_path / "j.xml").write_text("<testsuites/>")
    list(Files.of(None, tmp_path / "j.xml", {}).begin("toy", "v1.4.2"))
    assert "the gate did not come to its end" in (tmp_path / "j.xml").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupt_is_passed_on_and_the_run_is_closed(gate_site: GateSite, number: signal.Signals) -> None:
    """The child hears of it once, closes its ledger, and the gate ends with 2; what was not run is UNKNOWN."""
    gate_site.folder_of_checks("smoke", GREEN + HANGS)
    hangs = gate_site.folder / "hangs"
    done = gate_site.signalled(number, hangs.exists, "--summary", "s.md", "--soak", "1h")
    assert done.code == 2
    (run,) = gate_site.recorded()
    assert run.close is not None
    assert run.close["verdicts"] == {"PASS": 2, "UNKNOWN": 2}
    assert "The gate was interrupted" in (gate_site.folder / "s.md").read_text()
    assert "Traceback" not in done.err
