"""Packs what was taken: one file, with a page to begin at and a manifest of what is in it and what is not."""

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any, Final

from apgms_ops.incidents.diagnostics.material import About, Taken
from apgms_ops.observation import timestamp
from apgms_ops.redact import printable

SCHEMA: Final = "apgms-ops/diagnostics/v1"
_LEVEL: Final = 1
"""Of compression: logs repeat themselves, and higher ones cost more than they save."""
_CHUNK: Final = 1 << 20


def write(path: Path, about: About, taken: Sequence[Taken]) -> None:
    """Write a bundle, readable by its owner alone: logs are, whatever is masked in them.

    Args:
        path: Where to; nothing may be there yet.
        about: What it is about.
        taken: What was taken.

    Raises:
        FileExistsError: Something is there already; it stays as it is.
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with (
            os.fdopen(handle, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as zip_,
        ):
            zip_.writestr("index.html", page(about, taken))
            zip_.writestr("manifest.json", json.dumps(manifest(about, taken), indent=2))
            for one in taken:
                if one.file is not None:
                    with one.file.open("rb") as source, zip_.open(one.path, "w") as target:
                        shutil.copyfileobj(source, target, _CHUNK)
        os.link(draft, path)  # unlike a rename, it replaces nothing
    finally:
        Path(draft).unlink(missing_ok=True)


def manifest(about: About, taken: Sequence[Taken]) -> dict[str, Any]:
    """Return what is in a bundle, and what is not, as JSON."""
    return {
        "schema": SCHEMA,
        "environment": about.environment,
        "incident": about.incident,
        "since": timestamp(about.since),
        "at": timestamp(about.at),
        "by": dict(about.by),
        "identities": dict(about.identities),
        "pieces": [
            {
                "path": one.path,
                "what": one.what,
                "bytes": one.size,
                "sha256": one.sha256 or None,
                "missing": one.missing or None,
                "took_seconds": round(one.took, 3),
            }
            for one in taken
        ],
    }


def page(about: About, taken: Sequence[Taken]) -> str:
    """Return the page to begin at: what could not be had comes first."""
    template = resources.files(__package__).joinpath("index.html").read_text("utf-8")
    lacking = [one for one in taken if one.missing]
    rows = "".join(_row(one) for one in taken if one.file is not None)
    gone = "".join(f"<li><b>{_html(one.what)}</b>: {_html(one.missing)}</li>" for one in lacking)
    facts = {
        "title": f"Diagnostics of {about.environment}{f', {about.incident}' if about.incident else ''}",
        "since": f"{about.since:%Y-%m-%d %H:%M:%S %Z}",
        "at": f"{about.at:%Y-%m-%d %H:%M:%S %Z}",
        "by": ", ".join(f"{name} {value}" for name, value in about.by.items()),
        "identities": ", ".join(f"{name} {value}" for name, value in about.identities.items()) or "none told",
    }
    for name, value in facts.items():
        template = template.replace(f"[[{name}]]", _html(value))
    missing = f'<ul class="missing">{gone}</ul>' if gone else "<p>Everything that was asked for is here.</p>"
    return template.replace("[[missing]]", missing).replace("[[rows]]", rows)


def _row(one: Taken) -> str:
    path = _html(one.path)
    size = f"{one.size:,} B" if one.size else "empty"
    return f'<tr><td><a href="{path}">{path}</a></td><td>{_html(one.what)}</td><td class="number">{size}</td></tr>'


def _html(text: str) -> str:
    return escape(printable(text)).replace("[[", "[ [")
