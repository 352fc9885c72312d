"""The bank's book: each transfer once, and known after a restart."""

from pathlib import Path

from apgms_ops.sandbox.service_process.bank_book import Book, Transfer

TRANSFER = Transfer("t-1", "53004085616", "GST", "2026-Q3", 100, 100, 1.0)


def test_a_transfer_is_entered_once(tmp_path: Path) -> None:
    """The first one stays, whatever comes under its id later, and after a restart as well."""
    path = str(tmp_path / "book.sqlite")
    book = Book(path)
    assert book.enter(TRANSFER) == TRANSFER
    other = Transfer("t-1", "53004085616", "GST", "2026-Q3", 200, 200, 2.0)
    assert book.enter(other) == TRANSFER
    book.close()
    assert Book(path).find("t-1") == TRANSFER


def test_a_statement_holds_what_was_moved_there_and_nothing_else() -> None:
    """Other accounts, other periods and other transfers stay out."""
    book = Book(":memory:")
    book.enter(TRANSFER)
    book.enter(Transfer("t-2", "53004085616", "GST", "2026-Q3", 5, 4, 1.0))
    book.enter(Transfer("t-3", "53004085616", "GST", "2026-Q4", 6, 6, 1.0))
    assert [found.id for found in book.statement("53004085616", "GST", "2026-Q3", None)] == ["t-1", "t-2"]
    assert [found.moved_cents for found in book.statement("53004085616", "GST", "2026-Q3", "t-2")] == [4]
    assert book.statement("53004085616", "PAYGW", "2026-Q3", None) == []
    book.correct("t-2")
    assert [found.moved_cents for found in book.statement("53004085616", "GST", "2026-Q3", "t-2")] == [5]


def test_an_unknown_transfer_is_not_found() -> None:
    """The bank makes nothing up."""
    assert Book(":memory:").find("t-1") is None
