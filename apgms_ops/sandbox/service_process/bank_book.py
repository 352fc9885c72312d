"""The book of the bank's stand-in: the transfers that it took, which it still knows after a restart."""

import sqlite3
import threading
from dataclasses import dataclass
from typing import Final

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS transfers (
  id TEXT PRIMARY KEY, abn TEXT NOT NULL, tax_type TEXT NOT NULL, period TEXT NOT NULL,
  asked_cents INTEGER NOT NULL, moved_cents INTEGER NOT NULL, accepted_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS transfers_account ON transfers (abn, tax_type, period, id);
"""
_ALL: Final = "SELECT id, abn, tax_type, period, asked_cents, moved_cents, accepted_at FROM transfers "
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer that the bank took."""

    id: str
    abn: str
    tax_type: str
    period: str
    asked_cents: int
    moved_cents: int
    """What it really moved, which is what its statements say."""
    accepted_at: float
    """Seconds since 1970."""

    @property
    def asked(self) -> tuple[str, str, str, str, int]:
        """What was asked for."""
        return self.id, self.abn, self.tax_type, self.period, self.asked_cents


class Book:
    """The transfers, used from any thread."""

    def __init__(self, path: str) -> None:
        """Open the book, or begin one.

        Args:
            path: A file, or `:memory:` for a bank that forgets everything when it ends.
        """
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA synchronous = OFF")  # a killed process loses nothing by it
        self._connection.executescript(_TABLE)

    def enter(self, transfer: Transfer) -> Transfer:
        """Write a transfer down unless there is one of its id, and return what the book has under that id."""
        with self._lock:
            self._connection.execute(
                "INSERT OR IGNORE INTO transfers VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*transfer.asked, transfer.moved_cents, transfer.accepted_at),
            )
            (found,) = self._connection.execute(_ALL + "WHERE id = ?", (transfer.id,)).fetchall()
        return Transfer(*found)

    def correct(self, identity: str) -> None:
        """Move in full what was not."""
        with self._lock:
            self._connection.execute("UPDATE transfers SET moved_cents = asked_cents WHERE id = ?", (identity,))

    def find(self, identity: str) -> Transfer | None:
        """Return a transfer, if the bank took it."""
        with self._lock:
            found = self._connection.execute(_ALL + "WHERE id = ?", (identity,)).fetchone()
        return None if found is None else Transfer(*found)

    def statement(self, abn: str, tax_type: str, period: str, identity: str | None) -> list[Transfer]:
        """Return the transfers of an account in a period, by id: one of them, or the first few hundred."""
        where, values = "WHERE abn = ? AND tax_type = ? AND period = ? ", [abn, tax_type, period]
        if identity is not None:
            where, values = where + "AND id = ? ", [*values, identity]
        with self._lock:
            found = self._connection.execute(f"{_ALL}{where}ORDER BY id LIMIT {_PAGE}", values).fetchall()
        return [Transfer(*row) for row in found]

    def close(self) -> None:
        """Close it."""
        with self._lock:
            self._connection.close()
