"""How GitHub refuses. Pure."""

import json
from collections.abc import Mapping
from typing import Final, TypeVar

from apgms_ops.sandbox.standin.answer import Answer

T = TypeVar("T")

_DOCS: Final = "https://docs.github.com/rest"


class ProblemError(Exception):
    """A refusal, as GitHub words it."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        """Take status and message."""
        super().__init__(message)
        self.status = status
        self.headers = headers or {}

    def answer(self) -> Answer:
        """Return it as an answer."""
        body = {"message": str(self), "documentation_url": _DOCS, "status": str(self.status)}
        return Answer(self.status, json.dumps(body).encode(), headers=self.headers)


def not_found() -> ProblemError:
    """Return GitHub's word for what is not there, and for what one may not see."""
    return ProblemError(404, "Not Found")


def there(found: T | None) -> T:
    """Return what was found.

    Raises:
        ProblemError: Nothing was.
    """
    if found is None:
        raise not_found()
    return found


def json_answer(body: object, headers: Mapping[str, str] | None = None) -> Answer:
    """Return success with a body."""
    return Answer(200, json.dumps(body).encode(), headers=headers or {})
