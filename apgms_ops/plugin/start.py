"""Makes the run that a pytest process is part of, and gives the workers of pytest -n their share of it."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.environment import snapshot
from apgms_ops.errors import ConfigurationError, EvidenceInvalid
from apgms_ops.evidence.run import read_run
from apgms_ops.plugin.judging import Judging
from apgms_ops.plugin.options import parse
from apgms_ops.plugin.record import Record
from apgms_ops.plugin.session import CheckRun

SHARE = "apgms_ops"
"""The key of a worker's input under which its share of the run travels."""


def make_run(config: pytest.Config) -> CheckRun | None:
    """Make and register the run of this process; None for a worker of a run that is not ours.

    Raises:
        pytest.UsageError: An option, the environment or the run to replay cannot be used.
    """
    given: dict[str, Any] | None = getattr(config, "workerinput", None)
    try:
        _require_sound(config)
        run = _of_controller(config) if given is None else _of_worker(config, given)
    except (ConfigurationError, EvidenceInvalid) as error:
        raise pytest.UsageError(str(error)) from error
    if run is not None:
        register(config, run, "apgms-ops-run")
        register(config, Judging(run), "apgms-ops-judging")
        run.register_fixtures()
    return run


def _require_sound(config: pytest.Config) -> None:
    """Refuse what lets a check end without an assertion having been made."""
    if sys.flags.optimize and (config.getoption("--env") or config.getoption("--replay")):
        msg = "python -O (PYTHONOPTIMIZE) drops assertions, and every check would pass: run the checks without it"
        raise ConfigurationError(msg)
    if config.getoption("trace", default=False):
        msg = "--trace runs a check inside a debugger, and leaving that passes the check: use --pdb, or breakpoint()"
        raise ConfigurationError(msg)


def register(config: pytest.Config, plugin: object, name: str) -> None:
    """Register a part of the run, none of which can be left out.

    Raises:
        pytest.UsageError: It was switched off with -p no:NAME.
    """
    if config.pluginmanager.register(plugin, name) is None:
        msg = f"-p no:{name}: a run of checks needs this part"
        raise pytest.UsageError(msg)


def _of_controller(config: pytest.Config) -> CheckRun:
    options = parse(config)
    distributed = bool(config.getoption("numprocesses", None)) or config.getoption("dist", "no") != "no"
    run = CheckRun(
        config,
        "controller" if distributed and not config.option.collectonly else "single",
        options.path,
        deadline=options.deadline,
        release=options.release,
        recorded=options.recorded,
        read_only=bool(config.getoption("--read-only")),
    )
    run.environments = options.environments
    record = Record(run, options)
    register(config, record, "apgms-ops-record")
    record.prepare()
    if run.role == "controller":
        register(config, _Shares(run), "apgms-ops-shares")
    return run


def _of_worker(config: pytest.Config, given: dict[str, Any]) -> CheckRun | None:
    share = given.get(SHARE)
    if share is None:
        return None
    run = CheckRun(
        config,
        "worker",
        config.rootpath / share["path"],
        deadline=share["deadline"],
        release=share["release"],
        recorded=None if share["replay"] is None else read_run(config.rootpath / share["replay"]),
        read_only=share["read_only"],
    )
    run.environment = snapshot.from_json(json.loads(share["environment"]))
    run.waivers = tuple(json.loads(share["waivers"]))
    run.environments = tuple(map(Path, share["environments"]))
    # Before allure-pytest is configured; xdist hands on the command line's options, and no others.
    config.option.allure_report_dir = share["allure"]
    return run


class _Shares:
    """Hands every worker its share of the run."""

    def __init__(self, run: CheckRun) -> None:
        self._run = run

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 — xdist's WorkerController
        """Tell a worker which run it belongs to."""
        run = self._run
        node.workerinput[SHARE] = {
            "path": str(run.path),
            "allure": run.config.option.allure_report_dir,
            "deadline": run.deadline,
            "release": run.release,
            "read_only": run.read_only,
            "replay": None if run.recorded is None else str(run.recorded.path.resolve()),
            "environment": snapshot.canonical(run.environment).decode(),
            "environments": [str(folder) for folder in run.environments],
            "waivers": json.dumps([dict(waiver) for waiver in run.waivers]),
        }
