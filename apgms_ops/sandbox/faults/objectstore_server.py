"""An object store that refuses, or does not answer."""

import signal
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import backups_tools as backups
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.kafka_snapshots_tools import OF_THE_STORE
from apgms_ops.sandbox.faults.objectstore_tools import ALL, BACKUPS, EVERYWHERE, order
from apgms_ops.sandbox.objectstore import NAME, ObjectStore
from apgms_ops.sandbox.pgbackrest.archiving import await_archived
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_SILENT: Final[Mapping[str, Verdict]] = dict.fromkeys((*ALL, *BACKUPS, *backups.ALL, *OF_THE_STORE), Verdict.UNKNOWN)


class _Switched(Fault):
    """It answers in another way."""

    component = NAME
    reach = EVERYWHERE
    expected: ClassVar[Mapping[str, Verdict]] = _SILENT
    switch: ClassVar[str]

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Switch it."""
        order(world, "/switches", {self.switch: True}, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Switch it back."""
        order(world, "/switches", {self.switch: False}, deadline)
        await_archived(world, deadline)


class Refused(_Switched):
    """The key was revoked, or its policy changed."""

    id = "objectstore-access-denied"
    title = "The object store refuses the key."
    switch = "refuse"


class SlowDown(_Switched):
    """Too many requests, by whomever."""

    id = "objectstore-slow-down"
    title = "The object store asks to slow down: 503."
    switch = "slow_down"


class Truncated(_Switched):
    """A connection that breaks within an answer."""

    id = "objectstore-answers-broken-off"
    title = "The object store's answers are broken off in the middle."
    switch = "truncate"


class Hung(Fault):
    """The kernel accepts connections for a process that does nothing."""

    id = "objectstore-hung"
    title = "The object store accepts connections and never answers."
    component = NAME
    reach = EVERYWHERE
    expected: ClassVar[Mapping[str, Verdict]] = _SILENT

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:  # noqa: ARG002 — a signal takes no time
        """Stop the process."""
        world.signal(NAME, signal.SIGSTOP)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Let it go on."""
        world.signal(NAME, signal.SIGCONT)
        ObjectStore().ready(world, deadline)
        await_archived(world, deadline)


FAULTS: tuple[type[Fault], ...] = (Refused, SlowDown, Truncated, Hung)
