"""Values that never print, and the references by which a file names them."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Never

from apgms_ops.errors import SecretUnreadable

MASK = "********"
LARGEST = 64 * 1024
"""Bytes of a secret's file that are read; a larger file is no secret."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FILE = re.compile(r"[/~][^\x00-\x1f\x7f]*")


class Secret:
    """A value that shows itself to `reveal()` alone: not to print, format, repr, pickle, copy or JSON."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Wrap a value that must not be empty.

        Raises:
            ValueError: The value is empty.
        """
        if not value:
            msg = "a secret must not be empty"
            raise ValueError(msg)
        self._value = value

    def reveal(self) -> str:
        """Return the value, for the one line that hands it to a driver."""
        return self._value

    def __repr__(self) -> str:
        """Print a mask."""
        return f"Secret({MASK})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """Print a mask, whatever the format asks for."""
        return format(MASK, spec)

    def __reduce__(self) -> Never:
        """Refuse to be pickled or copied: either would write the value somewhere."""
        msg = "a Secret is not to be pickled or copied"
        raise TypeError(msg)

    def __eq__(self, other: object) -> bool:
        """Compare by value."""
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        """Hash by value."""
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret is to be read: `env:NAME` or `file:PATH`."""

    scheme: str
    target: str

    EXPECTED: ClassVar[str] = 'a reference: "env:NAME" or "file:/path"'

    @classmethod
    def parse(cls, text: str) -> "SecretReference":
        """Parse `env:NAME` or `file:PATH`.

        Raises:
            ValueError: It is neither; the text does not repeat the value, which may be a pasted secret.
        """
        scheme, _, target = text.partition(":")
        form = {"env": _VARIABLE, "file": _FILE}.get(scheme)
        if form is None or not form.fullmatch(target):
            msg = f"expected {cls.EXPECTED}, not a value (a secret is never written into this file)"
            raise ValueError(msg)
        return cls(scheme, target)

    def read(self, environ: Mapping[str, str] = os.environ) -> Secret:
        """Read the secret; a file's surrounding white space is dropped.

        Raises:
            SecretUnreadable: The variable is unset or blank, or the file is missing, unreadable, blank or too large.
        """
        value, why = self._variable(environ) if self.scheme == "env" else self._file()
        if not value.strip():
            msg = f"secret {self} cannot be read: {why}"
            raise SecretUnreadable(msg)
        return Secret(value)

    def _variable(self, environ: Mapping[str, str]) -> tuple[str, str]:
        why = "the variable is empty" if self.target in environ else "the variable is not set"
        return environ.get(self.target, ""), why

    def _file(self) -> tuple[str, str]:
        try:
            with Path(self.target).expanduser().open("rb") as file:
                data = file.read(LARGEST + 1)
            value = data.decode("utf-8").strip()
        except UnicodeDecodeError:
            return "", "the file is not UTF-8 text"
        except OSError as error:
            return "", error.strerror or type(error).__name__
        except RuntimeError:
            # What pathlib raises for the home folder of a user that does not exist.
            return "", "there is no such home folder"
        return (
            ("", f"the file is larger than {LARGEST // 1024} KiB")
            if len(data) > LARGEST
            else (value, "the file is empty")
        )

    def __str__(self) -> str:
        """Return the reference, which is not a secret itself."""
        return f"{self.scheme}:{self.target}"
