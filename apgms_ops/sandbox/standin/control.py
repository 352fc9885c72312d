"""The orders that a stand-in takes on its second port: how a fault changes what the service knows."""

from collections.abc import Callable, Mapping
from typing import Any

from apgms_ops.sandbox.standin.records import Record, Records, RefusedError

Order = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Takes the path and the body, and returns what to answer."""

_ORDERS = ("/add", "/edit", "/remove", "/put", "/switches")


class Control:
    """Carries out orders on the records."""

    def __init__(self, records: Records, more: Mapping[str, Order] | None = None) -> None:
        """Take the records, and orders that only this stand-in knows, by path."""
        self._records = records
        self._more = more or {}

    def get(self, path: str) -> dict[str, Any]:
        """Say what there is.

        Raises:
            RefusedError: The path is not known.
        """
        match path.strip("/").split("/"):
            case ["status"]:
                return {"switches": self._records.switches}
            case ["records", collection]:
                return {"records": self._records.every(collection)}
            case _:
                msg = f"no {path!r}; there are {self._usage()}"
                raise RefusedError(msg)

    def post(self, path: str, body: Any) -> dict[str, Any]:  # noqa: ANN401 — JSON
        """Carry out an order, and return what the records were before, the switches, or what was made.

        Raises:
            RefusedError: It is no order, or names what is not there.
        """
        if not isinstance(body, dict):
            msg = "an order is a JSON object"
            raise RefusedError(msg)
        if path in self._more:
            return self._more[path](path, body)
        match path:
            case "/add":
                return {"records": [self._records.add(body["collection"], body["record"])]}
            case "/edit":
                return {"records": self._records.edit(body["collection"], body["wanted"], body["values"])}
            case "/remove":
                return {"records": self._records.remove(body["collection"], body["wanted"])}
            case "/put":
                records: list[Record] = body["records"]
                self._records.put(body["collection"], records)
                return {"records": records}
            case "/switches":
                self._records.switch(body)
                return {"switches": self._records.switches}
            case _:
                msg = f"no order {path!r}; there are {self._usage()}"
                raise RefusedError(msg)

    def _usage(self) -> str:
        return f"POST {', '.join((*_ORDERS, *self._more))}; GET /status, /records/COLLECTION"
