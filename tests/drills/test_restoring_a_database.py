"""`apgms-ops drill restore-database`, on a real database with real backups."""

import json
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.objectstore import BACKUPS
from apgms_ops.sandbox.pgbackrest import programs
from apgms_ops.sandbox.pgbackrest.archiving import await_archived
from apgms_ops.sandbox.postgres.component import connection
from apgms_ops.sandbox.world import World
from tests.drills.conftest import Site

pytestmark = pytest.mark.sandbox


def order(world: World, path: str, **body: str) -> None:
    """Give the object store an order about the bucket of the backups."""
    require(world.port("objectstore.control"), path, Deadline(10), {"bucket": BACKUPS, **body})


def archived(world: World) -> list[str]:
    """Return the names of what is in the archive, after another segment."""
    await_archived(world, Deadline(60))
    said = programs.run(world, "repo-ls", "--recurse", f"archive/{programs.STANZA}", deadline=Deadline(60))
    return said.split()


def sql(world: World, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement on the primary, as its administrator."""
    with connection(world, Deadline(20)) as server:
        cursor = server.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def secrets(world: World) -> list[str]:
    """Return what must never be said."""
    files = (world.folder("pgbackrest") / "cipher.pass", Path(world.get("objectstore.secret_file")))
    return [file.read_text().strip() for file in files]


@contextmanager
def frozen(world: World, component: str) -> Iterator[None]:
    """Have a component answer nothing, and not refuse either."""
    world.signal(component, signal.SIGSTOP)
    try:
        yield
    finally:
        world.signal(component, signal.SIGCONT)


def test_a_restore_brings_back_what_was_committed_after_the_backup(world: World, site: Site) -> None:
    """All lines are ok, nothing is left, nothing was archived by the restored server, and no secret is said."""
    code, said = site.run()
    assert code == 0, said
    for line in ("recovery point", "recovery time", "newest heartbeat", "audit chain", "amcheck", "page checksums"):
        assert any(row.strip().startswith(line) and row.endswith("  ok") for row in said.splitlines()), said
    assert "kept as s3://apgms-evidence/drills/sandbox/restore-database/" in said
    assert site.left() == []
    assert site.outcomes() == ["done"]
    # A server that was promoted archives its new timeline, if it archives at all.
    assert not [name for name in archived(world) if "00000002" in name.split("/")[-1][:8]]
    assert not [secret for secret in secrets(world) if secret in said]


def test_a_dry_run_does_nothing(site: Site) -> None:
    """With --dry-run the steps are shown, nothing is made and nothing recorded."""
    code, said = site.run("--dry-run", hurry=False)
    assert (code, "nothing was done" in said, site.left(), site.outcomes()) == (0, True, [], [])


def test_a_gap_in_the_archive_is_found(world: World, site: Site) -> None:
    """A segment that is missing after the backup ends the replay early, which pgBackRest calls ok."""
    gap = await_archived(world, Deadline(60))
    await_archived(world, Deadline(60))
    order(world, "/hide", key=f"pgbackrest/archive/apgms/15-1/{gap[:16]}/{gap}")
    try:
        code, said = site.run()
    finally:
        order(world, "/mend")
    assert code == 1, said
    assert "one between is missing" in said
    assert site.left() == []


def test_a_repository_that_has_rotted_is_found(world: World, site: Site) -> None:
    """A backup of which one bit is another one cannot be restored: the drill says so, and leaves nothing."""
    label = json.loads(programs.run(world, "info", "--output=json", deadline=Deadline(60)))[0]["backup"][0]["label"]
    order(world, "/damage", key=f"pgbackrest/backup/apgms/{label}/bundle/1")
    try:
        code, said = site.run()
    finally:
        order(world, "/mend")
    assert code == 1, said
    assert "pgbackrest restore: [" in said
    assert site.left() == []


def test_a_wrong_cipher_pass_is_not_green(world: World, site: Site) -> None:
    """With another cipher pass nothing can be read: UNKNOWN, and what is wrong is said without the pass."""
    wrong = site.folder / "reader.conf"
    text = Path(world.get("pgbackrest.reader_config")).read_text()
    pass_ = secrets(world)[0]
    wrong.write_text(text.replace(pass_, "another-pass-of-a-cipher"))
    site.changes["pgbackrest.reader_config"] = str(wrong)
    code, said = site.run(hurry=False)
    assert code == 10, said
    assert "another-pass-of-a-cipher" not in said
    assert site.left() == []


def test_a_repository_that_hangs_is_unknown_within_the_deadline(world: World, site: Site) -> None:
    """Where the object store answers nothing, the drill ends by its deadline, is UNKNOWN, and leaves nothing."""
    with frozen(world, "objectstore"):
        code, said = site.run("--deadline", "5s", hurry=False)
    assert code == 10, said
    assert "could not be found out" in said
    assert "NOT KEPT" in said
    assert site.left() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing(
    site: Site, interrupted: Callable[[signal.Signals], tuple[int, str]], number: signal.Signals
) -> None:
    """Ctrl-C and SIGTERM end a drill: what it made is gone, and that it was broken off is kept."""
    code, said = interrupted(number)
    assert code == 130, said
    assert "it was interrupted" in said
    assert "kept as" in said
    assert site.left() == []
    assert site.outcomes() == ["interrupted"]


def test_what_a_killed_drill_left_is_named_and_cleared_by_the_next(site: Site) -> None:
    """After kill -9 the next drill names folder and server, and they are gone once it is over."""
    process = site.start_until("looking through it")
    process.kill()
    process.communicate()
    left = site.left()
    (folder,) = [one for one in left if "/drill-" in one]
    assert [one for one in left if one.startswith("process ")], "its server runs on"
    code, said = site.run("--dry-run", hurry=False)
    assert folder in said
    assert site.left() == left, "nothing is cleared that nobody has agreed to"
    code, said = site.run()
    assert code == 0, said
    assert f"removing what an earlier drill left: {folder}" in said
    assert site.left() == []


def test_two_drills_do_not_meet(site: Site) -> None:
    """While a drill runs, another one in the same folder is refused, and touches nothing of it."""
    process = site.start_until("restoring ")
    code, said = site.run(hurry=False)
    assert (code, "another drill runs" in said) == (4, True), said
    rest, _ = process.communicate(timeout=240)
    assert process.returncode == 0, rest
    assert site.left() == []


def test_another_database_is_refused(site: Site) -> None:
    """Where the database is not the pinned one nothing is done."""
    site.changes["postgres.system_id"] = "1234567890"
    code, said = site.run(hurry=False)
    assert (code, "not the pinned 1234567890" in said) == (10, True), said
    assert (site.left(), site.outcomes()) == ([], [])


def test_the_data_folder_of_a_server_is_no_place_for_a_drill(world: World, site: Site) -> None:
    """A scratch folder within a server's data is refused."""
    site.changes["pgbackrest.scratch"] = str(world.folder("postgres") / "primary" / "base")
    code, said = site.run(hurry=False)
    assert (code, "the data folder of a server" in said) == (4, True), said


def test_a_socket_whose_path_would_be_too_long_is_made_elsewhere(
    world: World, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a deep scratch folder the drill passes all the same, and leaves nothing there either."""
    deep = site.folder / ("deep" * 12) / ("deeper" * 8)
    deep.mkdir(parents=True, mode=0o700)
    site.changes["pgbackrest.scratch"] = str(deep)
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as elsewhere:  # a short path, and nobody else's
        monkeypatch.setenv("TMPDIR", elsewhere)
        code, said = _run_elsewhere(world, site)
        assert code == 0, said
        assert (list(deep.iterdir()), list(Path(elsewhere).iterdir())) == ([], [])


def _run_elsewhere(world: World, site: Site) -> tuple[int, str]:
    """Run a drill whose folder nobody watches: what it waits for is archived before it is asked for, and after."""
    await_archived(world, Deadline(60))
    return site.run()


def test_a_tampered_audit_row_is_found(world: World, site: Site) -> None:
    """A row of the audit log that was altered comes back altered, and its chain does not hold."""
    ((seq, action),) = sql(world, "SELECT seq, action FROM audit_log ORDER BY seq LIMIT 1 OFFSET 5")
    sql(world, f"UPDATE audit_log SET action = 'another' WHERE seq = {seq}")  # noqa: S608 — a number
    try:
        code, said = site.run()
    finally:
        sql(world, f"UPDATE audit_log SET action = '{action}' WHERE seq = {seq}")  # noqa: S608 — a word of ours
    assert code == 1, said
    assert f"row {seq} was altered" in said
    assert site.left() == []


def test_a_heartbeat_that_is_missing_after_the_backup_is_found(world: World, site: Site) -> None:
    """Where no row was written after any backup, no restore can prove anything: that is a finding."""
    (oldest,) = sql(world, "SELECT min(at) FROM backup_heartbeats")
    world.signal("pgbackrest", signal.SIGSTOP)
    sql(world, "DELETE FROM backup_heartbeats")
    sql(world, f"INSERT INTO backup_heartbeats VALUES ('{oldest[0]}'::timestamptz - interval '1 hour')")  # noqa: S608
    try:
        code, said = site.run()
    finally:
        world.signal("pgbackrest", signal.SIGCONT)
    assert code == 1, said
    assert "older than its newest heartbeat" in said
    assert site.left() == []
