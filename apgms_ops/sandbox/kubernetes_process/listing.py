"""Lists, a page at a time: a continue token leads on in the list as it was when its first page was given."""

import base64
import binascii
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from apgms_ops.sandbox.kubernetes_process import selectors
from apgms_ops.sandbox.kubernetes_process.kinds import Object, Resource
from apgms_ops.sandbox.kubernetes_process.status import bad_request, expired, too_large
from apgms_ops.sandbox.kubernetes_process.store import Store

_KEPT: Final = 16
"""Lists whose further pages can be asked for; the one that was not asked for longest goes first."""
_LIFETIME: Final = 300.0
"""Seconds for which a token is good."""
_EXPIRED: Final = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without"
    " the continue parameter, or use the continue token in this response to retrieve the remainder of the results."
    " Continuing with the provided token results in an inconsistent list - objects that were created, modified, or"
    " deleted between the time the first chunk was returned and now may show up in the list."
)


class Lists:
    """Gives lists, and keeps those of which a further page may be asked for."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        """Take what is listed, and what tells the time."""
        self._store = store
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, str, list[Object]]] = OrderedDict()
        self._given = 0
        self._lock = threading.Lock()

    def page(self, resource: Resource, namespace: str, query: Mapping[str, str]) -> Object:
        """Return a page of a list.

        Raises:
            Refused: The query is none, or its token has expired.
        """
        meant = selectors.matcher(query.get("labelSelector", ""), query.get("fieldSelector", ""), resource.plural)
        limit = _whole(query, "limit")
        asked = json.dumps([resource.plural, namespace, query.get("labelSelector"), query.get("fieldSelector")])
        token = query.get("continue", "")
        if token:
            if query.get("resourceVersion", "") not in ("", "0"):
                msg = "specifying resource version is not allowed when using continue"
                raise bad_request(msg)
            number, revision, start = _read(token)
            items = self._take(number, asked)
        else:
            start, items, revision = 0, *self._fresh(resource, namespace, query, meant)
            number = ""
        end = start + limit if limit else len(items)
        metadata: Object = {"resourceVersion": str(revision)}
        if end < len(items):
            number = number or self._keep(asked, items)
            metadata["continue"] = _write(number, revision, end)
            if not query.get("labelSelector") and not query.get("fieldSelector"):
                metadata["remainingItemCount"] = len(items) - end
        bare = [{name: value for name, value in item.items() if name not in _TYPE} for item in items[start:end]]
        kind = f"{resource.kind}List"
        return {"kind": kind, "apiVersion": resource.api_version, "metadata": metadata, "items": bare}

    def expire(self) -> None:
        """Let every token that was given out be too old."""
        with self._lock:
            self._kept.clear()

    def _fresh(
        self, resource: Resource, namespace: str, query: Mapping[str, str], meant: Callable[[Object], bool]
    ) -> tuple[list[Object], int]:
        wanted, match = _whole(query, "resourceVersion"), query.get("resourceVersionMatch", "")
        if match not in ("", "NotOlderThan") or (match and "resourceVersion" not in query):
            msg = f"resourceVersionMatch={match} is not served here: what is listed is always the newest"
            raise bad_request(msg)
        with self._store.lock:
            revision = self._store.revision
            if wanted > revision:
                raise too_large(wanted, revision)
            found = self._store.items(resource.plural, namespace)
        return [item for item in found if meant(item)], revision

    def _keep(self, asked: str, items: list[Object]) -> str:
        with self._lock:
            self._given += 1
            number = str(self._given)
            self._kept[number] = (self._clock() + _LIFETIME, asked, items)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return number

    def _take(self, number: str, asked: str) -> list[Object]:
        with self._lock:
            until, of, items = self._kept.get(number, (0.0, asked, []))
            if of != asked:
                msg = "continue key is not valid: it belongs to another list"
                raise bad_request(msg)
            if until < self._clock():
                raise expired(_EXPIRED)
            self._kept.move_to_end(number)
            return items


_TYPE: Final = ("kind", "apiVersion")
"""Fields that a list has once, and its items not again."""


def _write(number: str, revision: int, start: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([number, revision, start]).encode()).decode().rstrip("=")


def _read(token: str) -> tuple[str, int, int]:
    try:
        number, revision, start = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return str(number), int(revision), int(start)
    except (ValueError, TypeError, binascii.Error) as error:
        msg = "continue key is not valid: it was not given out here"
        raise bad_request(msg) from error


def _whole(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "") or "0"
    if not text.isdecimal():
        msg = f'invalid {name}: "{text}" is no whole number'
        raise bad_request(msg)
    return int(text)
