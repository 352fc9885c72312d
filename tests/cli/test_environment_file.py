"""Which file a command takes for the environment that it was told of."""

from pathlib import Path

import pytest

from apgms_ops.cli.evidence_trust import environment_file


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a sandbox that runs, beside a folder of environments with its template."""
    for folder in ("environments", "running", "another"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "sandbox.toml").write_text('name = "sandbox"\n')
    monkeypatch.setenv("APGMS_SANDBOX", str(tmp_path / "running"))
    monkeypatch.setenv("APGMS_ENVIRONMENTS", str(tmp_path / "environments"))
    return tmp_path / "running" / "sandbox.toml"


def test_the_sandbox_is_the_one_that_runs(running: Path, tmp_path: Path) -> None:
    """By its name, or by the path of its template, it is the running one's copy."""
    assert environment_file("sandbox", None) == running
    assert environment_file(str(tmp_path / "environments" / "sandbox.toml"), None) == running


def test_another_sandbox_s_file_is_that_file(running: Path, tmp_path: Path) -> None:
    """The file of another sandbox is never taken for that of the one that runs, though it has the same name."""
    another = tmp_path / "another" / "sandbox.toml"
    assert environment_file(str(another), None) == another.resolve()
    assert another != running
