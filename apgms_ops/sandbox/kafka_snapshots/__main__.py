"""Take a snapshot of all topics, or of some: `python -m apgms_ops.sandbox.kafka_snapshots SETTINGS [TOPIC …]`.

In the image `kafka-tools` it is called `snapshot.sh`. What is said to be its time may be another: a fault's doing.
"""

import os
import sys
from pathlib import Path

from apgms_ops.sandbox.kafka_snapshots.settings import Settings
from apgms_ops.sandbox.kafka_snapshots.taking import Failed, take


def main(arguments: list[str]) -> int:
    """Take it; 1 if that cannot be done."""
    settings = Settings.read(Path(arguments[0]))
    topics = arguments[1:] or list(settings.topics)
    try:
        said = os.environ.get("APGMS_SNAPSHOT_EPOCH")
        epoch = take(settings, topics, int(said) if said else None)
    except Failed as error:
        sys.stderr.write(f"snapshot failed: {error}\n")
        return 1
    sys.stdout.write(f"{epoch}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
