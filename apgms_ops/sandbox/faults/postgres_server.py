"""A database that does not answer."""

import signal
from collections.abc import Mapping
from typing import Any, ClassVar

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.faults import audit_tools, payments_tools
from apgms_ops.sandbox.faults import backups_tools as backups
from apgms_ops.sandbox.faults import deployment_tools as deployment
from apgms_ops.sandbox.faults import kafka_tools as kafka
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.pgbackrest.archiving import await_archived
from apgms_ops.sandbox.postgres import NAME, PRIMARY, launch, signals
from apgms_ops.sandbox.postgres.component import await_answers, await_replica
from apgms_ops.sandbox.services import Audit, Payments
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_POLL = 0.02
_ARCHIVED = 30.0
"""Seconds within which a segment is archived once the server is back; it takes one or two."""


class _Away(Fault):
    """The primary is away, and whoever needs it waits."""

    component = NAME
    expected: ClassVar[Mapping[str, Verdict]] = dict.fromkeys(
        (
            *(audit_tools.PERSISTED, audit_tools.ONCE, audit_tools.EMITTED),
            *(audit_tools.CHAIN, audit_tools.HEAD, audit_tools.KEPT),
            *(payments_tools.RECONCILED, payments_tools.MADE, payments_tools.BLOCKED, payments_tools.TRUE),
            *(payments_tools.PARKED, payments_tools.ADDS_UP, payments_tools.CHAIN),
            deployment.MIGRATED,
            *backups.DATABASE,
        ),
        Verdict.UNKNOWN,
    )
    # The services cannot work: what they read waits, and what they measure of their backlog grows old.
    # And they are not ready.
    may_notice: ClassVar[frozenset[str]] = (
        frozenset({kafka.STALLED, kafka.KEEPS_UP}) | deployment.PODS | deployment.COMPARED
    )

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Bring it back, and wait until the services have caught up."""
        if world.alive(NAME, process=PRIMARY):
            signals.send(world, PRIMARY, signal.SIGCONT)
        else:
            world.stop(NAME, deadline, process=PRIMARY)
            launch(world, PRIMARY, deadline)
        await_answers(world, PRIMARY, deadline)
        await_replica(world, deadline)
        _await_archiving(world, deadline)
        for service in (Audit(), Payments()):
            service.recover(world, deadline)
        audit_tools.wait_read(world, deadline)
        payments_tools.wait_young(world, deadline)
        kafka.another_past(world, deadline)


def _await_archiving(world: World, deadline: Deadline) -> None:
    """Return once a segment that is begun now was archived.

    Raises:
        SandboxError: None is; the text says what the server's processes are doing.
    """
    try:
        await_archived(world, deadline.within(_ARCHIVED))
    except SandboxError as error:
        msg = f"{error}; its processes: {signals.states(world, PRIMARY)}"
        raise SandboxError(msg) from error


class Killed(_Away):
    """Nobody listens."""

    id = "postgres-killed"
    title = "PostgreSQL was killed."

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Kill it as the kernel does when memory runs out."""
        signals.send(world, PRIMARY, signal.SIGKILL)
        while world.alive(NAME, process=PRIMARY):
            deadline.pause(_POLL, "postgres to die")
        return {}


class Hung(_Away):
    """The kernel accepts connections for a server that does nothing."""

    id = "postgres-hung"
    title = "PostgreSQL hangs: it accepts connections and never answers."

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:  # noqa: ARG002 — a signal takes no time
        """Stop it, with all that it has under way."""
        signals.send(world, PRIMARY, signal.SIGSTOP)
        return {}


FAULTS: tuple[type[Fault], ...] = (Killed, Hung)
