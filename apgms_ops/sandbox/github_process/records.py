"""The records of the stand-in: runs, jobs, artifacts, statuses, releases, workflows; kept in a file."""

import copy
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

Record = dict[str, Any]

COLLECTIONS: Final = ("workflows", "runs", "jobs", "artifacts", "statuses", "releases", "pulls", "reviews")
SWITCHES: Final[Mapping[str, Any]] = {
    "refuse_token": False,
    "forbid_actions": False,
    "hide_repository": False,
    "rate_limited": False,
    "secondary_limit": False,
    "fail": False,
    "repository_id": 0,
}
"""What can be wrong with GitHub itself; all off at first."""


class RefusedError(Exception):
    """An order that cannot be carried out; the text says why."""


class Records:
    """Every record, by collection. A record is a dict with an `id`. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Open the file, or begin with nothing."""
        self._path = path
        self._lock = threading.RLock()
        self._data: dict[str, Any] = {name: [] for name in COLLECTIONS} | {"switches": dict(SWITCHES), "seen": 0}
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

    def add(self, collection: str, record: Record) -> int:
        """Add a record, whose id is made where it has none, and return the id."""
        with self.change():
            made = {"id": self._next(), **record}
            self._data[_known(collection)].append(made)
            return int(made["id"])

    def edit(self, collection: str, wanted: Mapping[str, Any], values: Mapping[str, Any]) -> list[Record]:
        """Set values of all records with these values, and return what the records were before.

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
        """Remove records and return them.

        Raises:
            RefusedError: There is none.
        """
        with self.change():
            found = self._found(collection, wanted)
            gone = {record["id"] for record in found}
            self._data[collection] = [record for record in self._data[collection] if record["id"] not in gone]
            return found

    def put(self, collection: str, records: list[Record]) -> None:
        """Put records in the place of those with the same ids, or in addition."""
        with self.change():
            ids = {record["id"] for record in records}
            kept = [record for record in self._data[_known(collection)] if record["id"] not in ids]
            self._data[collection] = sorted([*kept, *records], key=lambda record: int(record["id"]))

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

    @property
    def seen(self) -> int:
        """How many pushes were looked at."""
        with self._lock:
            return int(self._data["seen"])

    def see(self, count: int) -> None:
        """Write down how many pushes were looked at."""
        with self.change():
            self._data["seen"] = count

    def _next(self) -> int:
        ids = (int(record["id"]) for name in COLLECTIONS for record in self._data[name])
        return max(ids, default=7000) + 1

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
