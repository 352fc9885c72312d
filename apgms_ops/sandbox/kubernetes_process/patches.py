"""Patches: merge, strategic merge and JSON patches. Server-side apply, and directives nobody here uses, are refused."""

import json
from collections.abc import Callable
from typing import Any, Final

from apgms_ops.sandbox.kubernetes_process.kinds import Object
from apgms_ops.sandbox.kubernetes_process.status import INVALID, UNSUPPORTED, Refused, bad_request

_KEYS: Final = {
    "addresses": "type",
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "ephemeralContainers": "name",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "podIPs": "ip",
    "hostIPs": "ip",
    "secrets": "name",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
"""List → the field by which a strategic merge finds the element that it changes; every other list is replaced."""
_MERGED: Final = ("finalizers",)
"""Lists of texts that a strategic merge adds to."""
_IGNORED: Final = "$setElementOrder/"


def patch(content_type: str, body: bytes) -> Callable[[Object], Object]:
    """Return what applies a patch to an object and returns the changed one; the given one stays as it is.

    Raises:
        Refused: It is no patch, or one of a type that is not served.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind in ("application/apply-patch+yaml", "application/apply-patch+cbor"):
        message = "server-side apply is not served here: it needs managedFields, which are not kept; use a merge patch"
        raise Refused(UNSUPPORTED, message)
    if kind not in _APPLY:
        message = (
            f"the body of the request was in an unknown format - accepted media types include: {', '.join(_APPLY)}"
        )
        raise Refused(UNSUPPORTED, message)
    try:
        wanted = json.loads(body)
    except (ValueError, RecursionError) as error:
        msg = f"error decoding patch: {error}"
        raise bad_request(msg) from error
    if not isinstance(wanted, list if kind == _JSON else dict):
        msg = f"error decoding patch: {kind} cannot be a {type(wanted).__name__}"
        raise bad_request(msg)
    return lambda item: _APPLY[kind](item, wanted)


def merge(item: Any, wanted: Any) -> Any:  # noqa: ANN401 — JSON
    """Apply a merge patch (RFC 7386): null removes, a list is replaced."""
    if not isinstance(wanted, dict):
        return wanted
    found = dict(item) if isinstance(item, dict) else {}
    for name, value in wanted.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merge(found.get(name), value)
    return found


def strategic(item: Any, wanted: Any, name: str = "") -> Any:  # noqa: ANN401 — JSON
    """Apply a strategic merge patch: as a merge patch, but elements of some lists are changed one by one."""
    if isinstance(wanted, list):
        return _strategic_list(item if isinstance(item, list) else [], wanted, name)
    if not isinstance(wanted, dict):
        return wanted
    directive = wanted.get("$patch")
    if directive == "replace":
        return {key: value for key, value in wanted.items() if key != "$patch"}
    if directive not in (None, "merge"):
        msg = f"strategic merge directive $patch: {directive} is not served here"
        raise bad_request(msg)
    found = dict(item) if isinstance(item, dict) else {}
    for key, value in wanted.items():
        if key.startswith(_IGNORED) or key == "$patch":
            continue
        if key == "$retainKeys":
            found = {kept: found[kept] for kept in found if kept in value}
        elif key.startswith("$"):
            msg = f"strategic merge directive {key} is not served here"
            raise bad_request(msg)
        elif value is None:
            found.pop(key, None)
        else:
            found[key] = strategic(found.get(key), value, key)
    return found


def _merge_key(name: str, wanted: list[Any]) -> str | None:
    if name == "ports":  # of a container by its own port, of a service by the service's
        return (
            "containerPort" if any("containerPort" in entry for entry in wanted if isinstance(entry, dict)) else "port"
        )
    return _KEYS.get(name)


def _strategic_list(item: list[Any], wanted: list[Any], name: str) -> list[Any]:
    if name in _MERGED:
        return [*item, *(value for value in wanted if value not in item)]
    key = _merge_key(name, wanted)
    if key is None or not all(isinstance(entry, dict) for entry in wanted):
        return wanted
    if any(entry.get("$patch") == "replace" for entry in wanted):
        return [entry for entry in wanted if "$patch" not in entry]
    found = {entry.get(key): entry for entry in item}
    for entry in wanted:
        if key not in entry:
            msg = f"map: {entry} does not contain declared merge key: {key}"
            raise bad_request(msg)
        if entry.get("$patch") == "delete":
            found.pop(entry[key], None)
        else:
            found[entry[key]] = strategic(found.get(entry[key]), entry)
    return list(found.values())


def operations(item: Object, wanted: list[Any]) -> Object:
    """Apply a JSON patch (RFC 6902) of add, remove, replace and test."""
    document: Any = {"": json.loads(json.dumps(item))}
    for operation in wanted:
        _operate(document, operation)
    result: Object = document[""]
    return result


def _operate(document: dict[str, Any], operation: Any) -> None:  # noqa: ANN401 — JSON
    if not isinstance(operation, dict) or operation.get("op") not in ("add", "remove", "replace", "test"):
        msg = f"the JSON patch operation {operation} is not served here: add, remove, replace and test are"
        raise bad_request(msg)
    kind, path = operation["op"], str(operation.get("path", ""))
    if kind != "remove" and "value" not in operation:
        msg = f"the JSON patch operation {operation} has no value"
        raise bad_request(msg)
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")]
    try:
        place: Any = document
        for part in way:
            place = place[int(part) if isinstance(place, list) else part]
        if isinstance(place, list):
            _in_list(place, kind, last, operation.get("value"))
        else:
            _in_map(place, kind, last, operation.get("value"))
    except (LookupError, TypeError, ValueError) as error:
        message = f"the server rejected our request due to an error in our request: {kind} at {path} cannot be done"
        raise Refused(INVALID, message) from error


def _in_map(place: dict[str, Any], kind: str, last: str, value: Any) -> None:  # noqa: ANN401 — JSON
    if kind == "add":
        place[last] = value
        return
    if kind == "test" and place[last] != value:
        raise ValueError(last)
    if kind in ("replace", "remove") and last not in place:
        raise LookupError(last)
    if kind == "replace":
        place[last] = value
    elif kind == "remove":
        del place[last]


def _in_list(place: list[Any], kind: str, last: str, value: Any) -> None:  # noqa: ANN401 — JSON
    if kind == "add":
        position = len(place) if last == "-" else int(last)
        if not 0 <= position <= len(place):
            raise IndexError(last)
        place.insert(position, value)
        return
    if kind == "test" and place[int(last)] != value:
        raise ValueError(last)
    if kind == "replace":
        place[int(last)] = value
    elif kind == "remove":
        del place[int(last)]


_JSON: Final = "application/json-patch+json"
_APPLY: Final[dict[str, Callable[[Object, Any], Object]]] = {
    _JSON: operations,
    "application/merge-patch+json": merge,
    "application/strategic-merge-patch+json": strategic,
}
