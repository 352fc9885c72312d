"""The bucket of the backups: what no fault of the sandbox's can bring about, and each finding by itself."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apgms_ops.clients.objectstore import Ageing, Bucket, Copying
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Backups, Environment
from apgms_ops.errors import Unobserved
from apgms_ops.probes.backup_bucket_facts import BackupBucket, Destination
from apgms_ops.probes.backup_objects import BackupObjects, Looked, Under

AT = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
HERE, THERE = "ap-southeast-2", "ap-southeast-4"
BUCKET = Bucket("b", HERE, True, False, None, None, "AES256", ())  # noqa: FBT003 — its fields
RULE = Copying("r", enabled=True, prefix="", narrowed=False, bucket="c", account=None)
COPIES = Destination("c", THERE, missing=False, untold=None)
UNTOLD = Destination("c", None, missing=False, untold="403")
GONE = Destination("c", None, missing=True, untold=None)
GOOD = BackupBucket(AT, BUCKET, False, (RULE,), (COPIES,), None)  # noqa: FBT003 — its fields
AGEING = Ageing("tidy", enabled=True, prefix="", narrowed=False, removes=True, moves=())


@pytest.fixture(scope="module")
def environment() -> Environment:
    """One whose backups are to be copied."""
    made = load(Path(__file__).parents[2] / "environments" / "production.toml")
    assert isinstance(made.backups, Backups)
    return made.model_copy(update={"backups": made.backups.model_copy(update={"replicated": True})})


def objects(*looked: Looked, second: tuple[Looked, ...] | None = None) -> BackupObjects:
    """Return what lies under the two prefixes; the same under both, unless told otherwise."""
    both = (("pgbackrest", looked), ("kafka", looked if second is None else second))
    return BackupObjects(AT, "s3://b", tuple(Under(prefix, len(some), 1, some) for prefix, some in both))


ENCRYPTED = Looked("k", 1, AT, "AES256", None)


def test_a_bucket_that_keeps_backups_well_is_well(environment: Environment) -> None:
    """Nothing is found."""
    found = [GOOD.offshore(environment), GOOD.copied_offshore(environment), GOOD.uncopied(environment)]
    found += [GOOD.unencrypted(), GOOD.public(), GOOD.unversioned(), GOOD.aged_away(environment)]
    assert not any([*found, objects(ENCRYPTED).plain(), objects(ENCRYPTED).uncopied(environment)])


@pytest.mark.parametrize(
    ("different", "said"),
    [
        ({"replication": None, "destinations": ()}, "is not replicated"),
        ({"replication": (replace(RULE, enabled=False),)}, "the rule for it is disabled"),
        ({"replication": (replace(RULE, narrowed=True),)}, "no rule is about all of it"),
        ({"replication": (replace(RULE, prefix="pgbackrest/backup/"),)}, "no rule is about all of it"),
        ({"replication": (replace(RULE, prefix="pgbackrest/"),)}, "s3://b/kafka/ is not copied"),
        ({"destinations": (GONE,)}, "there is no such bucket"),
        ({"destinations": (replace(COPIES, region=HERE),)}, "one region holds both"),
    ],
)
def test_backups_that_are_not_copied_are_told(
    environment: Environment, different: dict[str, object], said: str
) -> None:
    """A rule that does nothing, is about a part, or leads nowhere else is none."""
    found = replace(GOOD, **different).uncopied(environment)  # type: ignore[arg-type]  # its fields
    assert any(said in one for one in found), found


def test_copies_that_nobody_asked_for_are_not_missed() -> None:
    """Where the environment does not ask for them."""
    without = load(Path(__file__).parents[2] / "environments" / "production.toml")
    assert not replace(GOOD, replication=None, destinations=()).uncopied(without)


def test_a_copy_of_which_nobody_tells_where_it_is_is_not_onshore(environment: Environment) -> None:
    """Nor offshore: it is not known; what is known to be wrong is told all the same."""
    unknown = replace(GOOD, destinations=(UNTOLD,))
    for ask in (unknown.copied_offshore, unknown.uncopied):
        with pytest.raises(Unobserved, match="403"):
            ask(environment)
    offshore = replace(UNTOLD, bucket="d", region="us-west-2", untold=None)
    (found,) = replace(GOOD, destinations=(UNTOLD, offshore)).copied_offshore(environment)
    assert "us-west-2: onshore are" in found


def test_a_disabled_rule_to_an_offshore_bucket_is_told(environment: Environment) -> None:
    """What it copied before lies there still."""
    offshore = replace(COPIES, region="us-west-2")
    assert replace(GOOD, replication=(replace(RULE, enabled=False),), destinations=(offshore,)).copied_offshore(
        environment
    )


def test_a_declared_region_that_is_not_onshore_is_told(environment: Environment) -> None:
    """The bucket is where it is declared to be, which does not make it onshore."""
    assert isinstance(environment.backups, Backups)
    abroad = environment.model_copy(update={"backups": environment.backups.model_copy(update={"region": "us-west-2"})})
    (found,) = replace(GOOD, bucket=replace(BUCKET, region="us-west-2")).offshore(abroad)
    assert "onshore are" in found


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        (AGEING, 1),
        (replace(AGEING, enabled=False), 0),
        (replace(AGEING, prefix="kafka/"), 0),
        (replace(AGEING, prefix="pgbackrest-old/"), 0),
        (replace(AGEING, prefix="pgbackrest/archive/", narrowed=True), 1),
        (replace(AGEING, prefix="kafka/", moves=("DEEP_ARCHIVE",)), 1),
        (replace(AGEING, removes=False, moves=("STANDARD_IA", "GLACIER_IR")), 0),
        (replace(AGEING, removes=False, moves=("NEVER_HEARD_OF",)), 1),
    ],
)
def test_a_rule_that_takes_backups_away_is_told(environment: Environment, rule: Ageing, count: int) -> None:
    """Snapshots may go by their age; a storage class that we do not know is not taken for one that is at hand."""
    assert len(replace(GOOD, lifecycle=(rule,)).aged_away(environment)) == count


def test_one_plain_object_is_told_and_nothing_at_all_is_not_known(environment: Environment) -> None:
    """Whatever else is encrypted; an algorithm that S3 has not is none, and a hostile name stays one line."""
    for said in (None, "ROT13"):
        (found,) = objects(ENCRYPTED, second=(replace(ENCRYPTED, key="a\x1b[2J\nb", encryption=said),)).plain()
        assert "\x1b" not in found
        assert "\n" not in found
    assert len(objects(replace(ENCRYPTED, encryption=None), second=()).plain()) == 1
    for some in (objects(), objects(ENCRYPTED, second=())):
        with pytest.raises(Unobserved, match="nothing in s3://b/"):
            some.plain()
        with pytest.raises(Unobserved, match="nothing in s3://b/"):
            some.uncopied(environment)


def test_a_copy_that_failed_is_told(environment: Environment) -> None:
    """Whatever the rules say."""
    found = objects(ENCRYPTED, second=(replace(ENCRYPTED, replication="FAILED"),)).uncopied(environment)
    assert "1 of 1 objects looked at in s3://b/kafka/ could not be copied: k" in found[0]
