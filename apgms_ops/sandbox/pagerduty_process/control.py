"""The orders that the stand-in takes on its second port: how a fault changes what PagerDuty knows."""

from typing import Any, Final

from apgms_ops.sandbox.pagerduty_process.records import Record, Records, RefusedError

USAGE: Final = "POST /add, /edit, /remove, /put, /switches; GET /status, /records/COLLECTION"


class Control:
    """Carries out orders on the records."""

    def __init__(self, records: Records) -> None:
        """Take the records."""
        self._records = records

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
                msg = f"no {path!r}; there are {USAGE}"
                raise RefusedError(msg)

    def post(self, path: str, body: Any) -> dict[str, Any]:  # noqa: ANN401 — JSON
        """Carry out an order, and return what the records were before, the switches, or what was made.

        Raises:
            RefusedError: It is no order, or names what is not there.
        """
        if not isinstance(body, dict):
            msg = "an order is a JSON object"
            raise RefusedError(msg)
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
                msg = f"no order {path!r}; there are {USAGE}"
                raise RefusedError(msg)
