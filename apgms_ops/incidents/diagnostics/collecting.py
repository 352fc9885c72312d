"""Fetches many pieces at once into files, each as far as it can be had."""

import hashlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.incidents.diagnostics.material import Piece, Taken
from apgms_ops.redact import Redactor, printable

_AT_ONCE: Final = 8
"""Pieces at once."""


def collect(
    pieces: Sequence[Piece],
    folder: Path,
    redactor: Redactor,
    deadline: Deadline,
    say: Callable[[Taken], None] = lambda _: None,
) -> tuple[Taken, ...]:
    """Fetch every piece, and return what became of each, in the order in which they were given.

    Args:
        pieces: What is wanted.
        folder: An empty folder; a piece lies in it by its number.
        redactor: For what errors say.
        deadline: For all of them together.
        say: Told of each as it is there, or is given up.
    """

    def fetch(number: int) -> Taken:
        return _fetched(pieces[number], folder / str(number), redactor, deadline)

    found: dict[int, Taken] = {}
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="diagnose") as pool:
        started = {pool.submit(fetch, number): number for number in range(len(pieces))}
        for one in as_completed(started):
            found[started[one]] = one.result()
            say(one.result())
    return tuple(found[number] for number in range(len(pieces)))


def _fetched(piece: Piece, path: Path, redactor: Redactor, deadline: Deadline) -> Taken:
    began, missing = time.monotonic(), piece.lacks
    with path.open("w+b") as file:
        try:
            piece.fetch(file, deadline)
        except Exception as error:  # noqa: BLE001 — whatever it is, the other pieces are wanted all the same
            cause = f"{type(error).__name__}: {printable(redactor(str(error)), limit=400)}"
            missing = f"{missing}; {cause}" if missing else cause
        size = file.seek(0, 2)
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    took = time.monotonic() - began
    if missing != piece.lacks and not size:
        return Taken(piece.path, piece.what, took, missing)
    return Taken(piece.path, piece.what, took, missing, path, size, sha256)
