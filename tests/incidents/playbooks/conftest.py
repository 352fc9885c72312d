"""A primary and a replica of their own, a configuration that fails over, and the command as a person runs it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.postgres import Postgres
from apgms_ops.sandbox.startup import Startup
from apgms_ops.sandbox.world import World

COMMAND = "import sys; from apgms_ops.cli import main; sys.exit(main())"
MAIN = """
variable "region" { default = "ap-southeast-4" }
resource "terraform_data" "fence" {
  input = { region = var.region }
  provisioner "local-exec" { command = "sh ${path.module}/fence.sh" }
}
resource "terraform_data" "promote" {
  input      = { region = var.region }
  depends_on = [terraform_data.fence]
  provisioner "local-exec" { command = "sh ${path.module}/promote.sh" }
}
resource "terraform_data" "address" {
  input      = { region = var.region }
  depends_on = [terraform_data.promote]
  provisioner "local-exec" { command = "sh ${path.module}/address.sh" }
}
"""
ENVIRONMENT = """
name = "failover"
[identities]
postgres = "{system}"
[services.audit]
deployment = "audit"
replicas = 1
objectives = [{{ kind = "persistence", target = "100%", window = "10m", settling_time = "5s", source = "test" }}]
[failover]
folder = "{folder}"
program = "{program}"
targets = {targets}
replaceable = {replaceable}
recovery_point = {{ value = "{rpo}", source = "test" }}
region = "{region}"
onshore = ["ap-southeast-2", "ap-southeast-4"]
primary = "file:{primary}"
replica = "file:{replica}"
services = "file:{services}"
settling_time = "3s"
"""
TARGETS = ["terraform_data.fence", "terraform_data.promote", "terraform_data.address"]


def program() -> str:
    """Return Terraform or OpenTofu; the test is skipped where neither is here."""
    found = shutil.which("terraform") or shutil.which("tofu")
    if found is None:
        pytest.skip("neither terraform nor tofu is on this machine")
    return found


@dataclass
class Site:
    """Where a fail-over is run."""

    world: World
    folder: Path
    settings: dict[str, object] = field(default_factory=dict)

    @property
    def terraform(self) -> Path:
        """The configuration's folder."""
        return self.folder / "terraform"

    def script(self, name: str, text: str) -> None:
        """Write what a resource runs."""
        (self.terraform / f"{name}.sh").write_text(f"set -e\n{text}\n", encoding="utf-8")

    def state(self) -> str:
        """Return Terraform's state, empty before the first apply."""
        file = self.terraform / "terraform.tfstate"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def outcomes(self) -> list[str]:
        """Return what the records of actions hold."""
        return [file.read_text(encoding="utf-8") for file in sorted((self.folder / "records").rglob("*.json*"))]

    def start(self, *options: str, stdin: int = subprocess.DEVNULL) -> "subprocess.Popen[str]":
        """Start the command."""
        values = {
            "system": self.world.get("postgres.system_id"),
            "folder": self.terraform,
            "program": program(),
            "targets": str(TARGETS).replace("'", '"'),
            "replaceable": "[]",
            "rpo": "60s",
            "region": "ap-southeast-4",
            "primary": self.world.get("postgres.owner_dsn_file"),
            "replica": self.world.get("postgres.replica_dsn_file"),
            "services": self.folder / "services.dsn",
        } | self.settings
        environments = self.folder / "environments"
        environments.mkdir(exist_ok=True)
        file = environments / "failover.toml"
        file.write_text(ENVIRONMENT.format(**values), encoding="utf-8")
        command = [sys.executable, "-c", COMMAND, "incident", "mitigate", "failover-database"]
        where = ["--env", str(file), "--environments", str(environments), "--records", str(self.folder / "records")]
        return subprocess.Popen(
            [*command, *where, *options],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dict(os.environ),
        )

    def run(self, *options: str) -> tuple[int, str]:
        """Run the command to its end; return its exit code and what it said."""
        child = self.start(*options)
        said, _ = child.communicate(timeout=120)
        return child.returncode, said

    def answered(self, answer: str) -> tuple[int, str]:
        """Run the command at a terminal, where somebody types an answer."""
        ours, its = os.openpty()
        try:
            os.write(ours, f"{answer}\n".encode())
            child = self.start(stdin=its)
            said, _ = child.communicate(timeout=120)
        finally:
            os.close(ours)
            os.close(its)
        return child.returncode, said

    def interrupted(self, when: Callable[[], bool], *options: str) -> tuple[int, str]:
        """Run the command, and press Ctrl-C once something has come about."""
        child = self.start(*options)
        ends = time.monotonic() + 60
        while not when() and time.monotonic() < ends and child.poll() is None:
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        said, _ = child.communicate(timeout=60)
        return child.returncode, said


def _site(world: World, folder: Path) -> Site:
    site = Site(world, folder)
    site.terraform.mkdir()
    (site.terraform / "main.tf").write_text(MAIN, encoding="utf-8")
    owner = Path(world.get("postgres.owner_dsn_file"))
    replica = Path(world.get("postgres.replica_dsn_file"))
    (folder / "services.dsn").write_text(owner.read_text(encoding="utf-8"), encoding="utf-8")
    primary = world.folder("postgres") / "primary" / "postmaster.pid"
    standby = world.folder("postgres") / "replica"
    # What `pg_ctl stop` and `pg_ctl promote` do, which cannot be run as root.
    site.script("fence", f'kill -INT $(head -1 "{primary}"); while test -e "{primary}"; do sleep 0.1; done')
    promote = f'touch "{standby}/promote"; kill -USR1 $(head -1 "{standby}/postmaster.pid")'
    site.script("promote", f'{promote}; while test -e "{standby}/standby.signal"; do sleep 0.1; done')
    site.script("address", f'cp "{replica}" "{folder}/services.dsn"')
    return site


def _start(folder: Path) -> World:
    world = World(folder, report=lambda _line: None)
    Startup((Postgres(),), world, Deadline(180)).run(lambda _doing, _seconds: None)
    return world


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A primary and a replica that no test of the module changes."""
    world = _start(tmp_path_factory.mktemp("failover") / "sandbox")
    try:
        yield world
    finally:
        world.destroy(Deadline(60))


@pytest.fixture
def site(shared: World, tmp_path: Path) -> Site:
    """A site over servers that are not changed."""
    return _site(shared, tmp_path)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    """A site over servers of its own, which may be failed over."""
    program()
    world = _start(tmp_path / "sandbox")
    try:
        yield _site(world, tmp_path)
    finally:
        world.destroy(Deadline(60))
