"""The next page, by GitHub's own link to it. Pure."""

import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from apgms_ops.clients.http.answer import Answer
from apgms_ops.redact import printable

Page = tuple[str, tuple[tuple[str, str], ...]]
"""Path and query."""
_LINK: Final = re.compile(r'<([^<>]*)>((?:\s*;\s*[A-Za-z*]+\s*=\s*(?:"[^"]*"|[^\s",;]+))*)')
_NEXT: Final = re.compile(r';\s*rel\s*=\s*"?([^";]*)"?', re.IGNORECASE)


def next_page(answer: Answer, base: str) -> Page | None:
    """Return where the header `Link` says that the next page is, or None on the last.

    Args:
        answer: A page.
        base: The server's address: a link to anywhere else is not followed, for the token would go with it.

    Raises:
        BadAnswer: The link leads elsewhere, or nowhere.
    """
    for target, parameters in _LINK.findall(answer.headers.get("link", "")):
        kinds = {word for match in _NEXT.findall(parameters) for word in match.lower().split()}
        if "next" not in kinds:
            continue
        here, there = urlsplit(base), urlsplit(target)
        path = there.path.removeprefix(here.path) if there.path.startswith(f"{here.path}/") else ""
        if (there.scheme, there.netloc) != (here.scheme, here.netloc) or not path.startswith("/") or "//" in path:
            answer.refuse(
                f"the next page is said to be at {printable(target, limit=80)!r}, which is not the same server"
            )
        return path, tuple(parse_qsl(there.query, keep_blank_values=True))
    return None
