"""The arithmetic of the ledger: integer cents, a balance for each employer and tax, rows linked by hashes."""

from dataclasses import dataclass
from datetime import datetime

from apgms_ops.sandbox.service_process import chain


@dataclass(frozen=True, slots=True)
class Account:
    """What has a balance of its own: one employer's money for one tax, over all periods."""

    abn: str
    tax_type: str
    """`PAYGW` or `GST`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One movement, before the database has given it an id."""

    account: Account
    period: str
    amount_cents: int
    """More than 0 for a deposit, less for a payment."""
    balance_after_cents: int
    created_at: datetime
    prev_hash: str

    @property
    def hash(self) -> str:
        """What vouches for the row, and for all before it."""
        return chain.link(
            self.prev_hash,
            {
                "abn": self.account.abn,
                "tax_type": self.account.tax_type,
                "period": self.period,
                "amount_cents": self.amount_cents,
                "balance_after_cents": self.balance_after_cents,
                "created_at": chain.instant(self.created_at),
            },
        )


def added(before_cents: int, amount_cents: int) -> int:
    """Return the balance after a movement."""
    return before_cents + amount_cents


def concatenated(before_cents: int, amount_cents: int) -> int:
    """Return the balance as a program without types gets it, to which a balance from the database is a text."""
    return int(f"{before_cents}{abs(amount_cents)}")


def short(before_cents: int, amount_cents: int) -> int:
    """Return the balance as a program gets it that counts in floating-point dollars and cuts off: a cent less."""
    return before_cents + amount_cents - 1
