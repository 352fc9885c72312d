"""Artefacts from a Maven repository."""

import hashlib
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.maven import differing, fetch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder to fetch into."""
    folder = tmp_path / "draft"
    folder.mkdir()
    return folder


def maven(tmp_path: Path, script: str) -> Path:
    """Return a program that stands in for Maven."""
    program = tmp_path / "mvn"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_a_goal_runs_on_our_own_pom(tmp_path: Path, folder: Path) -> None:
    """The pom is written where Maven runs, and the goal is passed on with its options."""
    program = maven(tmp_path, 'cat pom.xml > seen; echo "$@" >> seen')
    assert fetch(program, b"<project/>\n", ("a:goal", "-Dx=y"), folder, Deadline(20)) is None
    assert (folder / "seen").read_text() == f"<project/>\n-B -q -C -f {folder}/pom.xml a:goal -Dx=y\n"


def test_the_first_error_is_told(tmp_path: Path, folder: Path) -> None:
    """Of all that Maven prints, the first error; without one, its exit code."""
    program = maven(tmp_path, "echo noise; echo '[ERROR] no such artefact'; echo '[ERROR] help'; exit 1")
    assert fetch(program, b"", (), folder, Deadline(20)) == "Maven failed: no such artefact"
    assert fetch(maven(tmp_path, "exit 7"), b"", (), folder, Deadline(20)) == "Maven failed: exit code 7"


def test_a_maven_that_hangs_is_ended_with_its_children(tmp_path: Path, folder: Path) -> None:
    """The deadline ends the start script and the JVM that it started, which would hold the pipe open."""
    program = maven(tmp_path, "sleep 60 & wait")
    assert fetch(program, b"", (), folder, Deadline(0.3)) == "Maven did not end within 0.3 s"


def test_missing_and_altered_files_differ(folder: Path) -> None:
    """Files are told apart by their SHA-256; one that is not there is not the same."""
    (folder / "same").write_bytes(b"x")
    (folder / "altered").write_bytes(b"y")
    digest = hashlib.sha256(b"x").hexdigest()
    assert differing(folder, dict.fromkeys(("same", "altered", "missing"), digest)) == ["altered", "missing"]
