"""The program's JSON → facts. Pure."""

import json
from collections.abc import Callable, Iterator, Mapping

from apgms_ops.clients.http.shape import field, list_field, mapping, sequence, text, text_field
from apgms_ops.clients.terraform.facts import Applied, Change, Plan
from apgms_ops.errors import BadAnswer
from apgms_ops.redact import printable

_ACTIONS = frozenset({"no-op", "create", "read", "update", "delete", "forget"})
_FORMAT = "1."
_DEEPEST = 50
_SHOWN = 400


def document(answer: str, where: str) -> Mapping[str, object]:
    """Return an answer that is one JSON object.

    Raises:
        BadAnswer: It is none.
    """
    try:
        return mapping(json.loads(answer), where)
    except (ValueError, RecursionError):
        msg = f"{where} is no JSON: {printable(answer, limit=60)!r}"
        raise BadAnswer(msg) from None


def version(answer: str) -> str:
    """Return the program's version.

    Raises:
        BadAnswer: It does not say.
    """
    return text_field(document(answer, "version"), "terraform_version", "version")


def lineage(answer: str) -> str:
    """Return which state a state is, whatever its serial.

    Raises:
        BadAnswer: It does not say.
    """
    return text_field(document(answer, "state"), "lineage", "state")


def plan(answer: str, digest: str) -> Plan:
    """Return a plan from `show -json`.

    Raises:
        BadAnswer: It is none, or of a format that is not known.
    """
    data = document(answer, "plan")
    form = text_field(data, "format_version", "plan")
    if not form.startswith(_FORMAT):
        msg = f"plan.format_version is {printable(form, limit=20)}; {_FORMAT}x is known"
        raise BadAnswer(msg)
    errored = data.get("errored", False)
    if not isinstance(errored, bool):
        msg = "plan.errored is not true or false"
        raise BadAnswer(msg)
    # A plan without any resource has no such field, which is as much as an empty one: it changes nothing.
    items = sequence(data.get("resource_changes", []), "plan.resource_changes")
    changes = tuple(_change(item, f"plan.resource_changes[{number}]") for number, item in enumerate(items))
    return Plan(text_field(data, "terraform_version", "plan"), errored, changes, digest)


def _change(item: object, where: str) -> Change:
    data = mapping(item, where)
    address = text_field(data, "address", where)
    if address != printable(address, limit=500):
        msg = f"{where}.address is no plain text"
        raise BadAnswer(msg)
    change = mapping(field(data, "change", where), f"{where}.change")
    actions = tuple(text(action, f"{where}.actions") for action in list_field(change, "actions", f"{where}.change"))
    if not actions or not _ACTIONS.issuperset(actions):
        msg = f"{where}.change.actions is {printable(repr(actions), limit=80)}: not known"
        raise BadAnswer(msg)
    return Change(address, actions, tuple(dict.fromkeys(_regions(change.get("after"), where, 0))))


def _regions(value: object, where: str, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        msg = f"{where} is nested too deep"
        raise BadAnswer(msg)
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "region" and isinstance(inner, str):
                yield inner
            else:
                yield from _regions(inner, where, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _regions(inner, where, depth + 1)


def applied(lines: str, exit_code: int, redact: Callable[[str], str]) -> Applied:
    """Return what came of `apply -json`. Lines that are no messages are passed over: they prove nothing.

    What counts as done is what was said to be; nothing is inferred from silence.
    """
    done: list[str] = []
    failed: list[str] = []
    begun: list[str] = []
    errors: list[str] = []
    whole = False
    for message in _messages(lines):
        kind = message.get("type")
        if kind in {"apply_start", "apply_complete", "apply_errored"}:
            {"apply_start": begun, "apply_complete": done, "apply_errored": failed}[str(kind)].append(_address(message))
        elif kind == "diagnostic" and message.get("@level") == "error":
            errors.append(printable(redact(str(message.get("@message", ""))), limit=_SHOWN))
        elif kind == "change_summary":
            summary = message.get("changes")
            whole = isinstance(summary, dict) and summary.get("operation") == "apply"
    left = tuple(address for address in begun if address not in {*done, *failed})
    return Applied(exit_code, tuple(done), tuple(failed), left, tuple(errors[:5]), whole and exit_code == 0)


def _messages(lines: str) -> Iterator[Mapping[str, object]]:
    for line in lines.splitlines():
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(message, dict):
            yield message


def _address(message: Mapping[str, object]) -> str:
    hook = message.get("hook")
    resource = hook.get("resource") if isinstance(hook, dict) else None
    address = resource.get("addr") if isinstance(resource, dict) else None
    return printable(address, limit=500) if isinstance(address, str) else "something without an address"
