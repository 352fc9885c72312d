"""The history of the database's backups: what `info` says is held against what is there, and against the clock."""

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apgms_ops.clients.pgbackrest import Code, parse
from apgms_ops.environment.types import Limit
from apgms_ops.errors import Unobserved
from apgms_ops.probes.backup_facts import BackupHistory
from tests.clients.pgbackrest.test_parse import FULL, INCR, info

NOW = datetime(2026, 11, 27, 5, 0, tzinfo=UTC)
HOUR = Limit(value=timedelta(hours=1), source="test")
SYSTEM = "7712709137894027456"


def history(change: Callable[[dict[str, Any]], object] | None = None, **other: Any) -> BackupHistory:  # noqa: ANN401 — fields
    """Return the history that an answer makes, changed in place."""
    said = info()
    if change is not None:
        change(said[0])
    facts = BackupHistory(
        at=NOW,
        database_clock=NOW,
        system_id=SYSTEM,
        version="15",
        stanza=parse.stanza(json.dumps(said), "apgms"),
        repository=1,
        held=(FULL, INCR),
    )
    return dataclasses.replace(facts, **other)


def failing(code: Code) -> Callable[[dict[str, Any]], object]:
    """Return what makes the repository say a code."""

    def change(said: dict[str, Any]) -> None:
        said["repo"][0]["status"] = {"code": code.value, "message": "said so"}

    return change


def test_a_sound_history_is_not_told_of() -> None:
    """Fresh, whole, of the running cluster, encrypted: nothing is amiss."""
    found = history()
    assert not found.unwell()
    assert not found.too_old(HOUR)
    assert not found.too_old(HOUR, full=True)
    assert not found.bad_pages()
    assert not found.missing()
    assert not found.foreign()
    assert not found.plain()


@pytest.mark.parametrize("code", [code for code in Code if code not in (Code.OK, Code.OTHER, Code.UNKNOWN)])
def test_a_repository_that_is_not_ok_is_told_of(code: Code) -> None:
    """Any status but ok, of any repository, is a finding, though the stanza says ok."""
    assert "repository 1 of stanza apgms: said so" in history(failing(code)).unwell()[0]


@pytest.mark.parametrize("code", [Code.OTHER, Code.UNKNOWN])
def test_a_repository_that_could_not_be_opened_is_not_found_out(code: Code) -> None:
    """What could not be looked into has no backups, and says nothing of whether there are some."""
    found = history(failing(code))
    for judged in (
        found.unwell,
        found.bad_pages,
        found.missing,
        found.foreign,
        found.plain,
        lambda: found.too_old(HOUR),
    ):
        with pytest.raises(Unobserved, match="could not be looked into"):
            judged()


def test_no_backup_is_told_of() -> None:
    """Where there is none, none is fresh, and none is whole."""
    found = history(lambda said: said["backup"].clear())
    assert "there is no backup" in found.too_old(HOUR)[0]
    assert "there is no backup" in found.missing()[0]
    assert "there is no backup" in found.foreign()[0]
    with pytest.raises(Unobserved):
        found.bad_pages()


def test_age_is_by_the_clock_that_makes_it_older() -> None:
    """A clock that was set back, the database's or ours, makes no backup fresh."""
    late = NOW + timedelta(hours=2)
    assert "is 2 h 9 min old" in history(database_clock=late).too_old(HOUR)[0]
    assert "is 2 h 9 min old" in history(at=late).too_old(HOUR)[0]


def test_a_backup_of_the_future_is_not_fresh() -> None:
    """Dated after either clock it is told of, for it would be fresh for as long as nobody looks."""
    early = NOW - timedelta(hours=2)
    assert "in the future" in history(database_clock=early).too_old(HOUR)[0]
    assert "in the future" in history(at=early).too_old(HOUR)[0]


def test_incremental_backups_make_no_full_one_fresh() -> None:
    """Where the full one is old, the fresh ones made of it do not count."""

    def change(said: dict[str, Any]) -> None:
        said["backup"][0]["timestamp"]["stop"] -= 7200

    found = history(change)
    assert not found.too_old(HOUR)
    assert f"the newest full backup, {FULL}, is 2 h" in found.too_old(HOUR, full=True)[0]


def test_bad_pages_are_told_of_though_of_others_nobody_knows() -> None:
    """What is known to be bad is a finding; what is not known is none, and is not green."""

    def change(said: dict[str, Any]) -> None:
        said["backup"][0]["error"] = True
        said["backup"][1]["error"] = None

    assert history(change).bad_pages() == (f"backup {FULL} holds pages that fail their checksums",)
    with pytest.raises(Unobserved, match=f"nobody looked at the page checksums of {INCR}"):
        history(lambda said: said["backup"][1].pop("error")).bad_pages()


def test_what_a_backup_is_made_of_must_be_there() -> None:
    """Neither a backup that is not listed, nor one without its list of files, can be restored from."""
    assert f"is made of {FULL}, which" in history(lambda said: said["backup"].pop(0)).missing()[0]
    assert f"backup {INCR} has no list of its files" in history(held=(FULL,)).missing()[0]


def test_what_lies_elsewhere_is_not_looked_for_here() -> None:
    """The files of another repository's backups are not missed in this bucket."""

    def change(said: dict[str, Any]) -> None:
        for one in said["backup"]:
            one["database"]["repo-key"] = 2

    assert not history(change, held=()).missing()


def test_a_backup_of_another_cluster_or_version_is_told_of() -> None:
    """What was backed up must be what runs."""
    assert f"of cluster {SYSTEM}, and cluster 1 runs" in history(system_id="1").foreign()[0]
    assert "of PostgreSQL 15, and PostgreSQL 16 runs" in history(version="16").foreign()[0]


def test_one_plain_repository_is_told_of() -> None:
    """Each repository is encrypted, not just the first."""

    def change(said: dict[str, Any]) -> None:
        said["repo"].append({"cipher": "none", "key": 2, "status": {"code": 0, "message": "ok"}})

    assert history(change).plain() == ("repository 2 of stanza apgms is not encrypted",)
    with pytest.raises(Unobserved):
        history(lambda said: said["repo"].clear()).plain()
