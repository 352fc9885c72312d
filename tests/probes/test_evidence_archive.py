"""The archive of the evidence: each fault of the sandbox's on the store alone, and what no fault can bring about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apgms_ops.clients.objectstore import Bucket
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Archive, Environment
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.evidence_archive_facts import ArchivedRun, EvidenceArchive, SealedRun

AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ENVIRONMENTS = Path(__file__).parents[2] / "environments"
BUCKET = Bucket("b", "ap-southeast-2", True, True, "COMPLIANCE", 400 * DAY, "AES256", ())  # noqa: FBT003 — its fields


@pytest.fixture(scope="module")
def environment() -> Environment:
    """One with an archive: runs are to be there within a day, and kept for 400."""
    return load(ENVIRONMENTS / "production.toml")


def run(seq: int | None, days: float = 2, **different: object) -> ArchivedRun:
    """Return a run that began so many days ago, as `evidence push` stores it."""
    began = AT - days * DAY
    name = f"{began:%Y%m%dT%H%M%S}.000Z-production-{seq or 0:06x}"
    place = "unchained" if seq is None else f"{seq:08d}"
    good = ArchivedRun(
        key=f"runs/production/{place}-{name}.zip",
        seq=seq,
        run=name,
        began=began,
        versions=1,
        deleted=False,
        size=1000,
        mode="COMPLIANCE",
        until=began + 401 * DAY,
        attestation=f"{seq or 0:064x}",
    )
    return replace(good, **different)  # type: ignore[arg-type]  # its fields


def sealed(one: ArchivedRun) -> SealedRun:
    """Return its line of the chain."""
    assert one.seq is not None
    assert one.run is not None
    assert one.attestation is not None
    return SealedRun(one.seq, one.run, one.began, one.attestation)


def archive(*runs: ArchivedRun, chain: tuple[SealedRun, ...] = (), every: timedelta | None = None) -> EvidenceArchive:
    """Return what was read."""
    return EvidenceArchive(AT, "s3://b/runs/production/", BUCKET, runs, chain, every)


def everything(found: EvidenceArchive, environment: Environment) -> Findings:
    """Return all that is wrong."""
    return Findings([*found.unprotected(environment), *found.missing(environment), *found.losable(environment)])


def test_what_is_as_it_should_be_is_well(environment: Environment) -> None:
    """Chained runs, one without a place, and one that is too young to be there."""
    stored = [run(0, 5), run(1, 3), run(2, 2), run(None, 4)]
    young = sealed(run(3, 0.5))
    found = archive(*stored, chain=(*map(sealed, stored[:3]), young), every=DAY)
    assert not everything(found, environment)


@pytest.mark.parametrize(
    ("different", "said"),
    [
        ({"region": "us-east-1"}, "is in us-east-1, and not in ap-southeast-2"),
        ({"versioned": False}, "versioning is off"),
        ({"locking": False, "default_retention": None}, "has no Object Lock"),
        ({"default_mode": None, "default_retention": None}, "without a lock of its own gets none"),
        ({"default_mode": "GOVERNANCE"}, "privileged users can take away"),
        ({"default_retention": 399 * DAY}, "locks last 399d unless asked otherwise, and 400d is wanted (DSP OSF"),
        ({"encryption": None}, "is not encrypted"),
        ({"public": ("BlockPublicAcls",)}, "public access is not blocked altogether (BlockPublicAcls)"),
    ],
)
def test_a_bucket_that_does_not_protect_is_told(
    environment: Environment, different: dict[str, object], said: str
) -> None:
    """Each way by itself."""
    found = replace(archive(run(0)), bucket=replace(BUCKET, **different))  # type: ignore[arg-type]  # its fields
    (one,) = found.unprotected(environment)
    assert said in one


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            archive(run(0, 5), chain=(sealed(run(0, 5)), sealed(run(1, 3)))),
            "1 not in s3://b/runs/production/, 1d after",
        ),
        (archive(run(0, 5, deleted=True), chain=(sealed(run(0, 5)),)), "1 not in s3://b/runs/production/"),
        (archive(run(0, 5, size=0), chain=(sealed(run(0, 5)),)), "1 not in s3://b/runs/production/"),
        (archive(chain=(replace(sealed(run(0, 0.1)), began=None),)), "1 not in s3://b/runs/production/"),
        (archive(run(0, 5), run(3, 2)), "places 1 to 2"),
        (archive(run(0, 5), run(2, 2)), "places 1"),
        (archive(run(0, 5), run(0, 2)), "two chains are stored as one"),
        (archive(run(0, 5, attestation="f" * 64), chain=(sealed(run(0, 5)),)), "not what was sealed here"),
        (archive(run(0, 5, attestation=None), chain=(sealed(run(0, 5)),)), "not what was sealed here"),
        (
            archive(run(0, 5), run(1, 3), chain=(sealed(run(0, 5)),)),
            "holds place 1 of the chain, which ends here with 0",
        ),
        (archive(every=DAY), "there is no run in s3://b/runs/production/, and one every 1d is wanted"),
        (archive(run(0, 3), every=DAY), "the newest run is of 2026-11-23T12:00:00+00:00: no run was stored since"),
        (archive(run(0, -3), every=DAY), "there is no run in"),
    ],
)
def test_what_is_missing_is_told(environment: Environment, found: EvidenceArchive, said: str) -> None:
    """Never stored, deleted, another than was sealed, or not made any more."""
    assert any(said in one for one in found.missing(environment)), found.missing(environment)


def test_runs_from_before_the_archive_are_not_missed(environment: Environment) -> None:
    """`since`: they were sealed when there was none."""
    assert isinstance(environment.archive, Archive)
    later = environment.model_copy(update={"archive": environment.archive.model_copy(update={"since": AT - 4 * DAY})})
    chain = (sealed(run(0, 5)), sealed(run(1, 3)))
    assert not archive(run(1, 3), chain=chain).missing(later)
    assert archive(run(1, 3), chain=chain).missing(environment)
    assert archive(every=DAY).missing(later)[0].startswith("s3://b/runs/production/: there is no run, and archiving")


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            run(None, run=None, began=None, key="runs/production/notes.txt"),
            "not the name of a run: runs/production/notes",
        ),
        (run(0, deleted=True), "1 deleted:"),
        (run(0, size=0), "1 empty:"),
        (run(0, versions=2), "1 written over:"),
        (run(0, mode=None, until=None), "1 not locked:"),
        (run(0, mode="GOVERNANCE"), "privileged users can take away"),
        (run(0, until=AT + 30 * DAY), "1 locked for less than 400d (DSP OSF"),
    ],
)
def test_what_can_be_lost_is_told(environment: Environment, one: ArchivedRun, said: str) -> None:
    """Each way by itself, and not of a run whose retention is over."""
    (found,) = archive(one).losable(environment)
    assert said in found
    if one.began is not None:
        assert not archive(replace(one, began=AT - 401 * DAY)).losable(environment)


def test_of_many_a_few_are_named(environment: Environment) -> None:
    """A thousand names are no sentence."""
    runs = [run(number, 5, mode=None, until=None) for number in range(1000)]
    (found,) = archive(*runs).losable(environment)
    assert found.startswith("1000 not locked: ")
    assert found.endswith(" and 995 more")
    assert len(found) < 400


def test_an_environment_without_an_archive_is_not_judged(environment: Environment) -> None:
    """Nobody says how long it is to be kept."""
    without = environment.model_copy(update={"archive": None})
    with pytest.raises(Unobserved, match="archive"):
        archive(run(0)).losable(without)
