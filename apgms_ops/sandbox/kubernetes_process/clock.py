"""Times as Kubernetes writes them."""

import time
from datetime import UTC, datetime


def stamp(seconds: float) -> str:
    """Return a time as metadata and status carry it: in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def seconds(text: str) -> float:
    """Return the seconds since 1970 of a time that an object carries, with a fraction or without.

    Raises:
        ValueError: It is no time.
    """
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
