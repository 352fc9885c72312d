"""The files of a folder of timelines, read with care: whoever writes them writes them by hand."""

import stat
from pathlib import Path
from typing import Final

from apgms_ops.errors import Unobserved
from apgms_ops.redact import printable

_LARGEST: Final = 1 << 20
"""Bytes of a timeline file."""
_MOST: Final = 5000
"""Files of a folder."""


def paths(folder: Path) -> list[Path]:
    """Return the timeline files of a folder, in the order of their names; none where there is no folder.

    Raises:
        Unobserved: The folder cannot be read, or holds too many files.
    """
    try:
        found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        msg = f"the folder of timeline files cannot be read: {error.strerror}"
        raise Unobserved(msg) from error
    if len(found) > _MOST:
        msg = f"there are {len(found)} files in the folder of timeline files; {_MOST} are read at most"
        raise Unobserved(msg)
    return [path for path in found if path.name.lower() != "readme.md"]


def text(path: Path) -> str:
    """Return what a file says.

    Raises:
        Unobserved: It cannot be read, is too large, or is no file of the folder's own.
    """
    name = printable(path.name, limit=100)
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            msg = f"{name}, among the timeline files, is no file"
            raise Unobserved(msg)
        if found.st_size > _LARGEST:
            msg = f"{name} is larger than {_LARGEST} bytes"
            raise Unobserved(msg)
        return path.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"{name} cannot be read: {error.strerror}"
        raise Unobserved(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{name} is no UTF-8 text"
        raise Unobserved(msg) from error
