"""A bundle: one file, its page, its manifest, and what collecting leaves out of it."""

import json
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import Unobserved
from apgms_ops.incidents.diagnostics import About, Piece, collect, write
from apgms_ops.redact import Redactor

AT = datetime(2026, 11, 27, 1, 2, 3, tzinfo=UTC)
ABOUT = About("production", "<script>alert(1)</script>", AT, AT, {"user": "jo on box"}, {"kubernetes": "uid-1"})


def there(file: BinaryIO, _: Deadline) -> None:
    """Be had."""
    file.write(b"a line\n" * 1000)


def refused(_: BinaryIO, __: Deadline) -> None:
    """Not be had, for a reason that names a secret."""
    msg = "401: token=hunter2-Tr0ub4dor <b>"
    raise Unobserved(msg)


def broken_off(file: BinaryIO, _: Deadline) -> None:
    """Be had in part, and fail with no error of ours."""
    file.write(b"half")
    raise ValueError


def empty(_: BinaryIO, __: Deadline) -> None:
    """Be had, with nothing in it."""


PIECES = (
    Piece("logs/a.log", "log of a", there),
    Piece("logs/b.log", "log of b", refused),
    Piece("logs/c.log", "log of c", broken_off),
    Piece("logs/d.log", "log of d", empty),
    Piece("logs/e.log", "log of e", there, lacks="restarted 3 times"),
)


def test_a_bundle_holds_what_was_had_and_says_what_was_not(tmp_path: Path) -> None:
    """Every piece is in the manifest; what could not be had, or not whole, is said with its reason, and harmless."""
    folder, path = tmp_path / "folder", tmp_path / "out" / "bundle.zip"
    folder.mkdir()
    told: list[str] = []
    taken = collect(PIECES, folder, Redactor(), Deadline(5), lambda one: told.append(one.path))
    assert sorted(told) == [piece.path for piece in PIECES]
    write(path, ABOUT, taken)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as bundle:
        assert bundle.testzip() is None
        names = ["index.html", "manifest.json", "logs/a.log", "logs/c.log", "logs/d.log", "logs/e.log"]
        assert bundle.namelist() == names
        assert bundle.read("logs/a.log") == b"a line\n" * 1000
        page = bundle.read("index.html").decode()
        pieces = {each["path"]: each for each in json.loads(bundle.read("manifest.json"))["pieces"]}
    assert {path: each["missing"] for path, each in pieces.items()} == {
        "logs/a.log": None,
        "logs/b.log": "Unobserved: 401: token=******** <b>",
        "logs/c.log": "ValueError: ",
        "logs/d.log": None,
        "logs/e.log": "restarted 3 times",
    }
    assert pieces["logs/b.log"]["sha256"] is None
    assert "<script>" not in page
    assert "token=******** &lt;b&gt;" in page
    assert '<a href="logs/a.log">' in page
    assert "[[" not in page


def test_a_bundle_replaces_nothing(tmp_path: Path) -> None:
    """Where something lies already, it stays, and no draft is left behind."""
    path = tmp_path / "bundle.zip"
    path.write_text("another's")
    with pytest.raises(FileExistsError):
        write(path, ABOUT, ())
    assert path.read_text() == "another's"
    assert list(tmp_path.iterdir()) == [path]


def test_a_bundle_of_nothing_missing_says_so(tmp_path: Path) -> None:
    """Everything had is said as well."""
    write(tmp_path / "b.zip", ABOUT, ())
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        assert b"Everything that was asked for is here." in bundle.read("index.html")
