"""What `apgms-ops env show` says of backups."""

from collections.abc import Iterator

from apgms_ops.environment.model import Backups, DatabaseBackups, Snapshots
from apgms_ops.environment.types import Duration, Limit, format_duration


def described(backups: Backups) -> Iterator[str]:
    """Yield the lines of the section."""
    where = backups.url or f"AWS, {backups.region}"
    yield f"  s3://{backups.bucket} at {where}, key {backups.access_key_id}"
    copied = "must be replicated" if backups.replicated else "need not be replicated"
    yield f"  backups may lie in {', '.join(backups.onshore)}; the bucket {copied}"
    yield from _database(backups.database)
    yield from _snapshots(backups.kafka)


def _database(database: DatabaseBackups) -> Iterator[str]:
    yield f"  database: stanza {database.stanza} under {database.prefix}/, {database.via or ' '.join(database.command)}"
    limits = (
        ("newest: the newest backup is at most", database.newest),
        ("newest_full: the newest full backup is at most", database.newest_full),
        ("archived: the newest archived segment is at most", database.archived),
        ("verified: the last verification is at most", database.verified),
        ("drilled: the last restore drill is at most", database.drilled),
        ("recovery_point: a restore loses at most", database.recovery_point),
        ("recovery_time: a restore takes at most", database.recovery_time),
    )
    yield from _lines(limits)
    yield f"    {f'waiting: at most {database.waiting.value} segments':<58} {database.waiting.source}"
    yield f"    a restore is looked through for the newest {database.heartbeat.column} in {database.heartbeat.table}"
    restore = database.restore
    nowhere = "nowhere: [backups.database.restore] is not declared"
    yield f"    rehearsed: {f'in {restore.scratch}' if restore else nowhere}"


def _snapshots(snapshots: Snapshots) -> Iterator[str]:
    yield f"  kafka: snapshots under {snapshots.prefix}/, taken by CronJob {snapshots.cron_job}"
    yield from _lines(
        (
            ("newest: a topic's newest snapshot is at most", snapshots.newest),
            ("drilled: the last drill of a topic's restore is at most", snapshots.drilled),
        )
    )


def _lines(limits: tuple[tuple[str, Limit[Duration]], ...]) -> Iterator[str]:
    return (f"    {f'{what} {format_duration(limit.value)}':<58} {limit.source}" for what, limit in limits)
