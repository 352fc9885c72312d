"""The small forms that OSCAL documents are made of: identifiers, properties, times, and text that stays text. Pure."""

import json
import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.observation import timestamp
from apgms_ops.redact import printable

NAMESPACE: Final = "https://apgms-ops.example/ns/oscal"
"""Of our properties. A name and no address: nobody can ever own a host below `example`."""
NOTHING: Final = "not recorded"
_SPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)
_MEANS_SOMETHING: Final = re.compile(r"[\\`*_{}\[\]<>&~^#|]")
"""To Markdown, to HTML within it, or to OSCAL, which inserts parameters into text."""
_SOUND: Final = range(1900, 3000)
"""Years that OSCAL knows."""


def identifier(run: str, kind: str, name: str = "") -> str:
    """Return the UUID of a thing of a run: the same for the same, whoever asks.

    Args:
        run: The run's name.
        kind: What kind of thing it is; a word of ours.
        name: Which one; any text that UTF-8 can hold.
    """
    return str(uuid.uuid5(_SPACE, f"{run}\n{kind}\n{name}"))


def plain(text: object, *, limit: int = 500) -> str:
    """Return hostile text as one line without white space around it; words of ours where nothing is left."""
    return printable(str(text), limit=limit).strip() or NOTHING


def marked(text: object, *, limit: int = 1000) -> str:
    """Return hostile text as one line of OSCAL's Markdown, of which nothing is markup."""
    return _MEANS_SOMETHING.sub(lambda found: f"\\{found.group()}", plain(text, limit=limit))


def properties(values: Mapping[str, object]) -> list[dict[str, str]]:
    """Return properties in our namespace, without those whose value is None."""
    return [
        {"name": name, "ns": NAMESPACE, "value": plain(value)} for name, value in values.items() if value is not None
    ]


def moment(at: datetime) -> str:
    """Return a time as OSCAL writes it.

    Raises:
        EvidenceInvalid: It has no zone, or lies where OSCAL knows no years.
    """
    if at.tzinfo is None or at.year not in _SOUND:
        msg = f"{at.isoformat()}: not a time that can be told, with its zone"
        raise EvidenceInvalid(msg)
    return timestamp(at)


def parsed(text: object) -> datetime:
    """Return a recorded time.

    Raises:
        EvidenceInvalid: It is none.
    """
    try:
        return datetime.fromisoformat(str(text))
    except ValueError as error:
        msg = f"{printable(str(text), limit=60)!r}: not a time"
        raise EvidenceInvalid(msg) from error


def encoded(document: Mapping[str, Any]) -> bytes:
    """Return a document's bytes: the same for the same document."""
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()
