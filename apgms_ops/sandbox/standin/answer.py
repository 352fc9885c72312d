"""What a stand-in answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


class Gate(Protocol):
    """What answers the requests of the vendor's own port."""

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: object) -> Answer:
        """Answer one request, whose headers have names in lower case, and whose body is JSON or a form, or None."""
