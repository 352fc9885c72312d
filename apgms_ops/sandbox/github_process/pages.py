"""One page of a listing, and the links to the others. Pure."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from apgms_ops.sandbox.github_process.records import Record
from apgms_ops.sandbox.github_process.settings import Settings

_PAGE: Final = 30
_MOST: Final = 100
_DIGITS: Final = 9


def cut(
    settings: Settings, path: str, query: Mapping[str, str], records: list[Record]
) -> tuple[list[Record], dict[str, str]]:
    """Return the records of the page that is asked for, and the header with the links to the other pages."""
    size = min(_whole(query, "per_page", _PAGE), _MOST)
    number = _whole(query, "page", 1)
    last = max(1, -(-len(records) // size))
    links: list[str] = []
    for relation, page in (("prev", number - 1), ("next", number + 1), ("last", last), ("first", 1)):
        if 1 <= page <= last and page != number:
            # As GitHub does: by the repository's number, not by its name.
            root = f"{settings.url}/repositories/{settings.repository_id}"
            links.append(f'<{root}{path}?{urlencode({**query, "page": page})}>; rel="{relation}"')
    return records[(number - 1) * size : number * size], {"Link": ", ".join(links)} if links else {}


def _whole(query: Mapping[str, str], name: str, otherwise: int) -> int:
    text = query.get(name, "")
    return max(1, int(text)) if text.isdecimal() and len(text) <= _DIGITS else otherwise
