"""Run it: `APGMS_DSN=… python -m apgms_ops.sandbox.pgbackrest_process COMMAND…`, until SIGTERM.

COMMAND takes a backup; the kind is added to it.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Final

import psycopg

_BEAT: Final = 1.0
"""Seconds between heartbeats."""
_EVERY: Final = 1200.0
"""Seconds between backups."""
_FULL: Final = 18
"""Every so many backups, a full one."""
_KEPT: Final = "DELETE FROM backup_heartbeats WHERE at < now() - interval '1 hour'"


def beat(dsn: str, ended: threading.Event) -> None:
    """Write heartbeats, one a second, for as long as the database takes them; then connect again."""
    while not ended.is_set():
        try:
            with psycopg.connect(dsn, connect_timeout=2, autocommit=True) as own:
                while not ended.wait(_BEAT):
                    own.execute("INSERT INTO backup_heartbeats (at) VALUES (clock_timestamp())")
                    own.execute(_KEPT)
        except psycopg.Error as error:
            sys.stderr.write(f"{time.time():.0f} heartbeat: {error}\n")
            ended.wait(_BEAT)


def main(command: list[str]) -> None:
    """Take backups, and write heartbeats."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: ended.set())
    threading.Thread(target=beat, args=(os.environ["APGMS_DSN"], ended), daemon=True).start()
    number = 0
    while not ended.wait(_EVERY):
        number += 1
        kind = "full" if number % _FULL == 0 else "incr"
        subprocess.run([*command, f"--type={kind}"], check=False)  # noqa: S603 — pgBackRest; what it says is logged


if __name__ == "__main__":
    main(sys.argv[1:])
