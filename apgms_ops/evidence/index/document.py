"""The document that holds the index: its table between two markers, everything else as it was. Pure."""

import os
import re
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import quote

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.index.rows import Row
from apgms_ops.redact import printable

BEGIN: Final = "<!-- evidence-start -->"
END: Final = "<!-- evidence-end -->"
HEAD: Final = ("Control", "Artifact", "Location", "Last Updated", "Release", "SHA-256", "State")
NO_LINK, NO_DATE = "_Pending link_", "_Pending_"
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#!|~&])")


def replaced(text: str, table: str) -> str:
    """Return the document with another table; everything outside of the markers stays, byte for byte.

    Raises:
        EvidenceInvalid: The markers are not there once each, in their order.
    """
    begins, ends = text.count(BEGIN), text.count(END)
    if begins != 1 or ends != 1:
        msg = f"expected {BEGIN} and {END} once each, and found them {begins} and {ends} times"
        raise EvidenceInvalid(msg)
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    if end < start:
        msg = f"{END} stands before {BEGIN}"
        raise EvidenceInvalid(msg)
    newline = "\r\n" if "\r\n" in text else "\n"
    return text[:start] + newline + table.replace("\n", newline) + newline + text[end:]


def between(text: str) -> str:
    """Return what stands between the markers of a document that `replaced` takes."""
    return text.partition(BEGIN)[2].partition(END)[0].strip().replace("\r\n", "\n")


def table(rows: Sequence[Row], index: Path, root: Path, release: str) -> str:
    """Return the table.

    Args:
        rows: In their order.
        index: The document: links lead from its folder.
        root: The repository: locations are told from there.
        release: The release's tag.
    """
    lines = [HEAD, tuple("---" for _ in HEAD), *(_cells(row, index, root, release) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cells(row: Row, index: Path, root: Path, release: str) -> tuple[str, ...]:
    title, artifact = escaped(row.asks.title), row.artifact
    state = escaped(row.state)
    if artifact is None:
        return escaped(row.asks.control), title, NO_LINK, NO_DATE, escaped(release), NO_DATE, state
    at = "_undated_" if artifact.at is None else f"{artifact.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    link = f"[{title}]({link_to(artifact.path, index)})"
    location = escaped(relative(artifact.path, root))
    return escaped(row.asks.control), link, location, at, escaped(release), f"`{artifact.sha256}`", state


def link_to(path: Path, index: Path) -> str:
    """Return the address of a file as seen from the folder of the index, fit for Markdown."""
    return quote(relative(path, index.parent), safe="/-._~")


def relative(path: Path, folder: Path) -> str:
    """Return a path as seen from a folder, with `/`."""
    return PurePosixPath(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def escaped(text: str) -> str:
    """Return text that is nothing but text in a cell of a table: no line break, no column, no link, no HTML."""
    return _SPECIAL.sub(r"\\\1", printable(text, limit=300))
