"""The workflows: what they may, what they are given, and that nothing foreign gets into a shell."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from apgms_ops.environment.evidence import Evidence
from apgms_ops.environment.loading import load, secrets_of
from apgms_ops.environment.model import SECTIONS

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
GATE = ROOT / ".github" / "workflows" / "release-gate.yaml"
DAILY = ROOT / ".github" / "workflows" / "daily-checks.yaml"


def steps(path: Path) -> list[dict[str, Any]]:
    """Return the steps of all jobs of a workflow."""
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def named(path: Path, name: str) -> dict[str, Any]:
    """Return the step of that name."""
    (found,) = [step for step in steps(path) if step.get("name") == name]
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_and_nothing_else(path: Path) -> None:
    """The token of a workflow reads contents, and is not left lying; one that looks at an estate may say who it is."""
    text = yaml.safe_load(path.read_text(encoding="utf-8"))
    identity = {"id-token": "write"} if path in (GATE, DAILY) else {}
    assert text["permissions"] == {"contents": "read"} | identity
    assert all("permissions" not in job for job in text["jobs"].values())
    checkouts = [step for step in steps(path) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_is_pasted_into_a_shell(path: Path) -> None:
    """What a workflow is given reaches a script as a variable, never as a part of its text."""
    assert not [step["run"] for step in steps(path) if "${{" in step.get("run", "")]


@pytest.mark.parametrize("name", ["production", "staging"])
@pytest.mark.parametrize(
    ("path", "step", "left_out"), [(GATE, "Gate", ("archive", "backups", "oncall")), (DAILY, "Check", ("smoke",))]
)
def test_a_workflow_is_given_every_secret_that_its_checks_need(
    path: Path, step: str, left_out: tuple[str, ...], name: str
) -> None:
    """What the environment's file reads from a variable, the workflow hands on under the same name."""
    given = named(path, step)["env"]
    environment = load(ROOT / "environments" / f"{name}.toml")
    sections = [section for section in SECTIONS if section not in left_out]
    wanted = [str(one).removeprefix("env:") for one in secrets_of(environment, sections)]
    assert isinstance(environment.evidence, Evidence)
    wanted.append((environment.evidence.key or "").removeprefix("env:"))
    assert all(wanted)
    assert {one: given.get(one) for one in wanted} == {one: f"${{{{ secrets.{one} }}}}" for one in wanted}


@pytest.mark.parametrize("path", [GATE, DAILY], ids=lambda path: path.name)
def test_what_a_run_saw_is_stored_whatever_it_came_to(path: Path) -> None:
    """A red run is evidence as well; the step is given the keys of the archive, and no other."""
    step = named(path, "Store the evidence")
    assert step["if"] == "always()"
    assert step["run"] == '.venv/bin/apgms-ops evidence push --env "$ENVIRONMENT" --yes'
    wanted = [
        str(one).removeprefix("env:")
        for name in ("production", "staging")
        for one in secrets_of(load(ROOT / "environments" / f"{name}.toml"), ["archive"])
    ]
    assert set(step["env"]) == {*wanted, "ENVIRONMENT"}


def test_the_gate_leaves_its_evidence_whatever_it_comes_to() -> None:
    """The runs and JUnit's file are kept always, and the exit code of the gate is that of the step, and its output."""
    kept = named(GATE, "Keep the evidence")
    assert kept["if"] == "always()"
    assert kept["with"]["path"].split() == ["reports/kept", "reports/gate.xml"]
    script = named(GATE, "Gate")["run"]
    assert re.search(r'\|\| code=\$\?\necho "code=\$code" >> "\$GITHUB_OUTPUT"\nexit "\$code"\n\Z', script)


@pytest.mark.parametrize(("soak", "code"), [("10m", 10), ("", 0), ("5m; touch x", 1)])
def test_the_gates_script_hands_on_what_it_is_given(tmp_path: Path, soak: str, code: int) -> None:
    """The script calls the command with each value as one argument, and ends with the command's exit code."""
    command = tmp_path / ".venv" / "bin" / "apgms-ops"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > called\nexit {code}\n')
    command.chmod(0o755)
    given = {"PATH": "/usr/bin:/bin", "ENVIRONMENT": "production", "RELEASE": "v1.4.2; touch x", "SOAK": soak}
    done = subprocess.run(
        ["bash", "-e", "-c", named(GATE, "Gate")["run"]],  # noqa: S607 — as GitHub's runner does it
        cwd=tmp_path,
        env={**given, "GITHUB_OUTPUT": "output"},
        check=False,
    )
    assert done.returncode == code
    assert (tmp_path / "output").read_text() == f"code={code}\n"
    expected = ["gate", "--env", "production", "--release", "v1.4.2; touch x", *([f"--soak={soak}"] if soak else [])]
    assert (tmp_path / "called").read_text().splitlines() == [*expected, "--junit", "reports/gate.xml"]
    assert not (tmp_path / "x").exists()


def test_actionlint_finds_nothing() -> None:
    """The workflows are sound by actionlint, where that is installed."""
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("actionlint is not on the PATH: `go install github.com/rhysd/actionlint/cmd/actionlint@latest`")
    done = subprocess.run([program, "-no-color"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
