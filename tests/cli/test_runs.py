"""`apgms-ops runs overdue`: nobody sleeps through checks that were not run."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.cli import main
from tests.reports.recorded import altered, planned, write_run

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC)


def overdue(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the command over a folder; return exit code and output."""
    code = main(["runs", "overdue", "--runs", str(folder), *arguments])
    return code, capsys.readouterr().out


def whole() -> list[dict[str, Any]]:
    """Return a plan of every step of the daily checks that has checks."""
    plan = planned()
    return [*plan, *(plan[0] | {"id": f"checks/x.py::test_{n}", "runbook": ["daily-checks", n]} for n in (1, 3, 4))]


def test_a_run_in_time_is_exit_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The newest run of the daily checks is younger than the interval; a red one was run all the same."""
    write_run(tmp_path, NOW - 30 * HOUR, checks=whole())
    lately = datetime.now(UTC) - 3 * HOUR  # of this moment: the suite takes minutes
    write_run(tmp_path, lately, checks=whole(), verdicts={0: "FAIL"})
    code, said = overdue(tmp_path, capsys, "--every", "24h")
    assert (code, said.startswith("ok       production: ")) == (0, True)
    assert "was 3 h 0 min ago; one is due every 1d" in said
    assert overdue(tmp_path, capsys, "--every", "2h")[0] == 1


def _old(folder: Path) -> None:
    write_run(folder, NOW - 25 * HOUR, checks=whole())


def _altered(folder: Path) -> None:
    altered(write_run(folder, NOW - HOUR, checks=whole()))


def _open(folder: Path) -> None:
    write_run(folder, NOW - HOUR, checks=whole(), closed=False)


def _replay(folder: Path) -> None:
    write_run(folder, NOW - HOUR, checks=whole(), replay_of="20261101T000000.000Z-production-000000")


def _future(folder: Path) -> None:
    write_run(folder, NOW + 5 * HOUR, checks=whole())


def _part(folder: Path) -> None:
    write_run(folder, NOW - HOUR, checks=planned(daily=False))


def _interrupted(folder: Path) -> None:
    write_run(folder, NOW - HOUR, checks=whole(), exit_code=2)


@pytest.mark.parametrize("write", [_old, _altered, _open, _replay, _future, _part, _interrupted])
def test_what_does_not_count_is_overdue(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], write: Callable[[Path], None]
) -> None:
    """A run that is old, altered, unfinished, a replay, of the future, of other checks or interrupted is none."""
    write(tmp_path)
    code, said = overdue(tmp_path, capsys, "--every", "24h", "--env", "production")
    assert (code, said.startswith("OVERDUE  production: ")) == (1, True)


def test_no_run_at_all_is_overdue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder, and none at all, are not "nothing to complain of"."""
    assert overdue(tmp_path, capsys, "--every", "24h")[0] == 1
    assert overdue(tmp_path / "none", capsys, "--every", "24h")[0] == 1


def test_one_environment_that_is_late_is_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every environment of which there are runs is looked at; each has its line."""
    write_run(tmp_path, NOW - HOUR, checks=whole())
    write_run(tmp_path, NOW - 90 * HOUR, checks=whole(), name="staging")
    code, said = overdue(tmp_path, capsys, "--every", "24h")
    assert code == 1
    assert {line.partition(": ")[0] for line in said.splitlines()} == {"OVERDUE  staging", "ok       production"}


def test_how_often_stands_in_the_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --every the environment's own interval counts; where there is none, the command says what to do."""
    write_run(tmp_path, NOW - 25 * HOUR, checks=whole())
    assert overdue(tmp_path, capsys)[0] == 1
    assert main(["runs", "overdue", "--runs", str(tmp_path), "--env", "sandbox"]) == 4
    assert "how often? Say --every 24h" in capsys.readouterr().err
    assert main(["runs", "overdue", "--runs", str(tmp_path), "--every", "24"]) == 4
