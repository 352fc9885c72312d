"""How PagerDuty refuses. Pure."""

import json
from collections.abc import Mapping
from typing import Never, TypeVar

from apgms_ops.sandbox.standin.answer import Answer

T = TypeVar("T")


class ProblemError(Exception):
    """A refusal, as PagerDuty words it."""

    def __init__(
        self,
        status: int,
        message: str,
        code: int,
        errors: list[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Take status, message, PagerDuty's own code and the errors one by one."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.errors = errors
        self.headers = headers or {}

    def answer(self) -> Answer:
        """Return it as an answer."""
        error: dict[str, object] = {"message": str(self), "code": self.code}
        if self.errors is not None:
            error["errors"] = self.errors
        return Answer(self.status, json.dumps({"error": error}).encode(), headers=self.headers)


def not_found() -> ProblemError:
    """Return PagerDuty's word for what is not there, and for what one may not see."""
    return ProblemError(404, "Not Found", 2100)


def refuse(*errors: str) -> Never:
    """Raise PagerDuty's word for what it cannot use."""
    raise ProblemError(400, "Invalid Input Provided", 2001, list(errors))


def there(found: T | None) -> T:
    """Return what was found.

    Raises:
        ProblemError: Nothing was.
    """
    if found is None:
        raise not_found()
    return found


def json_answer(body: object, status: int = 200) -> Answer:
    """Return success with a body."""
    return Answer(status, json.dumps(body).encode())
