"""What is wrong with snapshots, said in a sentence each; what was not seen is never green."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apgms_ops.clients.kafka import Bounds
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Backups, Environment
from apgms_ops.errors import Unobserved
from apgms_ops.probes.inventory import DeclaredGroup
from apgms_ops.probes.kafka_snapshot_facts import KafkaSnapshots, PartSeen, SnapshotSeen
from apgms_ops.probes.snapshot_bounds import SnapshotBounds
from apgms_ops.probes.snapshot_schedule import Schedule, SnapshotSchedule

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 11, 27, 6, tzinfo=UTC)
TAKEN = AT - timedelta(hours=4)
TOPIC = "payments.execute"
PART = PartSeen(
    partition=0,
    first=10,
    next=110,
    records=100,
    bytes=5000,
    sha256="a" * 64,
    size=5000,
    deleted=False,
    found_sha256="a" * 64,
    found_records=100,
    trouble="",
    unread="",
)
ONE = SnapshotSeen(
    topic=TOPIC,
    declared=1,
    epoch=int(TAKEN.timestamp()),
    stored_at=TAKEN + timedelta(minutes=1),
    taken_at=TAKEN,
    invalid="",
    parts=(PART,),
    groups={"payments-executor": {"0": 90}},
    broken_off=0,
    deleted=0,
)
GROUPS = (DeclaredGroup("payments-executor", (TOPIC,)),)


@pytest.fixture(scope="module")
def environment() -> Environment:
    """The sandbox's: a snapshot may be 26 hours old, and lack a fifth of the offsets."""
    return load(ROOT / "environments" / "sandbox.toml")


def seen(*snapshots: SnapshotSeen, groups: tuple[DeclaredGroup, ...] = GROUPS) -> KafkaSnapshots:
    """Return what a probe saw."""
    return KafkaSnapshots(AT, "s3://apgms-backups/kafka", snapshots, groups)


def part(**different: object) -> SnapshotSeen:
    """Return a snapshot whose only partition is another."""
    return replace(ONE, parts=(replace(PART, **different),))  # type: ignore[arg-type]  # fields of PartSeen


def of(taken: datetime) -> SnapshotSeen:
    """Return a snapshot of another time."""
    return replace(ONE, epoch=int(taken.timestamp()), taken_at=taken, stored_at=taken)


def test_a_good_snapshot_is_green(environment: Environment) -> None:
    """Nothing is said of it."""
    good = seen(ONE)
    assert not good.not_recent(environment)
    assert not good.incomplete()
    assert not good.damaged()
    assert not good.without_offsets()


def test_nothing_declared_is_unknown(environment: Environment) -> None:
    """No topic, and so no snapshot, is nothing seen."""
    for judge in (seen().incomplete, seen().damaged, seen().without_offsets):
        with pytest.raises(Unobserved):
            judge()
    with pytest.raises(Unobserved):
        seen().not_recent(environment)


@pytest.mark.parametrize(
    ("snapshot", "says"),
    [
        (of(AT - timedelta(hours=26, minutes=1)), "wanted is one within 26h"),
        (of(AT + timedelta(minutes=6)), "from the future"),
        (replace(ONE, epoch=None, deleted=2), "there is no snapshot in .*, 2 deleted"),
        (replace(of(AT - timedelta(days=2)), broken_off=1), "1 without manifest"),
        (replace(ONE, stored_at=TAKEN - timedelta(hours=1)), "stored before it was taken"),
        (replace(ONE, taken_at=TAKEN - timedelta(days=9)), "says that it was taken at 2026-11-18"),
    ],
)
def test_an_old_a_missing_and_a_future_snapshot_are_told(
    snapshot: SnapshotSeen, says: str, environment: Environment
) -> None:
    """Whatever another topic has."""
    (sentence,) = seen(replace(ONE, topic="audit.log"), snapshot).not_recent(environment)
    assert sentence.startswith(f"{TOPIC}: ")
    assert re.search(says, sentence)


def test_a_snapshot_of_the_last_minute_is_recent(environment: Environment) -> None:
    """At the limit it still is, and clocks may differ by some minutes."""
    assert not seen(of(AT - timedelta(hours=26))).not_recent(environment)
    assert not seen(of(AT + timedelta(minutes=4))).not_recent(environment)


@pytest.mark.parametrize(
    ("snapshot", "says"),
    [
        (replace(ONE, invalid="the manifest is no JSON"), "cannot be restored: the manifest is no JSON"),
        (replace(ONE, declared=3), "lacks partitions 1, 2"),
        (part(size=None), "never stored, or is gone"),
        (part(size=None, deleted=True), "was deleted"),
        (part(size=0), "is empty"),
        (part(size=4999), "has 4999 bytes, and not 5000"),
    ],
)
def test_what_is_not_complete_is_told(snapshot: SnapshotSeen, says: str) -> None:
    """A manifest, a partition, an object, and its content."""
    (sentence,) = seen(snapshot).incomplete()
    assert says in sentence


@pytest.mark.parametrize(
    ("snapshot", "says"),
    [
        (part(found_sha256="b" * 64), "damaged"),
        (part(found_sha256="b" * 64, trouble="it is no gzip"), "damaged"),
        (part(trouble="it is no gzip"), "does not hold what it should: it is no gzip"),
        (part(found_records=99), "holds 99 records, and the manifest says 100"),
    ],
)
def test_what_is_damaged_is_told(snapshot: SnapshotSeen, says: str) -> None:
    """By its digest, and where that agrees by what is in it."""
    (sentence,) = seen(snapshot).damaged()
    assert says in sentence


@pytest.mark.parametrize(
    "snapshot",
    [
        part(found_sha256=None, found_records=None, unread="of 9 GB"),
        part(size=None, found_sha256=None, found_records=None),
        replace(ONE, invalid="garbled", parts=()),
        replace(ONE, epoch=None, parts=()),
    ],
)
def test_what_was_not_read_is_not_known_to_be_whole(snapshot: SnapshotSeen) -> None:
    """Too large, not there, or without a manifest: UNKNOWN, and never green."""
    with pytest.raises(Unobserved):
        seen(replace(ONE, topic="audit.log"), snapshot).damaged()


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ({}, "does not hold the offsets of group payments-executor"),
        ({"payments-executor": {}}, "for partitions 0"),
        ({"payments-executor": {"0": None}}, "had committed nothing"),
    ],
)
def test_missing_offsets_are_told(groups: dict[str, dict[str, int | None]], says: str) -> None:
    """A group, a partition of it, or all that it committed."""
    (sentence,) = seen(replace(ONE, groups=groups)).without_offsets()
    assert says in sentence


def test_offsets_of_no_group_are_unknown() -> None:
    """Where no group is declared, none is missed."""
    with pytest.raises(Unobserved):
        seen(ONE, groups=()).without_offsets()


NOW = Bounds(TOPIC, 0, start=10, since=112, end=400)


def held(snapshot: SnapshotSeen, now: Bounds, environment: Environment) -> tuple[str, ...]:
    """Say what a snapshot cannot be right in."""
    return SnapshotBounds((now,)).not_held(seen(snapshot), environment)


@pytest.mark.parametrize(
    ("snapshot", "now", "says"),
    [
        (ONE, replace(NOW, end=100, since=100), "ends at 100: it is of another one"),
        (ONE, replace(NOW, start=5), "holds records from 5 on"),
        (part(records=50, found_records=50), NOW, "holds 50 records, and the topic had 102 offsets"),
        (part(records=100, found_records=50), NOW, "holds 50 records"),
        (part(next=10, records=0, found_records=0), NOW, "holds 0 records, and the topic had 102 offsets"),
        (part(next=60, records=50, found_records=50), NOW, "holds 50 records"),
        (part(next=60), replace(NOW, since=60), "says 100 records, for 50 offsets"),
    ],
)
def test_what_a_topic_cannot_have_held_is_told(
    snapshot: SnapshotSeen, now: Bounds, says: str, environment: Environment
) -> None:
    """A manifest that agrees with itself is held against the topic."""
    (sentence,) = held(snapshot, now, environment)
    assert says in sentence


@pytest.mark.parametrize(
    ("snapshot", "now"),
    [
        (ONE, NOW),
        (ONE, replace(NOW, start=300, since=300)),
        (ONE, replace(NOW, start=400, since=400)),
        (part(records=82, found_records=82), NOW),
        (part(records=100, found_records=None), NOW),
        (part(first=0, next=5, records=0, found_records=0, size=20), Bounds(TOPIC, 0, 5, 9, 9)),
    ],
    ids=["as it was", "retention ran", "all is gone", "markers", "not read", "few"],
)
def test_what_a_topic_can_have_held_is_green(snapshot: SnapshotSeen, now: Bounds, environment: Environment) -> None:
    """Retention removes records since, markers take offsets, and the last record may be on its way."""
    assert not held(snapshot, now, environment)


def test_a_compacted_topic_holds_fewer_records(environment: Environment) -> None:
    """Where it is declared to be one."""
    backups = environment.backups
    assert isinstance(backups, Backups)
    kafka = backups.kafka.model_copy(update={"compacted": (TOPIC,)})
    compacted = environment.model_copy(update={"backups": backups.model_copy(update={"kafka": kafka})})
    assert not held(part(records=5, found_records=5), NOW, compacted)


def test_a_partition_that_cannot_be_compared_is_unknown(environment: Environment) -> None:
    """A topic that is gone, or a snapshot that cannot be read."""
    for snapshots, bounds in ((seen(ONE), ()), (seen(replace(ONE, parts=())), (NOW,)), (seen(), (NOW,))):
        with pytest.raises(Unobserved):
            SnapshotBounds(bounds).not_held(snapshots, environment)


GOES_ON = Schedule(
    AT - timedelta(days=90), "0 2 * * *", suspended=False, last_scheduled_at=TAKEN, last_succeeded_at=TAKEN
)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (None, "there is no CronJob"),
        (replace(GOES_ON, suspended=True), "is suspended"),
        (replace(GOES_ON, last_succeeded_at=AT - timedelta(days=3)), "last succeeded at 2026-11-24"),
        (replace(GOES_ON, last_succeeded_at=AT + timedelta(days=3)), "in the future"),
        (replace(GOES_ON, last_succeeded_at=None), "has never succeeded"),
    ],
)
def test_a_schedule_that_does_not_go_on_is_told(found: Schedule | None, says: str, environment: Environment) -> None:
    """Nobody is to take snapshots, or whoever is to does not succeed."""
    (sentence,) = SnapshotSchedule(AT, "platform/kafka-snapshot", found).idle(environment)
    assert says in sentence


def test_a_schedule_that_was_made_a_moment_ago_is_unknown(environment: Environment) -> None:
    """Whether it will succeed has yet to be seen; one that has is green."""
    new = replace(GOES_ON, created_at=AT - timedelta(hours=1), last_succeeded_at=None)
    with pytest.raises(Unobserved):
        SnapshotSchedule(AT, "platform/kafka-snapshot", new).idle(environment)
    assert not SnapshotSchedule(AT, "platform/kafka-snapshot", GOES_ON).idle(environment)
