"""What of a log is handed out."""

import io
from datetime import UTC, datetime

import pytest

from apgms_ops.sandbox.node_process.logs import Asked, read, time_of

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
LOG = (
    b"starting\n"
    b'{"ts":"2026-01-01T00:00:10.000+00:00","event":"a"}\n'
    b"  a traceback\n"
    b'{"ts":"2026-01-01T00:00:20.000+00:00","event":"b"}\n'
    b"the end"
)


def taken(log: bytes, **asked: object) -> bytes:
    """Read a log."""
    return b"".join(read(io.BytesIO(log), Asked(**asked), BEGAN))  # type: ignore[arg-type]  # a test's own


@pytest.mark.parametrize(("lines", "expected"), [(0, b""), (1, b"the end"), (2, b'"b"}\nthe end'), (9, b"starting")])
def test_the_tail_is_so_many_lines(lines: int, expected: bytes) -> None:
    """Counted from the end; the last line need not be ended."""
    found = taken(LOG, tail=lines)
    assert expected in found
    assert len(found.splitlines()) == min(lines, 5)


def test_the_tail_of_a_long_log_is_found_from_its_end() -> None:
    """Across the blocks that are read."""
    log = b"".join(b"%06d %s\n" % (number, b"x" * 100) for number in range(5000))
    assert taken(log, tail=2000) == b"".join(log.splitlines(keepends=True)[-2000:])
    assert taken(log) == log


def test_since_leaves_out_what_is_older() -> None:
    """A line without a time has that of the line before it."""
    assert taken(LOG, since=datetime(2026, 1, 1, 0, 0, 15, tzinfo=UTC)).startswith(b'{"ts":"2026-01-01T00:00:20')
    assert b"traceback" in taken(LOG, since=datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC))
    assert taken(LOG, since=datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC), tail=1) == b"the end"


def test_timestamps_stand_before_each_line() -> None:
    """As a kubelet writes them, in UTC."""
    lines = taken(LOG, timestamps=True).splitlines()
    assert lines[0] == b"2026-01-01T00:00:00.000000Z starting"
    assert lines[2] == b"2026-01-01T00:00:10.000000Z   a traceback"


def test_the_answer_is_cut_at_the_limit() -> None:
    """After so many bytes, wherever that is."""
    assert taken(LOG, bytes=5) == b"start"
    assert taken(LOG, bytes=30, timestamps=True) == b"2026-01-01T00:00:00.000000Z st"
    assert taken(LOG, bytes=100_000) == LOG


@pytest.mark.parametrize(
    "line",
    [
        b"2026-01-01 00:00:10.000 UTC [1] LOG:  ready\n",
        b"2026-01-01T00:00:10Z started\n",
        b"2026-01-01T02:00:10+02:00 started\n",
        b"[2026-01-01 00:00:10,000] INFO\n",
        b'{"ts":"2026-01-01T00:00:10.000+00:00","level":"info"}\n',
    ],
)
def test_a_line_says_its_time_in_the_usual_ways(line: bytes) -> None:
    """ISO, with and without a zone."""
    assert time_of(line) == datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC)


def test_a_line_that_only_looks_like_a_time_has_none() -> None:
    """The 31st of February is no time."""
    assert time_of(b"2026-02-31T00:00:10Z x\n") is None
    assert time_of(b"hello\n") is None
