"""What a playbook's words look at, and what was seen. Pure: the servers have been asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apgms_ops.clients.postgres.writing import Standing, Writes
from apgms_ops.environment.failover import Failover
from apgms_ops.environment.types import format_duration
from apgms_ops.incidents.playbooks.playbook import Precondition, Verification


class Silent(str):
    """Why a server did not say what it is: nothing answered in time. Any other reason says nothing of the server."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers as they were seen; a text in place of one says why it was not."""

    primary: Standing | str
    replica: Standing | str
    services: Standing | str
    """Not asked before there is something to verify."""
    pinned: str | None
    """The system identifier that the environment pins."""
    lost_at: datetime | None = None
    """When the primary was lost, as somebody says who saw it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one condition."""

    promise: str
    holds: bool | None
    """None where it could not be seen."""
    seen: str

    def __str__(self) -> str:
        """Return it as a line."""
        return f"{'ok' if self.holds else 'NOT' if self.holds is False else 'UNKNOWN'}  {self.promise}: {self.seen}"


def precondition(word: Precondition, servers: Servers, section: Failover) -> Finding:
    """Return whether a precondition holds."""
    return _PRECONDITIONS[word](servers, section)


def verification(word: Verification, servers: Servers) -> Finding:
    """Return whether a promise of afterwards holds."""
    return _VERIFICATIONS[word](servers)


def _held(promise: str, seen: str) -> Finding:
    return Finding(promise, holds=True, seen=seen)


def _broken(promise: str, seen: str) -> Finding:
    return Finding(promise, holds=False, seen=seen)


def _unseen(promise: str, seen: str) -> Finding:
    return Finding(promise, holds=None, seen=seen)


def _follows(servers: Servers, _section: Failover) -> Finding:
    promise = "the replica is one, of the pinned system"
    replica = servers.replica
    if isinstance(replica, str):
        return _unseen(promise, replica)
    if replica.writes is Writes.CLOSED:
        return _broken(promise, "no server listens there")
    if not replica.in_recovery:
        return _broken(promise, "it is a primary: it has been promoted already, or was never a replica")
    if servers.pinned is None:
        return _unseen(promise, "identities.postgres pins no system")
    if replica.system_id != servers.pinned:
        return _broken(promise, f"it is of system {replica.system_id}, and {servers.pinned} is pinned")
    return _held(promise, f"it replays system {replica.system_id}")


def _one_primary(servers: Servers, _section: Failover) -> Finding:
    promise = "one primary, or none that answers"
    primary = servers.primary
    if isinstance(primary, Silent):
        return _held(promise, f"the primary does not answer: {primary}")
    if isinstance(primary, str):  # a password that is wrong, say: it may well be alive, and taking writes
        return _unseen(promise, primary)
    if primary.writes is Writes.CLOSED:
        return _held(promise, "no server listens at the primary's address")
    if primary.in_recovery:
        return _broken(promise, "the server at the primary's address is a replica")
    if not isinstance(servers.replica, str) and primary.system_id != servers.replica.system_id:
        return _broken(promise, f"the primary is of another system, {primary.system_id}")
    return _held(promise, "the server at the primary's address is one")


def _onshore(_servers: Servers, section: Failover) -> Finding:
    promise = f"the replica's region is one of {', '.join(section.onshore)}"
    return Finding(promise, section.region in section.onshore, section.region)


def _lag(servers: Servers, section: Failover) -> Finding:
    limit = section.recovery_point
    promise = f"the replica is no more than {format_duration(limit.value)} behind ({limit.source})"
    replica, primary = servers.replica, servers.primary
    if isinstance(replica, str):
        return _unseen(promise, replica)
    there = not isinstance(primary, str) and primary.writes is not Writes.CLOSED
    if not isinstance(primary, str) and there:
        if primary.position is None or primary.now is None or replica.position is None:
            return _unseen(promise, "the servers do not say how far they have written and replayed")
        # A primary that writes nothing makes the last transaction old, and loses nothing: positions tell the two apart.
        if replica.position >= primary.position:
            return _held(promise, "it has replayed all that the primary has written")
    if replica.replayed is None or replica.now is None:
        return _unseen(promise, "it does not say when the last transaction that it has was committed")
    lost = servers.lost_at if not there and servers.lost_at else replica.now
    behind, since = lost - replica.replayed, "now" if there or not servers.lost_at else "the primary was lost"
    if behind < timedelta(0):
        return _unseen(promise, f"its last transaction is later than {since}")
    told = f"its last transaction was committed {behind.total_seconds():.1f} s before {since}"
    hint = "" if there or servers.lost_at else "; --lost-at says when the primary was lost"
    return Finding(promise, behind <= limit.value, told + ("" if behind <= limit.value else hint))


def _exactly_one(servers: Servers) -> Finding:
    promise = "exactly one primary accepts writes"
    replica, primary = servers.replica, servers.primary
    if isinstance(replica, str):
        return _unseen(promise, f"the promoted server: {replica}")
    if replica.writes is not Writes.TAKEN:
        return _broken(promise, f"at the promoted server: {replica.writes}")
    if isinstance(primary, str):
        return _unseen(promise, f"the old primary does not answer, and may take writes from others: {primary}")
    if primary.writes is Writes.TAKEN:
        return _broken(promise, "the old primary accepts writes as well: fence it NOW, before the two part")
    return _held(promise, f"the promoted server does; at the old primary's address: {primary.writes}")


def _services(servers: Servers) -> Finding:
    promise = "the services' address leads to the promoted server"
    replica, services = servers.replica, servers.services
    if isinstance(replica, str) or isinstance(services, str):
        return _unseen(promise, services if isinstance(services, str) else str(replica))
    if services.writes is Writes.CLOSED:
        return _broken(promise, "no server listens there")
    if services.started is None or (services.system_id, services.started) != (replica.system_id, replica.started):
        return _broken(promise, "it leads to another server")
    if services.writes is not Writes.TAKEN:
        return _broken(promise, f"the server there: {services.writes}")
    return _held(promise, "it does, and takes writes")


_PRECONDITIONS: Final[Mapping[Precondition, Callable[[Servers, Failover], Finding]]] = {
    Precondition.REPLICA_FOLLOWS: _follows,
    Precondition.ONE_PRIMARY_NOW: _one_primary,
    Precondition.REPLICA_REGION_ONSHORE: _onshore,
    Precondition.REPLICA_LAG_BELOW_RPO: _lag,
}
_VERIFICATIONS: Final[Mapping[Verification, Callable[[Servers], Finding]]] = {
    Verification.EXACTLY_ONE_PRIMARY: _exactly_one,
    Verification.SERVICES_USE_IT: _services,
}
