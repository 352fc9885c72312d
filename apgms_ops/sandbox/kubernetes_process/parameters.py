"""The parameters that a request may have. One that is not known here would change its meaning: it is refused."""

from collections.abc import Mapping
from typing import Final

from apgms_ops.sandbox.kubernetes_process.paths import Target
from apgms_ops.sandbox.kubernetes_process.status import INVALID, Refused, bad_request

_LIST: Final = frozenset(
    (
        "allowWatchBookmarks",
        "continue",
        "fieldSelector",
        "labelSelector",
        "limit",
        "resourceVersion",
        "resourceVersionMatch",
        "sendInitialEvents",
        "timeoutSeconds",
        "watch",
    )
)
_WRITE: Final = frozenset(("dryRun", "fieldManager", "fieldValidation", "force"))
_DELETE: Final = frozenset(("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"))
_KNOWN: Final = {
    "get": frozenset(("resourceVersion",)),
    "list": _LIST,
    "watch": _LIST,
    "create": _WRITE,
    "update": _WRITE,
    "patch": _WRITE,
    "delete": _DELETE,
    "deletecollection": _DELETE | _LIST,
}
_LOG: Final = frozenset(
    (
        "container",
        "follow",
        "insecureSkipTLSVerifyBackend",
        "limitBytes",
        "previous",
        "sinceSeconds",
        "sinceTime",
        "tailLines",
        "timestamps",
    )
)
_EXEC: Final = frozenset(("command", "container", "stderr", "stdin", "stdout", "tty"))
_OF_PART: Final = {"log": _LOG, "exec": _EXEC}
_WHOLE: Final = ("limitBytes", "sinceSeconds", "tailLines")


def require_known(asked: str, about: Target, query: Mapping[str, str]) -> None:
    """Refuse what cannot be honoured.

    Raises:
        Refused: The query has a parameter that this request cannot have, or a value that cannot be served.
    """
    known = _OF_PART.get(about.subresource, _KNOWN[asked])
    for name in query:
        if name not in known and name != "pretty":
            msg = f"the parameter {name} is not served here for {asked} of {about.full}: {', '.join(sorted(known))}"
            raise bad_request(msg)
    if query.get("dryRun", "All") != "All":
        msg = f'dryRun: Unsupported value: "{query["dryRun"]}": supported values: "All"'
        raise bad_request(msg)
    if query.get("fieldValidation") == "Strict":
        msg = "fieldValidation=Strict is not served here: there are no schemas (kubectl: --validate=false)"
        raise bad_request(msg)
    for name in _WHOLE:
        text = query.get(name, "1")
        if about.subresource != "log" or (text.isdecimal() and (int(text) or name == "tailLines")):
            continue
        if text.removeprefix("-").isdecimal():
            least = "0" if name == "tailLines" else "1"
            why = f"{name}: Invalid value: {text}: must be greater than or equal to {least}"
            details = {"name": about.name, "kind": "PodLogOptions"}
            raise Refused(INVALID, f'PodLogOptions "{about.name}" is invalid: {why}', details=details)
        msg = f'strconv.ParseInt: parsing "{text}": invalid syntax'
        raise bad_request(msg)
    if "sinceSeconds" in query and "sinceTime" in query:
        msg = "at most one of sinceTime or sinceSeconds may be specified"
        raise bad_request(msg)
