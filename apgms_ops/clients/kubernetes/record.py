"""Facts as what a run keeps of them: JSON of the fields that were read, as many as there is room for. Pure."""

import dataclasses
import json
from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Any, Final

_ROOM: Final = 200_000
"""Characters of one list that are kept."""


def kept(facts: Iterable[object], room: int = _ROOM) -> dict[str, Any]:
    """Return a list of facts as JSON: how many there were, and those that there is room for, in their order."""
    shown: list[Any] = []
    number = 0
    for number, fact in enumerate(facts, start=1):  # noqa: B007 — the count is what remains
        if room > 0:
            data = plain(fact)
            room -= len(json.dumps(data))
            shown.append(data)
    return {"count": number, "items": shown}


def plain(value: object) -> Any:  # noqa: ANN401 — JSON
    """Return a fact as JSON, without what it leaves empty."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if dataclasses.is_dataclass(value):
        fields = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: plain(item) for name, item in fields if item not in (None, "", (), {})}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in sorted(value.items())}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value
