"""From pytest's command line to a run: the environment's file, the run's folder, and what else was asked for."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apgms_ops.environment import loading, snapshot
from apgms_ops.environment.model import Environment
from apgms_ops.environment.types import parse_duration
from apgms_ops.errors import ConfigurationError, EvidenceInvalid
from apgms_ops.evidence.run import RecordedRun, read_run, run_id
from apgms_ops.observation import digest
from apgms_ops.sandbox import location

SANDBOX = "sandbox"
"""The environment whose file is a template that the running sandbox fills in."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for, and where the run is kept."""

    file: Path | None
    """The environment's file; None in a replay that judges with the recorded environment."""
    name: str
    """The environment's name as far as it is known before the file is read: for the run's id."""
    runs: Path
    path: Path
    """The folder of this run; made when it is first written to."""
    deadline: float | None
    """Seconds."""
    release: str | None
    recorded: RecordedRun | None
    """The run to replay."""
    limits: Path | None = None
    """File of other limits, which a replay judges with."""

    @property
    def environments(self) -> tuple[Path, ...]:
        """The folders in which the site's waivers and documents may lie, see `Site`."""
        if self.file is None:
            return ()
        beside = (self.file.parent.resolve(),)
        return (*beside, location.root(os.environ)) if self.file.stem == SANDBOX else beside


def parse(config: pytest.Config) -> Options:
    """Read the options.

    Raises:
        ConfigurationError: A value cannot be used.
        EvidenceInvalid: The run to replay does not verify.
    """
    runs = config.rootpath / "reports" / "runs"
    recorded = _recorded(config.getoption("--replay"), runs)
    wanted = config.getoption("--env")
    file = None
    if wanted:
        file = loading.find(wanted, loading.folder_of_environments(None, os.environ, config.rootpath))
    limits = config.getoption("--limits")
    if limits is not None and recorded is None:
        msg = "--limits: only a replay (--replay RUN) judges with other limits than the environment's own"
        raise ConfigurationError(msg)
    name = file.stem if file is not None else recorded.environment if recorded is not None else ""
    return Options(
        file=file,
        name=name,
        runs=runs,
        path=runs / run_id(name, datetime.now(UTC)),
        deadline=_seconds(config.getoption("--deadline")),
        release=config.getoption("--release"),
        recorded=recorded,
        limits=None if limits is None else Path(limits),
    )


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else parse_duration(text).total_seconds()
    except ValueError as error:
        msg = f"--deadline: {error}"
        raise ConfigurationError(msg) from error


def _recorded(name: str | None, runs: Path) -> RecordedRun | None:
    if not name:
        return None
    folder = runs / name if "/" not in name and (runs / name).is_dir() else Path(name)
    if not folder.is_dir():
        msg = f"--replay {name}: no run of that name in {runs}, and no such folder"
        raise ConfigurationError(msg)
    return read_run(folder)


def recorded_environment(recorded: RecordedRun | None) -> Environment:
    """Return the environment that a recorded run looked at.

    Raises:
        ConfigurationError: There is no recorded run.
        EvidenceInvalid: It is missing, or not the one that the ledger names.
    """
    if recorded is None:
        msg = "there is neither an environment nor a run to replay"
        raise ConfigurationError(msg)
    file = recorded.path / "environment.json"
    try:
        data = file.read_bytes().rstrip(b"\n")
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}"
        raise EvidenceInvalid(msg) from error
    if digest(data) != recorded.plan["environment_sha256"]:
        msg = f"{file}: its content is not what the ledger recorded (it was altered)"
        raise EvidenceInvalid(msg)
    return snapshot.from_json(json.loads(data))
