"""A database with its backups, and a drill as a person runs it: in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.drills.running import processes_of
from apgms_ops.environment.loading import fill
from apgms_ops.sandbox.objectstore import ObjectStore
from apgms_ops.sandbox.pgbackrest import Pgbackrest
from apgms_ops.sandbox.postgres import Postgres, owner_dsn
from apgms_ops.sandbox.rehearsed import hurried
from apgms_ops.sandbox.service_process.audit_store import AuditStore
from apgms_ops.sandbox.service_process.database import Database
from apgms_ops.sandbox.startup import Startup
from apgms_ops.sandbox.timestamps import Timestamps
from apgms_ops.sandbox.world import World

ROOT = Path(__file__).parents[2]
COMMAND = "import sys; from apgms_ops.cli import main; sys.exit(main())"
PATIENCE = 240.0
"""Seconds for a drill on a machine that is busy."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A primary with an audit log, backed up to an object store, and a key that signs."""
    world = World(tmp_path_factory.mktemp("drills") / "sandbox", report=lambda _line: None)
    try:
        Startup((Postgres(), Timestamps(), ObjectStore()), world, Deadline(180)).run(lambda _doing, _seconds: None)
        AuditStore(Database(owner_dsn(world), "tests")).seed()
        Startup((Pgbackrest(),), world, Deadline(180)).run(lambda _doing, _seconds: None)
        yield world
    finally:
        world.destroy(Deadline(60))


@dataclass
class Site:
    """Where a drill is run."""

    world: World
    folder: Path
    changes: dict[str, str]
    """Published values that are others in the environment's file."""

    @property
    def scratch(self) -> Path:
        """Where drills make their folders."""
        return Path(self.world.get("pgbackrest.scratch"))

    def command(self, *options: str) -> list[str]:
        """Return the command."""
        template = (ROOT / "environments/sandbox.toml").read_text(encoding="utf-8")
        file = self.folder / "sandbox.toml"
        file.write_text(fill(template, self.world.values() | self.changes, file.name), encoding="utf-8")
        given = ["--env", str(file), "--records", str(self.folder / "actions"), *options]
        return [sys.executable, "-c", COMMAND, "drill", "restore-database", *given]

    def run(self, *options: str, hurry: bool = True) -> tuple[int, str]:
        """Run a drill to its end; return its exit code, and all it said."""
        with hurried(self.world, Deadline(PATIENCE if hurry else 0.01)):
            done = subprocess.run(
                self.command("--yes", *options), capture_output=True, text=True, check=False, timeout=PATIENCE
            )
        return done.returncode, done.stdout + done.stderr

    def start_until(self, line: str) -> "subprocess.Popen[str]":
        """Start a drill, and return it once it has said this."""
        with hurried(self.world, Deadline(PATIENCE)):
            process = subprocess.Popen(
                self.command("--yes"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            assert process.stdout is not None
            said = ""
            for one in process.stdout:
                said += one
                if line in one:
                    return process
        process.wait()
        raise AssertionError(said)

    def left(self) -> list[str]:
        """Return what drills have left: folders and processes."""
        folders = [str(path) for path in self.scratch.iterdir()]
        return [*folders, *(f"process {pid}" for pid in processes_of(self.scratch))]

    def outcomes(self) -> list[str]:
        """Return what came of the commands that were recorded."""
        files = sorted((self.folder / "actions").glob("*/ledger.jsonl"))
        last = [json.loads(file.read_text().splitlines()[-1]) for file in files]
        return [entry["body"].get("outcome", "cut off") for entry in last]


@pytest.fixture
def site(world: World, tmp_path: Path) -> Site:
    """A place to run a drill from."""
    return Site(world, tmp_path, {})


@pytest.fixture
def interrupted(site: Site) -> Callable[[signal.Signals], tuple[int, str]]:
    """What breaks a drill off as it restores, and returns its exit code with all it said after."""

    def interrupt(number: signal.Signals) -> tuple[int, str]:
        process = site.start_until("restoring ")
        time.sleep(0.5)
        os.kill(process.pid, number)
        said, _ = process.communicate(timeout=PATIENCE)
        return process.returncode, said

    return interrupt
