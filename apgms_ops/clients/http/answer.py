"""An answer as it came, and its JSON once that has been proven to be JSON."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Never

from apgms_ops.errors import BadAnswer
from apgms_ops.redact import printable

_EXCERPT = 160
"""Characters of a hostile body that an error quotes."""
_LOOKED_AT = 65536
"""Characters that are redacted before the excerpt is cut: half of a secret would be recognised by nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body of one answer."""

    source: str
    """Who answered what, for errors: "Prometheus at http://prometheus:9090, GET /api/v1/rules"."""
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    redact: Callable[[str], str]

    @property
    def media_type(self) -> str:
        """The media type in lower case, without parameters; empty where none is given."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        """Whether the answer says that it is JSON."""
        return self.media_type == "application/json" or self.media_type.endswith("+json")

    @property
    def text(self) -> str:
        """The body as text, whatever bytes it holds."""
        return self.body.decode(errors="replace")

    @property
    def excerpt(self) -> str:
        """The beginning of the body, redacted and harmless to print, in quotation marks; or that there is none."""
        shown = printable(self.redact(self.text[:_LOOKED_AT]), limit=_EXCERPT)
        return repr(shown) if shown else "an empty body"

    def refuse(self, why: str) -> Never:
        """Raise `BadAnswer` that names the source, the status, the reason and what was answered."""
        msg = f"{self.source}: {why} (status {self.status}, {self.media_type or 'no media type'}): {self.excerpt}"
        raise BadAnswer(msg)

    def json(self) -> object:
        """Return the parsed body.

        Raises:
            BadAnswer: It is not of a JSON media type, not UTF-8, empty, cut off, not JSON (NaN is not), or nested
                beyond all reason.
        """
        if not self.is_json:
            self.refuse("not JSON")
        try:
            return json.loads(self.body.decode("utf-8"), parse_constant=_no_constant)
        except UnicodeDecodeError:
            self.refuse("JSON that is not UTF-8")
        except RecursionError:
            self.refuse("JSON nested too deeply")
        except ValueError as error:
            self.refuse(f"malformed JSON, {printable(self.redact(str(error)), limit=_EXCERPT)}")


def _no_constant(name: str) -> Never:
    msg = f"{name} is not JSON"
    raise ValueError(msg)
