"""Short HTTP requests to the sandbox's own servers on 127.0.0.1.

Not the clients' reader: a fault in that must not hide itself by being used on both sides.
"""

import http.client
import json
import re
from typing import Any

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError

_PATIENCE = 2.0
"""Seconds for one request, at most."""
_OK = range(200, 300)
_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def ask(
    port: int, path: str, deadline: Deadline, body: object | None = None, *, any_status: bool = False
) -> str | None:
    """Return what GET, or POST of `body` as JSON, is answered with, or None where there is no good answer now.

    An answer of any status is good if `any_status` says so.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=min(_PATIENCE, deadline.require("asking")))
    try:
        if body is None:
            connection.request("GET", path)
        else:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return text if any_status or response.status in _OK else None


def require(port: int, path: str, deadline: Deadline, body: object | None = None) -> Any:  # noqa: ANN401 — JSON
    """Return the JSON that a request is answered with.

    Raises:
        SandboxError: There is no good answer.
    """
    text = ask(port, path, deadline, body)
    if text is None:
        msg = f"127.0.0.1:{port} has no good answer to {path}"
        raise SandboxError(msg)
    return json.loads(text)


def samples(exposition: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return the samples of a target's answer to a scrape: name and labels → value."""
    found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    for line in exposition.splitlines():
        match = None if line.startswith("#") else _SAMPLE.match(line)
        if match is not None:
            labels = frozenset((name, value) for name, value in _LABEL.findall(match[2] or ""))
            found[match[1], labels] = float(match[3])
    return found
