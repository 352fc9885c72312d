"""What the reads of the database have in common."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from apgms_ops.environment.model import Environment, Persistence
from apgms_ops.errors import Unobserved

if TYPE_CHECKING:
    from apgms_ops.clients.postgres import Server

_BEHIND: Final = timedelta(seconds=30)
"""By which a replica that is read may be behind."""


def require_current(server: "Server") -> None:
    """Go on only if what is read is the present.

    Raises:
        Unobserved: The server is a replica that is behind its primary, or cannot tell whether it is.
    """
    if not server.in_recovery:
        return
    if server.replayed is None or server.replayed > _BEHIND:
        behind = "an unknown time" if server.replayed is None else f"{server.replayed.total_seconds():.0f} s"
        msg = f"the database that answers is a replica, {behind} behind: what is missing there need not be lost"
        raise Unobserved(msg)


def persistence_of(environment: Environment) -> tuple[str, Persistence]:
    """Return the service that promises persistence, and what it promises.

    Raises:
        Unobserved: There is none.
    """
    for name, service in environment.services.items():
        if service.persistence is not None:
            return name, service.persistence
    msg = f"environment {environment.name} has no service with a persistence objective"
    raise Unobserved(msg)
