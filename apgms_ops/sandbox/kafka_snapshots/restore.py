"""Restore a topic: `restore.sh --topic T --timestamp SECONDS [--target TOPIC] [--into-live] [--offsets] …`.

It runs in the pod of a Job that is made of `job/kafka-restore`; the sandbox runs
`python -m apgms_ops.sandbox.kafka_snapshots.restore SETTINGS …` in its place. It prints a line of progress now and
then, and ends with 0 once every record is there, and with 1 and the reason otherwise.
"""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Final

from apgms_ops.sandbox.kafka_snapshots.restoring import Restore, Wanted
from apgms_ops.sandbox.kafka_snapshots.settings import Settings
from apgms_ops.sandbox.kafka_snapshots.taking import Failed

_TERMINATED: Final = 143


def main(arguments: list[str]) -> int:
    """Restore it."""
    signal.signal(signal.SIGTERM, _end)
    parser = argparse.ArgumentParser(prog="restore.sh", description="restore a topic from its snapshot")
    parser.add_argument("--topic", required=True)
    parser.add_argument("--timestamp", required=True, type=int, metavar="SECONDS", help="of the snapshot, or later")
    parser.add_argument("--target", help="the topic to restore into (default TOPIC.restored-SECONDS)")
    parser.add_argument("--into-live", action="store_true", help="the target may hold records: add to them")
    parser.add_argument("--offsets", action="store_true", help="set the groups' offsets, translated")
    parser.add_argument("--group-suffix", default="", help="put behind the names of the groups whose offsets are set")
    asked = parser.parse_args(arguments[1:])
    target = asked.target or f"{asked.topic}.restored-{asked.timestamp}"
    wanted = Wanted(asked.topic, asked.timestamp, target, asked.into_live, asked.offsets, asked.group_suffix)
    try:
        Restore(Settings.read(Path(arguments[0])), wanted, _say).run()
    except Failed as error:
        _say(f"failed: {error}")
        return 1
    except Exception as error:  # noqa: BLE001 — S3, Kafka, or the disk: whatever it is, who follows must read it
        _say(f"failed: {type(error).__name__}: {str(error)[:500]}")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _end(_number: int, _frame: FrameType | None) -> None:
    _say("failed: it was told to end")
    sys.exit(_TERMINATED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
