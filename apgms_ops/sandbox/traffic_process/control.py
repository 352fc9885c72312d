"""The orders that the traffic process takes over HTTP, each answered once it took effect."""

import json
import math
from collections.abc import Mapping
from typing import Any

from apgms_ops.sandbox.traffic_process.customers import Customers
from apgms_ops.sandbox.traffic_process.group import Group, Order
from apgms_ops.sandbox.traffic_process.production import Production
from apgms_ops.sandbox.traffic_process.refusal import RefusedError, require_known

_MOST_EVENTS = 200_000
_MOST_REQUESTS = 50.0
"""A second: what the customers surely keep."""
_USAGE = (
    "POST /groups/{group}/stop|start|hold|release|fail|recover, POST /topics/{topic}/produce|pause|resume, "
    "POST /requests, GET /status"
)


class Control:
    """Carries out orders on the parts of the process."""

    def __init__(self, groups: Mapping[str, Group], production: Production, customers: Customers) -> None:
        """Take the parts."""
        self._groups = groups
        self._production = production
        self._customers = customers

    def post(self, path: str, body: bytes) -> dict[str, Any]:
        """Carry out one order and return what to answer.

        Args:
            path: The path of the request.
            body: A JSON object, or nothing.

        Raises:
            RefusedError: It is no order, names what does not exist, or could not be carried out.
        """
        options = _parse(body)
        match path.strip("/").split("/"):
            case ["groups", name, order] if order in tuple(Order):
                require_known("group", name, self._groups)
                _require_keys(options, ())
                self._groups[name].order(Order(order))
                return {"group": name, **self._groups[name].state}
            case ["topics", topic, "produce"]:
                _require_keys(options, ("count", "partition"))
                count = _integer(options, "count", 1, _MOST_EVENTS)
                partition = None if options.get("partition") is None else _integer(options, "partition", 0, 10_000)
                return {"topic": topic, "produced": self._production.produce(topic, count, partition)}
            case ["topics", topic, "pause" | "resume" as order]:
                _require_keys(options, ())
                self._production.pause(topic, paused=order == "pause")
                return {"topic": topic, "running": self._production.running[topic]}
            case ["requests"]:
                _require_keys(options, ("rate",))
                self._customers.rate = _number(options, "rate", self._customers.rate, _MOST_REQUESTS)
                return {"rate": self._customers.rate}
            case _:
                msg = f"no order {path!r}; there are {_USAGE}"
                raise RefusedError(msg)

    def status(self) -> dict[str, Any]:
        """Say what the process is doing.

        `settled` once every group has committed in each of its partitions, and every kind of request succeeded.
        """
        groups = self._groups.values()
        return {
            "settled": all(group.settled for group in groups) and self._customers.settled,
            "groups": {group.name: group.state for group in groups},
            "topics": self._production.running,
            "requests": {"rate": self._customers.rate, "made": self._customers.made},
        }


def _parse(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        options = json.loads(body)
    except (ValueError, RecursionError) as error:
        msg = f"the body is no JSON: {error}"
        raise RefusedError(msg) from error
    if not isinstance(options, dict):
        msg = "the body is no JSON object"
        raise RefusedError(msg)
    return options


def _require_keys(options: Mapping[str, Any], known: tuple[str, ...]) -> None:
    odd = sorted(set(options) - set(known))
    if odd:
        msg = f"no option {odd[0]!r}: there are {', '.join(known) or 'none'}"
        raise RefusedError(msg)


def _integer(options: Mapping[str, Any], key: str, least: int, most: int) -> int:
    value = options.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        msg = f"{key} must be a whole number from {least} to {most}, not {value!r}"
        raise RefusedError(msg)
    return value


def _number(options: Mapping[str, Any], key: str, unchanged: float, most: float) -> float:
    value = options.get(key, unchanged)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or not 0 <= value <= most
    ):
        msg = f"{key} must be a number from 0 to {most:g}, not {value!r}"
        raise RefusedError(msg)
    return float(value)
