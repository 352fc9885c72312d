"""Routes with templates: which handler answers, and under which name it is counted."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from apgms_ops.sandbox.service_process.message import Handler

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one template."""

    method: str
    template: str
    handler: Handler
    statuses: tuple[int, ...]
    """What it may answer: a series of each is exported from the start."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a path leads to."""

    route: Route
    values: dict[str, str]


class Router:
    """The routes of one server."""

    def __init__(self) -> None:
        """Begin with none."""
        self._routes: list[tuple[re.Pattern[str], Route]] = []

    def add(self, route: Route) -> None:
        """Add a route; of two that match the one added first answers."""
        pattern = _PLACE.sub(r"(?P<\1>[^/]+)", re.sub(r"[.+*?()|^$\\]", r"\\\g<0>", route.template))
        self._routes.append((re.compile(pattern), route))

    @property
    def routes(self) -> list[Route]:
        """Every route."""
        return [route for _, route in self._routes]

    def find(self, method: str, path: str) -> Match | None:
        """Return what a request leads to; None where no template fits with this method."""
        for pattern, route in self._routes:
            found = pattern.fullmatch(path) if route.method == method else None
            if found is not None:
                return Match(route, {name: unquote(value) for name, value in found.groupdict().items()})
        return None

    def methods(self, path: str) -> list[str]:
        """Return the methods that a path can be asked with."""
        return sorted({route.method for pattern, route in self._routes if pattern.fullmatch(path)})
