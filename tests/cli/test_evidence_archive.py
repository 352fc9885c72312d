"""`apgms-ops evidence push|pull`: runs of a toy site into the sandbox's object store, and back."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults.objectstore_tools import order
from apgms_ops.sandbox.objectstore import BUCKET, NAME, REGION, ObjectStore
from apgms_ops.sandbox.startup import Startup
from apgms_ops.sandbox.world import World
from tests.cli.test_evidence import Audited
from tests.plugin.conftest import Site

pytestmark = pytest.mark.sandbox

ARCHIVE = """
[archive]
url = "{url}"
ca_file = "{ca_file}"
region = "{region}"
bucket = "{bucket}"
access_key_id = "file:{id_file}"
secret_access_key = "file:{secret_file}"
within = {{ value = "1d", source = "test" }}
retention = {{ value = "365d", source = "test" }}
"""
LEAKY = '''
from pathlib import Path

def test_leaks(one):
    """It leaves a note in the run's folder, past everything that redacts."""
    run = max(Path("reports/runs").iterdir())
    (run / "note.txt").write_text("Employee 123 456 782 was paid")
    assert one.value == 1
'''


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A sandbox of the object store alone."""
    folder = tmp_path_factory.mktemp("objectstore")
    world = World(folder / "sandbox", cache=folder / "cache", report=lambda _line: None)
    try:
        Startup((ObjectStore(),), world, Deadline(60)).run(lambda _doing, _seconds: None)
        yield world
    finally:
        world.destroy(Deadline(30))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, world: World) -> Audited:
    """A site with two sealed runs, whose environment names the store."""
    audited = Audited(Site(tmp_path_factory.mktemp("archived")))
    file = audited.site.folder / "environments" / "toy.toml"
    values = {key: world.get(f"{NAME}.{key}") for key in ("url", "ca_file", "id_file", "secret_file")}
    file.write_text(file.read_text() + ARCHIVE.format(region=REGION, bucket=BUCKET, **values))
    return audited


@pytest.fixture
def site(made: Audited, world: World, tmp_path: Path) -> Audited:
    """A copy, and an empty store."""
    order(world, "/forget", {"prefix": ""}, Deadline(20))
    shutil.copytree(made.site.folder, tmp_path / "site")
    return made.at(tmp_path / "site")


def push(site: Audited, *arguments: str) -> tuple[int, str]:
    """Push, agreed."""
    return site.evidence("push", "--env", "toy", "--yes", *arguments)


def test_runs_are_stored_once_and_come_back(site: Audited) -> None:
    """Pushed twice, they are there once; pulled, they verify, with their chain, against the head that was printed."""
    code, said = push(site)
    assert code == 0, said
    assert said.count("\nstored ") == 2
    assert f"head {site.head}" in said
    code, said = push(site)
    assert (code, "2 runs are there, 0 are to come" in said) == (0, True)
    code, said = site.evidence("pull", "--env", "toy")
    assert code == 0, said
    assert "2 runs of toy, each verified" in said
    pulled = site.site.folder / "reports" / "archive" / "toy"
    assert (pulled / "chain" / "toy" / "chain.jsonl").read_bytes() == site.chain.read_bytes()
    verify = ("verify", str(pulled / "runs"), "--chain", str(pulled / "chain"), "--trust", str(site.public))
    assert site.evidence(*verify, "--head", site.head)[0] == 0
    code, said = site.evidence("pull", "--env", "toy")
    assert (code, said.count("is here ")) == (0, 2)


def test_nothing_is_stored_unless_agreed(site: Audited) -> None:
    """What is locked is locked for a year: it asks; and a dry run only looks."""
    code, said = site.evidence("push", "--env", "toy")
    assert (code, "say --yes, or --dry-run" in said) == (4, True)
    code, said = site.evidence("push", "--env", "toy", "--dry-run")
    assert (code, "nothing was done" in said) == (0, True)
    code, said = site.evidence("pull", "--env", "toy")
    assert (code, "nothing is stored" in said) == (1, True)


def test_an_altered_run_is_not_stored_and_the_others_are(site: Audited) -> None:
    """It is named; later, the gap shows."""
    ledger = site.runs[0] / "ledger.jsonl"
    ledger.write_text(ledger.read_text().replace("PASS", "FAIL", 1))
    code, said = push(site)
    assert code == 1
    assert f"NOT STORED: {site.runs[0].name}: " in said
    assert "stored 1 of 1" in said


def test_a_tax_file_number_is_found_before_it_is_locked(site: Audited) -> None:
    """What somebody's own check left beside it: the run verifies, and must not leave; the others do."""
    site.site.checks(LEAKY)
    assert site.site.run("--env", "toy").code == 0
    code, said = push(site)
    assert code == 1, said
    assert ": not stored: note.txt, line 1: looks like a secret, a tax file number" in said
    assert "456" not in said
    assert "stored 2 of 2" in said


def test_what_lies_there_is_never_written_over(site: Audited, world: World) -> None:
    """Something else under the name of a run is told, and left."""
    code, _ = push(site, site.runs[0].name)
    assert code == 0
    name = f"runs/toy/00000001-{site.runs[1].name}.zip"
    body = {"key": name, "text": "another", "mode": "COMPLIANCE", "days": 800, "deleted": False}
    order(world, "/put", body, Deadline(20))
    code, said = site.evidence("pull", "--env", "toy")
    assert code == 1
    assert f"INVALID: s3://{BUCKET}/{name}: not what `evidence push` stores there" in said
    assert "1 runs of toy, each verified" in said


def test_a_deleted_run_is_stored_again(site: Audited, world: World) -> None:
    """A delete marker over it takes its name away for who asks: it is put there anew, under the same name."""
    assert push(site)[0] == 0
    order(world, "/forget", {"prefix": f"runs/toy/00000000-{site.runs[0].name}"}, Deadline(20))
    code, said = site.evidence("pull", "--env", "toy", site.runs[0].name)
    assert (code, f"MISSING: {site.runs[0].name}: not stored" in said) == (1, True)
    code, said = push(site)
    assert (code, "stored 1 of 1" in said) == (0, True)


def test_a_bucket_without_a_lock_is_refused(site: Audited, world: World) -> None:
    """What is put there could be deleted: it would only seem to be kept."""
    order(world, "/unprotect", {"what": "lock"}, Deadline(20))
    try:
        code, said = push(site)
    finally:
        order(world, "/protect", {}, Deadline(20))
    assert (code != 0, "has no Object Lock" in said) == (True, True)


def test_a_store_that_refuses_is_told_in_one_line(site: Audited, world: World) -> None:
    """No traceback, no secret, nothing half-done."""
    order(world, "/switches", {"refuse": True}, Deadline(20))
    try:
        code, said = push(site)
    finally:
        order(world, "/switches", {"refuse": False}, Deadline(20))
    assert code != 0
    assert "AccessDenied" in said
    assert "Traceback" not in said


def test_an_environment_without_an_archive_is_told_what_to_do(site: Audited) -> None:
    """Exit 4: it is a matter of configuration."""
    file = site.site.folder / "environments" / "toy.toml"
    file.write_text(file.read_text().partition("[archive]")[0])
    code, said = push(site)
    assert (code, "has no [archive]" in said) == (4, True)
