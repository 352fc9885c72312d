"""Text of the estate, made harmless where Markdown, HTML or XML is made of it."""

import re
from typing import Final

from apgms_ops.redact import printable

_PLAIN: Final = frozenset(" ,;()%/=+?'.-")
"""Punctuation that means nothing within a line: neither to Markdown nor to HTML, nor to what GitHub adds."""
_WWW: Final = re.compile(r"(?i)(www)\.")
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def markdown(text: str, *, limit: int) -> str:
    """Return hostile text as one harmless line of Markdown, for a paragraph or the cell of a table.

    Every character that could mean something becomes an entity: nothing of it is a link, markup, or the end of a cell.

    Args:
        text: Whatever it is.
        limit: Characters of it that are shown.
    """
    line = "".join(
        f"&#{ord(char)};" if char.isascii() and not char.isalnum() and char not in _PLAIN else char
        for char in xml(text, limit=limit)
    )
    # An address without a scheme becomes a link all the same.
    return _WWW.sub(r"\1&#46;", line)


def code(text: str, *, limit: int) -> str:
    """Return hostile text as an inline literal of Markdown: within it GitHub makes nobody's name a mention."""
    return f"<code>{markdown(text, limit=limit)}</code>" if text.strip() else ""


def fenced(lines: tuple[str, ...], language: str) -> list[str]:
    """Return lines as a block of code that none of them can end.

    Args:
        lines: What it holds, one harmless line each.
        language: What it is written in, for its colours.
    """
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *lines, fence]


def xml(text: str, *, limit: int) -> str:
    """Return hostile text as one harmless line that XML can hold; `<` and `&` are left to whoever writes it."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", printable(text, limit=limit))
