"""The program, in place of which a script stands."""

from pathlib import Path

import pytest

from apgms_ops.clients.terraform import Plan, Terraform
from apgms_ops.deadline import Deadline
from apgms_ops.errors import ConfigurationError, DeadlineExceeded, Unobserved, WrongTarget


def client(folder: Path, script: str) -> Terraform:
    """Return a client of a script."""
    program = folder / "terraform"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o700)
    mask = {"hunter2": "****"}
    return Terraform(
        program=str(program),
        folder=folder,
        workspace="default",
        redact=lambda text: text.replace("hunter2", mask["hunter2"]),
        environ={"PATH": "/usr/bin:/bin", "TF_CLI_ARGS_apply": "-destroy"},
    )


def test_a_plan_that_was_changed_is_not_applied(tmp_path: Path) -> None:
    """A plan's file that is not the one that was shown, or is gone, is never applied."""
    ran = tmp_path / "ran"
    file = tmp_path / "plan"
    terraform = client(tmp_path, f"touch {ran}")
    plan = Plan("1", errored=False, changes=(), digest="0" * 64)
    for text in (None, "another"):
        if text is not None:
            file.write_text(text, encoding="utf-8")
        with pytest.raises(WrongTarget, match="nothing was applied"):
            terraform.apply(plan, file, Deadline(5))
    assert not ran.exists()


def test_a_failure_is_said_without_secrets(tmp_path: Path) -> None:
    """What the program says of its failure is masked, and is one line."""
    with pytest.raises(Unobserved, match="ended with 1: password") as caught:
        client(tmp_path, "echo 'password hunter2' >&2; exit 1").prepare(Deadline(5))
    assert "hunter2" not in str(caught.value)


def test_variables_that_add_options_are_left_out(tmp_path: Path) -> None:
    """An option that stands in the environment is not added to a command."""
    with pytest.raises(Unobserved, match=r"options:$"):
        client(tmp_path, 'echo "options:$TF_CLI_ARGS_apply" >&2; exit 1').lineage(Deadline(5))


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    """A program that is not over by the deadline is ended, with what it started."""
    with pytest.raises(DeadlineExceeded):
        client(tmp_path, "exec sleep 30").lineage(Deadline(0.2))


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    """A program that is not there is the operator's to see to."""
    terraform = Terraform(program="no-such-terraform", folder=tmp_path, workspace="default", redact=str)
    with pytest.raises(ConfigurationError, match="no-such-terraform"):
        terraform.lineage(Deadline(5))


def test_another_workspace_is_refused(tmp_path: Path) -> None:
    """A folder that lacks the declared workspace is the wrong place."""
    script = 'case $1 in version) echo \'{"terraform_version":"1.9.0"}\';; workspace) echo "* other";; esac'
    with pytest.raises(WrongTarget, match="no workspace default"):
        client(tmp_path, script).prepare(Deadline(5))
