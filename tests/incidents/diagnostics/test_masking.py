"""A log that is masked as it comes: nothing that the patterns mask comes through, wherever the pieces are cut."""

import io
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apgms_ops.incidents.diagnostics.masking import Masked
from apgms_ops.incidents.diagnostics.suspects import Suspects
from apgms_ops.redact import Redactor
from apgms_ops.secret import Secret
from tests.test_redact import LEAKS, SECRET, SHAPES, UNHARMED

KNOWN = "known-9fQ!2x"
REDACTOR = Redactor([Secret(KNOWN)])
SUSPECTS = Suspects(REDACTOR.known)
KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEA7\n" * 20 + "-----END RSA PRIVATE KEY-----"
TFN, NO_TFN = "123 456 782", "123456783"


def masked(log: bytes, *cuts: int) -> bytes:
    """Return what is kept of a log that comes in pieces."""
    file = io.BytesIO()
    taker = Masked(file, REDACTOR, SUSPECTS)
    for begin, end in zip((0, *cuts), (*cuts, len(log)), strict=True):
        taker.take(log[begin:end])
    taker.close()
    return file.getvalue()


@pytest.mark.parametrize(
    "text", [*LEAKS, *SHAPES, KEY, TFN, f"x {KNOWN} y", "id=\u0661\u0662\u0663456782 \u017fecret=abcdef"]
)
@pytest.mark.parametrize("around", ["{}", "before\n{}\nafter\n", "2026-11-27T01:02:03Z level=info {} and more\n"])
def test_what_the_patterns_mask_is_masked(text: str, around: str) -> None:
    """Whatever `redact` masks of a line, it masks of a log; the lines around are as they were."""
    log = around.format(text)
    assert masked(log.encode()) == REDACTOR(log).encode()


@pytest.mark.parametrize("text", UNHARMED)
def test_evidence_is_not_mangled(text: str) -> None:
    """What is no secret stays, control characters apart."""
    log = f"{text}\n"
    assert masked(log.encode()) == REDACTOR(log).encode()


YAML = ("password: |", "  hunter2-Tr0ub4dor", '{"name": "DB_PASSWORD",', ' "value": "hunter2-Tr0ub4dor"}')
WORDS = ("\n", "\n", " ", "\t", '"', "'", ",", ": ", "=", "name", "api_key", "user", "\u00e9", "-----BEGIN", "eyJ", "4")
PIECES = st.sampled_from([*LEAKS, *SHAPES, KEY, TFN, NO_TFN, KNOWN, *YAML, *WORDS])


@given(pieces=st.lists(PIECES, max_size=30), cuts=st.lists(st.integers(0, 2000), max_size=4))
def test_no_secret_comes_through_however_it_is_cut(pieces: list[str], cuts: list[int]) -> None:
    """A log of any pieces, cut anywhere, comes out as if it had been masked at once."""
    log = "".join(pieces).encode()
    assert masked(log, *sorted(min(cut, len(log)) for cut in cuts)).decode() == REDACTOR(log.decode())


@settings(deadline=None, max_examples=40)
@given(fill=st.integers(0, 3000), text=st.sampled_from([*LEAKS, *SHAPES, KEY, TFN]))
def test_no_secret_comes_through_at_the_end_of_a_block(fill: int, text: str) -> None:
    """A secret that lies across two of the blocks that are masked at a time is masked as well."""
    line = b"2026-11-27T01:02:03Z request handled in 12 ms\n"
    log = line * 5660 + b"x" * (fill % 97) + b"\n" + line * (fill % 31) + text.encode() + b"\n" + line * 10
    assert masked(log, 262_100).decode() == REDACTOR(log.decode())


def test_a_block_of_yaml_is_masked_to_its_end() -> None:
    """A password of many lines is masked, and what follows it is kept."""
    log = "password: |\n" + f"  {SECRET}\n" * 40 + "user: jo\n"
    found = masked(log.encode())
    assert SECRET.encode() not in found
    assert found.endswith(b"user: jo\n")


def test_a_key_that_is_never_closed_does_not_hide_the_rest() -> None:
    """Who logs the beginning of a key loses as much as a key may be long, and no more."""
    log = b"-----BEGIN PRIVATE KEY-----\n" + b"an error that matters\n" * 20_000
    found = masked(log)
    assert 10_000 < found.count(b"an error that matters") < 20_000


def test_a_line_without_an_end_is_left_out_in_a_bounded_memory() -> None:
    """Of a line of thirty megabytes it is said that it was there; what follows is kept."""
    file = io.BytesIO()
    taker = Masked(file, REDACTOR, SUSPECTS)
    piece = b"password=" + b"x" * 65_527
    tracemalloc.start()
    for _ in range(480):
        taker.take(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    taker.take(b"\nthe next line\n")
    taker.close()
    assert file.getvalue() == b"(a line of more than a megabyte was left out)\nthe next line\n"
    assert peak < 8 * 1024 * 1024


def test_control_characters_are_harmless() -> None:
    """What a terminal would obey is a question mark."""
    assert masked(b"a\x1b[31mb\x07c\r\n\td\x7f\n") == b"a?[31mb?c?\n\td?\n"
