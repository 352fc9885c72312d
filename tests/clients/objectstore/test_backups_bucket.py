"""The backups' bucket on the sandbox's store alone, beside boto3 itself: how it is set up, and each fault of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from apgms_ops.clients.objectstore import Copying, NotThere, ObjectStoreClient
from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Environment
from apgms_ops.errors import AccessDenied, DeadlineExceeded, Incomplete, RateLimited, Unobserved
from apgms_ops.observation import Recorder
from apgms_ops.probes.backup_bucket import backup_bucket
from apgms_ops.probes.backup_objects import BackupObjects, backup_objects
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.sandbox.faults import Fault
from apgms_ops.sandbox.faults import objectstore_tools as checks
from apgms_ops.sandbox.faults.backups_bucket import FAULTS
from apgms_ops.sandbox.faults.objectstore_tools import order
from apgms_ops.sandbox.objectstore import BACKUPS, COPIES, COPIES_REGION, NAME, REGION
from apgms_ops.sandbox.world import World
from apgms_ops.secret import Secret
from apgms_ops.verdict import Verdict

if TYPE_CHECKING:
    from apgms_ops.probes.backup_bucket_facts import BackupBucket

pytestmark = pytest.mark.sandbox

ENVIRONMENT = Path(__file__).parents[3] / "environments" / "sandbox.toml"
PREFIXES = ("pgbackrest/", "kafka/")


@pytest.fixture
def backups(world: World, recorder: Recorder) -> ObjectStoreClient:
    """The bucket as the checks may read it."""
    return ObjectStoreClient(
        url=world.get(f"{NAME}.url"),
        region=REGION,
        bucket=BACKUPS,
        access_key_id=Secret(Path(world.get(f"{NAME}.id_file")).read_text()),
        secret_access_key=Secret(Path(world.get(f"{NAME}.secret_file")).read_text()),
        ca_file=world.get(f"{NAME}.ca_file"),
        recorder=recorder,
    )


@pytest.fixture
def writer(world: World) -> Any:  # noqa: ANN401 — boto3's clients have no types
    """Boto3 itself, as who takes backups."""
    session: Any = boto3.session.Session(
        Path(world.get(f"{NAME}.writer_id_file")).read_text(), Path(world.get(f"{NAME}.writer_secret_file")).read_text()
    )
    return session.client(
        "s3", region_name=REGION, endpoint_url=world.get(f"{NAME}.url"), verify=world.get(f"{NAME}.ca_file")
    )


@pytest.fixture
def filled(world: World, writer: Any) -> Iterator[None]:  # noqa: ANN401 — as above
    """Something under each prefix, while a test runs."""
    for prefix in PREFIXES:
        for number in range(3):
            writer.put_object(Bucket=BACKUPS, Key=f"{prefix}{number}", Body=b"x" * number)
    yield
    for prefix in PREFIXES:
        order(world, "/forget", {"bucket": BACKUPS, "prefix": prefix}, Deadline(20))


@pytest.fixture(scope="module")
def environment() -> Environment:
    """The sandbox's, as it is without one that runs."""
    return load(ENVIRONMENT)


def verdicts(backups: ObjectStoreClient, environment: Environment) -> dict[str, Verdict]:
    """Return what each check comes to: its facts read through the probes, and by way of what is recorded of them."""
    bucket: BackupBucket = _recorded(backup_bucket, backup_bucket.function(backups=backups, deadline=Deadline(20)))
    objects: BackupObjects = _recorded(
        backup_objects, backup_objects.function(backups=backups, environment=environment, deadline=Deadline(20))
    )
    judged: dict[str, Callable[[], object]] = {
        checks.ONSHORE: lambda: bucket.offshore(environment),
        checks.COPIES_ONSHORE: lambda: bucket.copied_offshore(environment),
        checks.COPIED: lambda: bucket.uncopied(environment) or objects.uncopied(environment),
        checks.NOT_PUBLIC: bucket.public,
        checks.ENCRYPTS: bucket.unencrypted,
        checks.ENCRYPTED: objects.plain,
        checks.VERSIONED: bucket.unversioned,
        checks.NOT_AGED_AWAY: lambda: bucket.aged_away(environment),
    }
    return {check: _verdict(judge) for check, judge in judged.items()}


def _recorded(probe: Any, facts: object) -> Any:  # noqa: ANN401 — any probe, and its facts
    codec = FactsCodec(probe)
    return codec.decode(codec.encode(facts, lambda text: text))


def _verdict(judge: Callable[[], object]) -> Verdict:
    try:
        return Verdict.FAIL if judge() else Verdict.PASS
    except Unobserved:
        return Verdict.UNKNOWN


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("fault", FAULTS, ids=[fault.id for fault in FAULTS])
def test_a_fault_gives_its_verdicts_and_no_others(
    world: World, backups: ObjectStoreClient, environment: Environment, fault: type[Fault]
) -> None:
    """Healthy all pass; broken, the named ones alone do not; healed, all pass again."""
    well = dict.fromkeys(checks.BACKUPS, Verdict.PASS)
    assert verdicts(backups, environment) == well
    one = fault()
    memo = one.break_(world, Deadline(20))
    try:
        assert verdicts(backups, environment) == well | dict(fault.expected)
    finally:
        one.heal(world, memo, Deadline(20))
    assert verdicts(backups, environment) == well


@pytest.mark.usefixtures("filled")
def test_what_is_stored_while_a_bucket_does_not_encrypt_stays_plain(
    world: World,
    backups: ObjectStoreClient,
    environment: Environment,
    writer: Any,  # noqa: ANN401 — as above
) -> None:
    """Until it is encrypted itself, whatever the bucket does by then."""
    fault = next(fault for fault in FAULTS if fault.id == "backups-bucket-not-encrypting")()
    memo = fault.break_(world, Deadline(20))
    writer.put_object(Bucket=BACKUPS, Key="kafka/meanwhile", Body=b"x")
    order(world, "/protect", {"bucket": BACKUPS}, Deadline(20))
    assert verdicts(backups, environment)[checks.ENCRYPTED] is Verdict.FAIL
    assert backups.stored("kafka/meanwhile", Deadline(20)).encryption is None
    fault.heal(world, memo, Deadline(20))
    assert backups.stored("kafka/meanwhile", Deadline(20)).encryption == "AES256"


def test_an_empty_bucket_is_never_green(backups: ObjectStoreClient, environment: Environment) -> None:
    """Nothing is plain in it, and no copy has failed."""
    found = verdicts(backups, environment)
    assert (found[checks.ENCRYPTED], found[checks.COPIED]) == (Verdict.UNKNOWN, Verdict.UNKNOWN)


def test_how_it_is_set_up_is_told(backups: ObjectStoreClient) -> None:
    """Nothing that is not set is an error; where a copy lies is told also to who may not look into it."""
    assert backups.public_by_policy(Deadline(20)) is False
    assert backups.lifecycle(Deadline(20)) is None
    rules = backups.replication(Deadline(20))
    assert rules == (Copying("copies", enabled=True, prefix="", narrowed=False, bucket=COPIES, account=None),)
    assert backups.region_of(COPIES, Deadline(20)) == COPIES_REGION
    with pytest.raises((AccessDenied, NotThere)):
        backups.region_of("nobodys-bucket", Deadline(20))


@pytest.mark.usefixtures("filled")
def test_a_listing_is_boto3s_own(
    backups: ObjectStoreClient,
    writer: Any,  # noqa: ANN401 — as above
) -> None:
    """Page by page; what is deleted is not in it, what has no content is, and the newest is by time, not by name."""
    for number in range(1005):
        writer.put_object(Bucket=BACKUPS, Key=f"kafka/many/{number:04}", Body=b"")
    writer.delete_object(Bucket=BACKUPS, Key="kafka/many/0007")
    pages = writer.get_paginator("list_objects_v2").paginate(Bucket=BACKUPS, Prefix="kafka/")
    theirs = [(item["Key"], item["Size"], item["LastModified"]) for page in pages for item in page["Contents"]]
    ours = [(one.key, one.size, one.modified) for one in backups.objects("kafka/", Deadline(60))]
    assert ours == theirs
    assert len(ours) == 1007
    (newest,) = backups.newest("kafka/", Deadline(60))
    assert newest.modified == max(at for _, _, at in theirs)
    assert backups.newest("nothing/", Deadline(20)) == ()
    with pytest.raises(Incomplete, match="more than 1006 objects"):
        backups.newest("kafka/", Deadline(60), most=1006)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("switch", "error"),
    [("refuse", AccessDenied), ("slow_down", RateLimited), ("hang", DeadlineExceeded), ("truncate", Unobserved)],
)
def test_a_store_that_does_not_answer_is_not_known(
    world: World, backups: ObjectStoreClient, environment: Environment, switch: str, error: type[Exception]
) -> None:
    """Neither how the bucket is set up nor what lies in it, and within the deadline."""
    order(world, "/switches", {switch: True}, Deadline(20))
    try:
        with pytest.raises(error):
            backup_bucket.function(backups=backups, deadline=Deadline(2))
        with pytest.raises(error):
            backup_objects.function(backups=backups, environment=environment, deadline=Deadline(2))
    finally:
        order(world, "/switches", {switch: False}, Deadline(20))
