"""`apgms-ops env`: what the files say, without a secret."""

import json
from pathlib import Path

import pytest

from apgms_ops.cli import main

SHIPPED = str(Path(__file__).parents[2] / "environments")


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """Run a command that must succeed, and return what it printed."""
    assert main([*argv, "--environments", SHIPPED]) == 0
    return capsys.readouterr().out


def test_environments_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """`env list` names every environment."""
    assert [line.split()[0] for line in said(capsys, "env", "list").splitlines()] == [
        "production",
        "sandbox",
        "staging",
    ]


@pytest.mark.parametrize("name", ["production", "staging", "sandbox"])
def test_each_environment_is_shown_with_the_source_of_its_limits(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`env show` needs no secret, and prints each limit with its source."""
    monkeypatch.setenv("APGMS_SANDBOX", str(tmp_path))  # no sandbox runs there
    text = said(capsys, "env", "show", name)
    assert f"environment {name}" in text
    assert "consumer_lag: below 200 messages a group and topic         runbook: Daily Checks, step 3" in text
    assert "audit-writer on audit.log" in text


def test_secrets_are_shown_as_references(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that could be read is shown as its reference all the same."""
    monkeypatch.setenv("APGMS_PRODUCTION_KAFKA_PASSWORD", "hunter2hunter2")
    text = said(capsys, "env", "show", "production")
    assert "env:APGMS_PRODUCTION_KAFKA_PASSWORD" in text
    assert "hunter2" not in text


def test_an_identity_that_is_not_pinned_is_said_loudly(capsys: pytest.CaptureFixture[str]) -> None:
    """A system that nobody has pinned is shown as NOT PINNED."""
    assert said(capsys, "env", "show", "production").count("NOT PINNED") == 7


def test_json_is_what_a_run_records(capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints the snapshot."""
    assert json.loads(said(capsys, "env", "show", "staging", "--json"))["name"] == "staging"


def test_an_unknown_environment_is_a_configuration_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that does not exist exits with 4, and lists those that do."""
    assert main(["env", "show", "prod", "--environments", SHIPPED]) == 4
    assert "there are production, sandbox, staging" in capsys.readouterr().err
