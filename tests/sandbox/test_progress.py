"""Progress is plain lines in a file, and one live line on a terminal."""

import io

from apgms_ops.sandbox.progress import Progress


def test_a_file_gets_plain_lines() -> None:
    """Where nobody watches, every event is a line and nothing is drawn over."""
    stream = io.StringIO()
    progress = Progress(stream)
    progress.tick({"kafka": "starts"}, 1.0)
    progress.note("kafka ready after 1.5 s")
    progress.done()
    assert stream.getvalue() == "kafka ready after 1.5 s\n"


def test_a_terminal_gets_a_line_that_is_drawn_over() -> None:
    """On a terminal one line says what is still out, stays below what is reported, and is gone at the end."""
    stream = io.StringIO()
    progress = Progress(stream, live=True)
    progress.tick({"kafka": "starts", "traffic": "waits for kafka"}, 1.0)
    progress.note("kafka ready after 1.5 s")
    progress.done()
    drawn = "  1.0 s  kafka starts, traffic waits for kafka"
    assert stream.getvalue() == f"\r\x1b[2K{drawn}\r\x1b[2Kkafka ready after 1.5 s\n{drawn}\r\x1b[2K"
