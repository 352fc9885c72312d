"""The objects of a snapshot: records, or refused."""

import gzip
from pathlib import Path

import pytest

from apgms_ops.probes import kafka_snapshot_records
from apgms_ops.probes.kafka_snapshot_records import ContentInvalid, offsets, records
from apgms_ops.sandbox.kafka_snapshots.format import Record

FIRST = Record(7, 1_764_205_200_000, "create", b"key", b'{"id": 1}', (("trace", b"\x00\xff"), ("empty", None)))
TOMBSTONE = Record(9, None, None, b"key", None, ())


def stored(tmp_path: Path, content: bytes) -> Path:
    """Return a file with that content."""
    file = tmp_path / "object"
    file.write_bytes(content)
    return file


def test_what_the_snapshot_writes_is_read_as_it_was(tmp_path: Path) -> None:
    """Keys, values, headers and times come back, and so does what is not there."""
    file = stored(tmp_path, gzip.compress(FIRST.line() + TOMBSTONE.line()))
    found = list(records(file))
    assert [(one.offset, one.timestamp, one.key, one.value, one.headers) for one in found] == [
        (one.offset, one.timestamp, one.key, one.value, one.headers) for one in (FIRST, TOMBSTONE)
    ]
    assert list(offsets(file)) == [7, 9]


def test_a_line_comes_back_to_who_restores_it() -> None:
    """What a line holds is the record itself."""
    assert Record.read(FIRST.line()) == FIRST
    assert Record.read(TOMBSTONE.line()) == TOMBSTONE


def test_no_records_are_an_object_of_their_own(tmp_path: Path) -> None:
    """A partition without records has gzip's own twenty bytes."""
    content = gzip.compress(b"", mtime=0)
    assert len(content) == 20
    assert list(offsets(stored(tmp_path, content))) == []


@pytest.mark.parametrize(
    "content",
    [
        b"not gzip",
        gzip.compress(FIRST.line())[:-3],
        gzip.compress(FIRST.line())[:30],
        gzip.compress(FIRST.line()[:-1]),
        gzip.compress(b"{}\n"),
        gzip.compress(b"[1]\n"),
        gzip.compress(b'{"offset": "7"}\n'),
        gzip.compress(b'{"offset": -7}\n'),
        gzip.compress(b'{"offset": true}\n'),
    ],
    ids=["not gzip", "cut", "cut early", "no end of line", "no offset", "a list", "text", "negative", "true"],
)
def test_what_holds_no_records_is_refused(tmp_path: Path, content: bytes) -> None:
    """Whatever it is instead."""
    with pytest.raises(ContentInvalid):
        list(offsets(stored(tmp_path, content)))


def test_what_expands_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object of some kilobytes is no gigabyte of one record."""
    monkeypatch.setattr(kafka_snapshot_records, "_LINE", 1000)
    with pytest.raises(ContentInvalid):
        list(offsets(stored(tmp_path, gzip.compress(b'{"offset": 1, "a": "' + b"a" * 2000 + b'"}\n'))))


@pytest.mark.parametrize(
    "line", [b'{"offset": 1}\n', b'{"offset": 1, "timestamp": null, "headers": [], "key": "*", "value": null}\n']
)
def test_half_a_record_is_refused(tmp_path: Path, line: bytes) -> None:
    """What is compared is whole."""
    with pytest.raises(ContentInvalid):
        list(records(stored(tmp_path, gzip.compress(line))))
