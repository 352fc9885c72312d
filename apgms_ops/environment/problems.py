"""What is wrong with an environment file, said so that a person can put it right.

What stands in the file is not trusted: it is printed redacted, harmless and cut, and at a place where a secret's
reference belongs it is not printed at all, because that is where a secret is pasted by mistake.
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from apgms_ops.environment.schema import Place, expected, fields, model_of, resolve
from apgms_ops.environment.types import Absent, Model
from apgms_ops.redact import Redactor, printable

_SHOWN = 60
"""Characters of a value that are shown."""
_redact = Redactor()


def harmless(text: str, limit: int = _SHOWN) -> str:
    """Return text of the file as it may be printed."""
    return printable(_redact(text), limit=limit)


def dotted(path: Sequence[str | int], data: object) -> str:
    """Return `kafka.groups[audit-writer].topics`: list items by their name where they have one, else by number."""
    text = ""
    here: Any = data
    for key in path:
        here = _below(here, key)
        if isinstance(key, int):
            name = here.get("name") if isinstance(here, Mapping) else None
            text += f"[{harmless(name) if isinstance(name, str) and name else key}]"
        else:
            text += f"{'.' if text else ''}{harmless(key)}"
    return text


def _below(data: Any, key: str | int) -> Any:  # noqa: ANN401 — what the file holds
    if isinstance(data, Mapping):
        return data.get(key)
    if isinstance(data, Sequence) and not isinstance(data, str) and isinstance(key, int) and key < len(data):
        return data[key]
    return None


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f'"{harmless(value)}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return harmless(str(value))


def _unknown(place: Place, parent: Place) -> str:
    key = str(place.path[-1])
    model = model_of(parent.annotation)
    known = [] if model is None else sorted(fields(model))
    if model is Absent:
        return "a section that is absent declares nothing else"
    near = difflib.get_close_matches(key, known, n=1)
    return f"unknown key: did you mean {near[0]}?" if near else f"unknown key; known here: {', '.join(known)}"


def _sentence(error: ErrorDetails, place: Place, parent: Place) -> str:
    wanted = expected(place.annotation)
    if error["type"] == "extra_forbidden":
        return _unknown(place, parent)
    if error["type"] == "value_error" and model_of(place.annotation) is not None:
        # A rule over several keys; its text is ours, and may repeat names from the file.
        return harmless(str(error["ctx"]["error"]), limit=500)
    if error["type"] == "missing":
        seen = "it is missing"
    elif error["type"].startswith("union_tag") and isinstance(error["input"], Mapping):
        seen = f"not kind = {_shown(error['input']['kind'])}" if "kind" in error["input"] else "kind is missing"
    elif place.secret:
        seen = "what stands there is not shown, as it may be a secret"
    else:
        seen = f"not {_shown(error['input'])}"
    return f"expected {wanted}, {seen}"


def explain(error: ValidationError, model: type[Model], data: object) -> list[str]:
    """Return the problems, one line each, in the order of the model's keys.

    Args:
        error: What pydantic found.
        model: The model that the data was judged by.
        data: The decoded file.
    """
    lines = []
    for detail in error.errors(include_url=False):
        if detail["type"] == "too_short" and detail["input"]:
            continue  # the items themselves are wrong, and each has been named
        place = resolve(model, detail["loc"])
        parent = resolve(model, detail["loc"][:-1])
        where = dotted(place.path, data)
        lines.append(f"{where}: {_sentence(detail, place, parent)}" if where else _sentence(detail, place, parent))
    return lines
