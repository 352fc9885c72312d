"""What the traffic process does not do, and says why."""

from collections.abc import Collection

from apgms_ops.errors import SandboxError


class RefusedError(SandboxError):
    """A control request that cannot be carried out; the text says why, and what could be."""


def require_known(what: str, name: str, known: Collection[str]) -> None:
    """Go on only with a name that exists.

    Raises:
        RefusedError: It does not; the text lists those that do.
    """
    if name not in known:
        msg = f"no {what} {name!r}: there are {', '.join(sorted(known))}"
        raise RefusedError(msg)
