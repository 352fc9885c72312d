"""The records of a stand-in, kept in a file, and what can be wrong with the service itself."""

import copy
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class RefusedError(Exception):
    """An order that cannot be carried out; the text says why."""


class Records:
    """Every record, by collection. A record is a dict with an `id`. Safe to use from several threads."""

    def __init__(self, path: Path, seed: Mapping[str, list[Record]], switches: Mapping[str, Any]) -> None:
        """Open the file, or begin with the seed.

        Args:
            path: The file.
            seed: Collection → its first records. There are no collections but these.
            switches: What can be wrong with the service, and its value when nothing is.
        """
        self._path = path
        self._lock = threading.RLock()
        self._collections = tuple(seed)
        self._known_switches = dict(switches)
        self._data: dict[str, Any] = {name: copy.deepcopy(records) for name, records in seed.items()}
        self._data["switches"] = dict(switches)
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
            return [copy.deepcopy(record) for record in self._of(collection) if _matches(record, wanted)]

    def one(self, collection: str, **wanted: Any) -> Record | None:  # noqa: ANN401 — JSON
        """Return the first record with these values."""
        return next(iter(self.every(collection, **wanted)), None)

    def add(self, collection: str, record: Record) -> Record:
        """Keep a new record, and return it with its id, which is made where it has none."""
        with self.change():
            made = {"id": self.new_id(), **record}
            self._of(collection).append(made)
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
            gone = {record["id"] for record in found}
            self._data[collection] = [record for record in self._data[collection] if record["id"] not in gone]
            return found

    def put(self, collection: str, records: list[Record]) -> None:
        """Keep records as they are given, in place of those of the same id; in the order of their ids."""
        with self.change():
            ids = {record["id"] for record in records}
            kept = [record for record in self._of(collection) if record["id"] not in ids]
            self._data[collection] = sorted([*kept, *records], key=lambda record: record["id"])

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
            known = self._known_switches
            if name not in known or type(value) is not type(known[name]):
                msg = f"no switch {name!r} that takes {value!r}: there are {', '.join(known)}"
                raise RefusedError(msg)
        with self.change():
            self._data["switches"].update(values)

    def new_id(self) -> int | str:
        """Return an id that no record has: a number. A vendor whose ids are words has another."""
        return max((int(record["id"]) for name in self._collections for record in self._data[name]), default=7000) + 1

    def _of(self, collection: str) -> list[Record]:
        if collection not in self._collections:
            msg = f"no collection {collection!r}: there are {', '.join(self._collections)}"
            raise RefusedError(msg)
        records: list[Record] = self._data[collection]
        return records

    def _found(self, collection: str, wanted: Mapping[str, Any]) -> list[Record]:
        found = [record for record in self._of(collection) if _matches(record, wanted)]
        if not found:
            msg = f"no record of {collection} with {dict(wanted)}"
            raise RefusedError(msg)
        return found


def _matches(record: Record, wanted: Mapping[str, Any]) -> bool:
    return all(record.get(name) == value for name, value in wanted.items())
