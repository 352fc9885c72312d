"""The records of the stand-in, kept in a file: people, schedules, policies, services, windows, incidents."""

import copy
import json
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

Record = dict[str, Any]

COLLECTIONS: Final = (
    "users",
    "contact_methods",
    "notification_rules",
    "schedules",
    "escalation_policies",
    "services",
    "maintenance_windows",
    "incidents",
    "notes",
    "log_entries",
)
SWITCHES: Final[Mapping[str, Any]] = {
    "refuse_token": False,
    "forbid": False,
    "rate_limited": False,
    "fail": False,
    "login_page": False,
    "endless": False,
    "second_page_fails": False,
    "page_size": 0,
    "account": "",
}
"""What can be wrong with PagerDuty itself; all off at first."""


class RefusedError(Exception):
    """An order that cannot be carried out; the text says why."""


class Records:
    """Every record, by collection. A record is a dict with an `id`. Safe to use from several threads."""

    def __init__(self, path: Path, seed: Mapping[str, list[Record]]) -> None:
        """Open the file, or begin with the seed."""
        self._path = path
        self._lock = threading.RLock()
        self._data: dict[str, Any] = {name: copy.deepcopy(seed.get(name, [])) for name in COLLECTIONS}
        self._data["switches"] = dict(SWITCHES)
        if path.is_file():
            self._data |= json.loads(path.read_text(encoding="utf-8"))

    @contextmanager
    def change(self) -> Iterator[None]:
        """Change several things at once; all of it is written at the end."""
        with self._lock:
            yield
            part = self._path.with_suffix(".part")
            part.write_text(json.dumps(self._data), encoding="utf-8")
            os.replace(part, self._path)  # noqa: PTH105 — atomically

    def every(self, collection: str, **wanted: Any) -> list[Record]:  # noqa: ANN401 — JSON
        """Return copies of the records with these values."""
        with self._lock:
            return [copy.deepcopy(record) for record in self._data[_known(collection)] if _matches(record, wanted)]

    def one(self, collection: str, **wanted: Any) -> Record | None:  # noqa: ANN401 — JSON
        """Return the first record with these values."""
        return next(iter(self.every(collection, **wanted)), None)

    def add(self, collection: str, record: Record) -> Record:
        """Keep a new record, and return it with its id."""
        made = {"id": f"P{secrets.token_hex(6).upper()}", **record}
        with self.change():
            self._data[_known(collection)].append(made)
        return copy.deepcopy(made)

    def edit(self, collection: str, wanted: Mapping[str, Any], values: Mapping[str, Any]) -> list[Record]:
        """Change the records with these values, and return what they were.

        Raises:
            RefusedError: There is none.
        """
        with self.change():
            found = self._found(collection, wanted)
            before = copy.deepcopy(found)
            for record in found:
                record.update(values)
            return before

    def remove(self, collection: str, wanted: Mapping[str, Any]) -> list[Record]:
        """Take the records with these values away, and return them.

        Raises:
            RefusedError: There is none.
        """
        with self.change():
            found = self._found(collection, wanted)
            self._data[collection] = [record for record in self._data[collection] if record not in found]
            return found

    def put(self, collection: str, records: list[Record]) -> None:
        """Keep records as they are given, in place of those of the same id; in the order of their ids."""
        with self.change():
            ids = {record["id"] for record in records}
            kept = [record for record in self._data[_known(collection)] if record["id"] not in ids]
            self._data[collection] = sorted([*kept, *records], key=lambda record: str(record["id"]))

    @property
    def switches(self) -> dict[str, Any]:
        """Every switch."""
        with self._lock:
            return dict(self._data["switches"])

    def switch(self, values: Mapping[str, Any]) -> None:
        """Set switches.

        Raises:
            RefusedError: There is none of that name, or it takes values of another kind.
        """
        for name, value in values.items():
            if name not in SWITCHES or type(value) is not type(SWITCHES[name]):
                msg = f"no switch {name!r} that takes {value!r}: there are {', '.join(SWITCHES)}"
                raise RefusedError(msg)
        with self.change():
            self._data["switches"].update(values)

    def _found(self, collection: str, wanted: Mapping[str, Any]) -> list[Record]:
        found = [record for record in self._data[_known(collection)] if _matches(record, wanted)]
        if not found:
            msg = f"no record of {collection} with {dict(wanted)}"
            raise RefusedError(msg)
        return found


def _matches(record: Record, wanted: Mapping[str, Any]) -> bool:
    return all(record.get(name) == value for name, value in wanted.items())


def _known(collection: str) -> str:
    if collection not in COLLECTIONS:
        msg = f"no collection {collection!r}: there are {', '.join(COLLECTIONS)}"
        raise RefusedError(msg)
    return collection
