"""`apgms-ops waivers` lists what is waived, by whom, and until when."""

from pathlib import Path

import pytest

from apgms_ops.cli import main

WAIVER = """
[[waivers]]
check = "checks/daily/test_lag.py::test_lag"
environments = ["{environment}"]
reason = "INC-123"
owner = "payments"
approver = "lead"
issued = 20{year}-01-01T00:00:00Z
expires = 20{year}-03-01T00:00:00Z
link = "https://github.example/apgms/platform/pull/1"
"""


def listed(folder: Path, text: str, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Write the file, run the command, return exit code and output."""
    (folder / "waivers.toml").write_text(text)
    code = main(["waivers", "--environments", str(folder), *arguments])
    return code, capsys.readouterr().out


def test_each_waiver_is_listed_with_its_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An expired one is exit 1; one that is not in force yet is told; the approval is called unproven."""
    text = WAIVER.format(environment="production", year=20) + WAIVER.format(environment="production", year=99)
    code, said = listed(tmp_path, text, capsys)
    assert code == 1
    lines = said.splitlines()
    assert lines[0].startswith("EXPIRED, 2020-01-01T00:00:00+00:00 to 2020-03-01T00:00:00+00:00: checks/daily")
    assert lines[2] == (
        "- owner payments; approved by lead (unproven: see https://github.example/apgms/platform/pull/1)"
    )
    assert any(line.startswith("not in force yet, 2099-01-01") for line in lines)


def test_another_environments_waivers_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --env only those of that environment count, for the exit code as well."""
    code, said = listed(tmp_path, WAIVER.format(environment="staging", year=20), capsys, "--env", "production")
    assert (code, "every FAIL is a FAIL" in said) == (0, True)


def test_a_waiver_that_names_nothing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt check or environment is exit 1; a check that is there is not complained of."""
    text = WAIVER.format(environment="prodution", year=99)
    code, said = listed(tmp_path, text, capsys)
    assert code == 1
    assert "NAMES NO CHECK" in said
    assert "NAMES NO ENVIRONMENT that there is: prodution" in said
    (tmp_path / "prodution.toml").touch()
    there = "checks/daily/test_consumer_lag.py::test_every_consumer_group_keeps_up"
    code, said = listed(tmp_path, text.replace("checks/daily/test_lag.py::test_lag", there), capsys)
    assert (code, "NAMES NO" in said) == (0, False)


def test_where_no_checks_can_be_collected_that_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside of a checkout nobody says that a waiver names no check."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "production.toml").touch()
    code, said = listed(tmp_path, WAIVER.format(environment="production", year=99), capsys)
    assert (code, "NAMES NO CHECK" in said) == (0, False)
    assert "whether each names a check was not looked up" in said


def test_a_malformed_file_is_exit_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong is named by file and key."""
    (tmp_path / "waivers.toml").write_text("[[waivers]]\n")
    assert main(["waivers", "--environments", str(tmp_path)]) == 4
    assert "waivers.toml" in capsys.readouterr().err
