"""How a command ended, as the error channel says. Pure."""

import json
from dataclasses import dataclass

from apgms_ops.clients.http.shape import mapping, sequence
from apgms_ops.errors import BadAnswer, Unobserved
from apgms_ops.redact import printable


@dataclass(frozen=True, slots=True)
class Ended:
    """The command ended by itself."""

    exit_code: int


def ended(data: bytes, source: str) -> Ended | Unobserved:
    """Return how a command ended, or why that is not known.

    Args:
        data: A `Status`: success, an exit code other than 0, or a failure to run the command at all.
        source: Who was asked for what, for errors.
    """
    try:
        status = mapping(json.loads(data), f"{source}: the exit status")
        if status.get("status") == "Success":
            return Ended(0)
        if status.get("reason") == "NonZeroExitCode":
            return Ended(_code(status, source))
    except (ValueError, RecursionError):
        return BadAnswer(f"{source}: the exit status is no JSON: {printable(repr(data[:80]), limit=100)}")
    except BadAnswer as error:
        return error
    said = printable(str(status.get("message") or status.get("reason") or "no reason is given"), limit=300)
    return Unobserved(f"{source}: the command could not be run: {said}")


def _code(status: object, source: str) -> int:
    details = mapping(mapping(status, source).get("details"), f"{source}: the exit status")
    for cause in sequence(details.get("causes"), f"{source}: the exit status"):
        one = mapping(cause, f"{source}: the exit status")
        code = str(one.get("message"))
        if one.get("reason") == "ExitCode" and code.isascii() and code.isdigit():
            return int(code)
    msg = f"{source}: the command failed, and its exit code is not said"
    raise BadAnswer(msg)
