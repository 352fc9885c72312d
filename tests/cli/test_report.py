"""`apgms-ops report`: which run, which file, and one line with its exit code for everything that can be wrong."""

import json
from pathlib import Path

import pytest

from apgms_ops import cli
from apgms_ops.cli import report
from apgms_ops.evidence.ledger import CLOSE, VERDICT
from apgms_ops.evidence.run import RunFolder


def make(runs: Path, name: str, *, closed: bool = True) -> Path:
    """Make a run of one check, with one Allure result."""
    folder = RunFolder(runs / name)
    folder.ledger.begin({"environment": "toy", "checks": []})
    folder.ledger.append(VERDICT, {"check": "a", "verdict": "PASS", "seen": "", "took": 0.1})
    if closed:
        folder.ledger.append(CLOSE, {"planned": 1})
    results = folder.path / "allure-results"
    results.mkdir()
    (results / "a-result.json").write_text(json.dumps({"uuid": "a", "historyId": "h", "name": "a", "status": "passed"}))
    return folder.path


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runs of a site; no program is on the PATH, and nothing is in the cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()
    return tmp_path / "reports" / "runs"


def program(runs: Path, name: str, script: str) -> None:
    """Put a program on the PATH."""
    path = runs.parent.parent / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was said on standard error: the last line, and never a traceback."""
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said.splitlines()[-1]


def test_without_a_jvm_the_command_that_installs_one_is_named(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No java: exit 3 with the package, and the run's evidence is as it was."""
    run = make(runs, "20261123T020000Z-toy-aaaaaa")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert cli.main(["report"]) == 3
    assert "`apt-get install openjdk-17-jre-headless`" in complaint(capsys)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_without_maven_the_command_that_installs_it_is_named(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Java, and neither Maven nor a cached renderer: exit 3 with the package."""
    make(runs, "20261123T020000Z-toy-aaaaaa")
    program(runs, "java", "exit 0")
    assert cli.main(["report"]) == 3
    assert "`apt-get install maven`" in complaint(capsys)


def test_what_maven_says_is_told_in_one_line(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A repository that cannot be reached: exit 3 with Maven's first error."""
    make(runs, "20261123T020000Z-toy-aaaaaa")
    program(runs, "java", "exit 0")
    program(runs, "mvn", "echo '[ERROR] Could not transfer artifact: no route'; echo '[ERROR] more'; exit 1")
    assert cli.main(["report"]) == 3
    assert complaint(capsys).endswith("could not be fetched: Maven failed: Could not transfer artifact: no route")


def test_another_archive_than_the_pinned_one_is_not_run(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What Maven fetched is compared by its digest before anything of it is unpacked or kept."""
    make(runs, "20261123T020000Z-toy-aaaaaa")
    program(runs, "java", "exit 0")
    program(
        runs,
        "mvn",
        'for a in "$@"; do case $a in -DoutputDirectory=*) echo x > ${a#*=}/allure-commandline-2.34.1.zip;; esac; done',
    )
    assert cli.main(["report"]) == 3
    assert "is not the pinned archive" in complaint(capsys)
    assert not list((runs.parent.parent / "cache").rglob("*.zip"))


def test_the_newest_finished_run_is_drawn(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that still goes on is not drawn by itself; it is when it is named."""
    make(runs, "20261121T020000Z-toy-aaaaaa")
    make(runs, "20261122T020000Z-toy-bbbbbb")
    make(runs, "20261123T020000Z-toy-cccccc", closed=False)
    assert report.find(None, Path.cwd()).path.name == "20261122T020000Z-toy-bbbbbb"
    assert report.find("20261123T020000Z-toy-cccccc", Path.cwd()).path.name == "20261123T020000Z-toy-cccccc"
    below = runs.parent.parent / "checks"
    below.mkdir()
    monkeypatch.chdir(below)
    assert report.find("20261121T020000Z-toy-aaaaaa", Path.cwd()).path.name == "20261121T020000Z-toy-aaaaaa"


def test_no_run_is_a_configuration_error(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to draw, or a run that does not exist: exit 4 with what to do."""
    assert cli.main(["report"]) == 4
    assert "`pytest checks/ --env NAME` makes one" in complaint(capsys)
    runs.mkdir(parents=True)
    assert cli.main(["report", "nonsense"]) == 4
    assert "no run of that name" in complaint(capsys)


def test_an_altered_run_is_not_dressed_up(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A ledger that does not verify: exit 3, also where it would be the newest and nobody named it."""
    make(runs, "20261122T020000Z-toy-aaaaaa")
    ledger = make(runs, "20261123T020000Z-toy-bbbbbb") / "ledger.jsonl"
    ledger.write_text(ledger.read_text().replace("PASS", "FAIL"))
    assert cli.main(["report"]) == 3
    assert "ledger.jsonl" in complaint(capsys)


def test_an_output_that_is_a_folder_is_a_configuration_error(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report is one file."""
    make(runs, "20261123T020000Z-toy-aaaaaa")
    assert cli.main(["report", "--output", str(runs)]) == 4
    assert "name the file to write" in complaint(capsys)
