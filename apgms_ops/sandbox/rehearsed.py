"""The step that has a restore of the database rehearsed once, by the command itself, so that a drill has passed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ApgmsOpsError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.pgbackrest.archiving import switch
from apgms_ops.sandbox.verified import at_last, operate
from apgms_ops.sandbox.world import World

NAME: Final = "rehearsed-restore"
DRILL: Final = ("drill", "restore-database", "--yes")
_FIRST: Final = 1.0
"""Seconds until the primary begins another segment; then twice as long until the next, for each is to be replayed."""


class RehearsedRestore(Component):
    """Everything is restored once, beside the database; it has no process."""

    name = NAME
    needs = ("pgbackrest", "audit", "timestamps", "objectstore")
    lives = False
    lost_with = ("objectstore",)

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing."""

    def start(self, world: World, deadline: Deadline) -> None:
        """Rehearse it, and keep the record.

        Raises:
            SandboxError: Not all of it came back, even when it was tried again.
        """
        at_last(lambda: rehearse(world, deadline))

    def ready(self, world: World, deadline: Deadline) -> None:
        """Need nothing more: the command has said that all of it came back."""


def rehearse(world: World, deadline: Deadline) -> str:
    """Rehearse a restore, and return what was said of it.

    Raises:
        SandboxError: Not all of it came back.
    """
    with hurried(world, deadline):
        return operate(world, (*DRILL, "--records", str(world.folder(NAME) / "actions")), deadline, component=NAME)


@contextmanager
def hurried(world: World, deadline: Deadline) -> Iterator[None]:
    """Have the primary archive at once what a drill waits for."""
    ended = threading.Event()
    hurry = threading.Thread(target=_hurry, args=(world, ended, deadline), name=f"hurry {NAME}", daemon=True)
    hurry.start()
    try:
        yield
    finally:
        ended.set()
        hurry.join()


def _hurry(world: World, ended: threading.Event, deadline: Deadline) -> None:
    """Have the primary archive at once what the drill waits for, until that is under way."""
    from psycopg import Error  # noqa: PLC0415 — heavy

    scratch = world.folder("pgbackrest") / "scratch"
    wait = _FIRST
    while not ended.wait(wait) and not any(scratch.iterdir()):
        wait *= 2
        try:
            switch(world, deadline)
        except (Error, ApgmsOpsError):
            return  # the drill says it better
