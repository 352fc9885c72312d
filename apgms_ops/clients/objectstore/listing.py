"""What lies in a bucket, page by page: as many pages as are wanted, none of them kept."""

from collections.abc import Iterator
from typing import Final

from apgms_ops.clients.objectstore import parse
from apgms_ops.clients.objectstore.connection import Connection
from apgms_ops.clients.objectstore.facts import Listed, Version
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, Incomplete

MOST: Final = 200_000
"""Versions, or objects, that a listing is followed for, unless told otherwise."""
_PAGE: Final = 1000
"""Of a page: the most that S3 gives."""


def versions(connection: Connection, prefix: str, deadline: Deadline, most: int) -> Iterator[Version]:
    """Yield every version of every object whose name begins so, in S3's order.

    Raises:
        Incomplete: There are more than `most`.
        Unobserved: They cannot be listed.
    """
    marks: dict[str, str] = {}
    count = 0
    while True:
        page = connection.ask("list_object_versions", deadline, keep=False, Prefix=prefix, MaxKeys=_PAGE, **marks)
        for kind, marker in (("Versions", False), ("DeleteMarkers", True)):
            for item in page.get(kind, ()):
                count += 1
                if count > most:
                    msg = f"more than {most} versions in {connection.source}/{prefix}: the rest was not read"
                    raise Incomplete(msg)
                yield parse.version(item, marker=marker)
        if not page.get("IsTruncated"):
            return
        following = {"KeyMarker": page.get("NextKeyMarker"), "VersionIdMarker": page.get("NextVersionIdMarker")}
        after = {name: str(value) for name, value in following.items() if value}
        if not after or after == marks:
            msg = f"{connection.source}: a listing that says it goes on, and not where"
            raise BadAnswer(msg)
        marks = after


def objects(connection: Connection, prefix: str, deadline: Deadline, most: int) -> Iterator[Listed]:
    """Yield every object that is there and whose name begins so, in S3's order; what is deleted is not.

    A page is asked for once what was on the one before it is taken, so that memory does not grow with the listing.

    Raises:
        Incomplete: There are more than `most`.
        BadAnswer: An answer is malformed, or the listing goes round in a circle.
        Unobserved: They cannot be listed.
    """
    where: dict[str, str] = {}
    been: set[str] = set()
    count = 0
    while True:
        page = connection.ask("list_objects_v2", deadline, keep=False, Prefix=prefix, MaxKeys=_PAGE, **where)
        for listed in parse.page(page, connection.bucket, prefix):
            count += 1
            if count > most:
                msg = f"more than {most} objects in {connection.source}/{prefix}: the rest was not read"
                raise Incomplete(msg)
            yield listed
        token = parse.goes_on(page)
        if token is None:
            return
        if token in been:
            msg = f"{connection.source}: a listing that leads back to a page of its own"
            raise BadAnswer(msg)
        been.add(token)
        where = {"ContinuationToken": token}
