"""`apgms-ops controls`: the twelve controls, each with what evidences it, or as a gap."""

import json
import shutil
from pathlib import Path

import pytest

from apgms_ops.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environments(tmp_path: Path) -> Path:
    """A copy of the environment files."""
    shutil.copytree(ROOT / "environments", tmp_path / "environments")
    return tmp_path / "environments"


def shown(environments: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the command over no runs at all; return exit code and output."""
    code = main(["controls", "--environments", str(environments), "--runs", str(environments / "none"), *arguments])
    return code, capsys.readouterr().out


def test_without_runs_every_control_is_a_gap(
    environments: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the twelve is shown with why; --strict makes that exit 1."""
    monkeypatch.chdir(ROOT)
    code, said = shown(environments, capsys)
    assert code == 0
    assert said.count("GAP: ") == 12
    assert said.splitlines()[-1] == "12 controls in production, 12 of them with gaps"
    assert shown(environments, capsys, "--strict")[0] == 1


def test_a_registered_document_closes_a_gap(
    environments: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is supplied by hand counts, and is named with its owner."""
    monkeypatch.chdir(ROOT)
    policy = tmp_path / "policy.pdf"
    policy.write_bytes(b"policy")
    options = ["--control", "personnel-security", "--title", "Screening policy", "--owner", "people team"]
    command = ["controls", "--environments", str(environments), "register", str(policy), *options]
    assert main([*command, "--expires", "2126-06-30"]) == 0
    assert "until 2126-06-30T00:00:00+10:00" in capsys.readouterr().out
    _, said = shown(environments, capsys, "--json")
    found = {one["control"]: one for one in json.loads(said)}
    assert found["personnel-security"]["gaps"] == []
    assert found["personnel-security"]["supplied"][0]["owner"] == "people team"
    assert main([*command, "--expires", "soon"]) == 4


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--expires", "2126-06-30T12:00"), "--expires: a time needs its zone"),
        (("--title", "Policy \udcff"), "are one line of text"),
        (("--owner", "people\nteam"), "are one line of text"),
    ],
)
def test_what_cannot_be_registered_is_one_line(
    environments: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], given: tuple[str, str], said: str
) -> None:
    """A time without its zone, and text that no file can hold, are refused in words; the file stays as it was."""
    policy = tmp_path / "policy.pdf"
    policy.write_bytes(b"policy")
    told = {"--control": "personnel-security", "--title": "Policy", "--owner": "o", "--expires": "2126-06-30"}
    options = [part for pair in (told | dict([given])).items() for part in pair]
    before = (environments / "controls.toml").read_bytes()
    assert main(["controls", "--environments", str(environments), "register", str(policy), *options]) == 4
    assert said in capsys.readouterr().err
    assert (environments / "controls.toml").read_bytes() == before
