"""Paths: what a request is about, and by which verb."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from apgms_ops.sandbox.kubernetes_process.kinds import SERVED, Resource, groups
from apgms_ops.sandbox.kubernetes_process.status import method_not_allowed, no_such_path

_OF_METHOD: Final = {"POST": "create", "PUT": "update", "PATCH": "patch"}
_OF_A_NAMESPACE: Final = ("status", "finalize")
_DEEP: Final = ("proxy",)
"""Subresources that a path goes on behind."""


@dataclass(frozen=True, slots=True)
class Target:
    """Objects of a kind, or one of them, or a part of one."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""
    """What stands behind `proxy`, with its slash."""

    @property
    def full(self) -> str:
        """The resource as permissions call it: `pods/log`."""
        return f"{self.resource.plural}/{self.subresource}" if self.subresource else self.resource.plural

    def require_served(self) -> None:
        """Refuse what is not there; not before it is known that whoever asks may ask.

        Raises:
            Refused: There is no such part of an object.
        """
        known = not self.subresource or self.subresource in self.resource.subresources
        if not known or (self.rest and self.subresource not in _DEEP):
            raise no_such_path()


def target(path: str) -> Target | None:
    """Return what a path is about, or None where it is one of discovery or health.

    Raises:
        Refused: The path leads into a group of the API, and there is nothing there.
    """
    parts = path.split("/")[1:]
    if parts[0] == "api" and len(parts) > 2:  # noqa: PLR2004 — /api/v1/…
        group, version, parts = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:  # noqa: PLR2004 — /apis/apps/v1/…
        group, version, parts = parts[1], parts[2], parts[3:]
    else:
        return None
    if version != "v1" or (group and group not in groups()):
        raise no_such_path()
    if parts == [""]:
        return None
    return _object(group, parts)


def _object(group: str, parts: list[str]) -> Target:
    namespace = ""
    inside = parts[0] == "namespaces" and len(parts) > 2 and parts[2] not in _OF_A_NAMESPACE  # noqa: PLR2004
    if inside:
        namespace, parts = unquote(parts[1]), parts[2:]
    resource = SERVED.get((group, parts[0]))
    if resource is None or (inside and not resource.namespaced):
        raise no_such_path()
    name = unquote(parts[1]) if len(parts) > 1 else ""
    subresource = parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 — kind, name, subresource
    rest = "".join(f"/{part}" for part in parts[3:])
    if len(parts) > 1 and not name:
        raise no_such_path()
    if name and resource.namespaced and not namespace:
        raise no_such_path()
    return Target(resource, namespace, name, subresource, rest)


def verb(method: str, about: Target, query: Mapping[str, str]) -> str:
    """Return the verb that a permission must name.

    Raises:
        Refused: The method is not one of the API's.
    """
    if method in ("GET", "HEAD"):
        if about.name:
            return "get"
        return "watch" if truth(query.get("watch", "")) else "list"
    if method == "DELETE":
        return "delete" if about.name else "deletecollection"
    if method not in _OF_METHOD:
        raise method_not_allowed()
    return _OF_METHOD[method]


def truth(text: str) -> bool:
    """Whether a query's parameter says yes; as a bare name it does."""
    return text.lower() in ("1", "true", "t")
