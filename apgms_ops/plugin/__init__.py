"""Pytest's only home: options, fixtures, scheduling, verdicts and recording.

The plugin is installed wherever the package is, and does nothing but refuse runbook checks until `--env` (or
`--replay`) makes a run of checks out of it.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from apgms_ops.plugin.session import CheckRun

__all__ = ["pytest_addoption", "pytest_collection_modifyitems", "pytest_configure"]

MARKERS = (
    "runbook(section, step): the step of the runbook that this check makes executable",
    "control(*names): the DSP OSF controls that this check evidences",
    "services(with_objective): parametrise `service` with the services that have such an objective",
    "writes: judges what only a probe that writes can show; skipped with --read-only",
)
_RUN: pytest.StashKey["CheckRun"] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a run of checks."""
    group = parser.getgroup("apgms-ops", "operational checks")
    group.addoption("--env", metavar="NAME|FILE", help="the environment to look at: a name in environments/, or a file")
    group.addoption(
        "--deadline", metavar="TIME", help="at most this long for any one probe, such as 20s (default: its own)"
    )
    group.addoption("--release", metavar="TAG", help="the release that the checks are to find, such as v1.4.2")
    group.addoption(
        "--replay", metavar="RUN", help="judge the observations of a recorded run (its id or folder), without network"
    )
    group.addoption("--limits", metavar="FILE", help="replay with the limits in the table [limits] of a TOML file")
    group.addoption(
        "--read-only", action="store_true", help="write nothing: the checks of what only writing shows are skipped"
    )
    group.addoption("--plan-json", metavar="FILE", help="write the plan (every selected check) as JSON to FILE")
    group.addoption("--run-file", metavar="FILE", help="write the path of the run's folder to FILE when the run begins")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the markers; make a run of checks where an environment or a replay is asked for."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if config.getoption("--env") or config.getoption("--replay") or hasattr(config, "workerinput"):
        # Imported here: a unit-test run in the same interpreter needs none of it.
        from apgms_ops.plugin.start import make_run  # noqa: PLC0415

        run = make_run(config)
        if run is not None:
            config.stash[_RUN] = run


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse runbook checks without an environment: they would look at nothing."""
    if config.stash.get(_RUN, None) is None and any(item.get_closest_marker("runbook") for item in items):
        msg = "checks need an environment to look at: --env NAME (see: apgms-ops env list)"
        raise pytest.UsageError(msg)
