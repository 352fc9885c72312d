"""What the program's answers are taken for."""

import json

import pytest

from apgms_ops.clients.terraform import parse
from apgms_ops.errors import BadAnswer


def plan(**changes: object) -> str:
    """Return an answer of `show -json`."""
    change = {"actions": ["create"], "after": {"input": {"region": "ap-southeast-4"}}}
    data = {"format_version": "1.2", "terraform_version": "1.11.4", "errored": False}
    return json.dumps(data | {"resource_changes": [{"address": "a.b", "change": change}]} | changes)


def test_a_plan_is_read() -> None:
    """A plan's addresses, actions and regions are what they are."""
    (change,) = parse.plan(plan(), "d").changes
    assert (change.address, change.actions, change.regions) == ("a.b", ("create",), ("ap-southeast-4",))


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "null",
        "[]",
        "<html>",
        "[" * 100_000,
        plan(format_version="2.0"),
        plan(errored="no"),
        plan(resource_changes=[{"address": "a.b"}]),
        plan(resource_changes=[{"address": "a\x1b.b", "change": {"actions": ["create"]}}]),
        plan(resource_changes=[{"address": "a.b", "change": {"actions": []}}]),
        plan(resource_changes=[{"address": "a.b", "change": {"actions": ["obliterate"]}}]),
    ],
)
def test_what_is_no_plan_is_refused(answer: str) -> None:
    """An answer of another shape, or with an action that is not known, is never a plan."""
    with pytest.raises(BadAnswer):
        parse.plan(answer, "d")


def test_silence_is_no_success() -> None:
    """An apply that says nothing is not whole, whatever its exit code."""
    assert not parse.applied("", 0, str).whole
    assert not parse.applied('{"type":"change_summary","changes":{"operation":"plan"}}', 0, str).whole


def test_an_apply_that_fails_names_what_was_done() -> None:
    """What was done, what failed, and what was begun without an end are kept apart."""
    lines = [
        {"type": kind, "hook": {"resource": {"addr": address}}}
        for kind, address in [
            ("apply_start", "a.a"),
            ("apply_complete", "a.a"),
            ("apply_start", "a.b"),
            ("apply_errored", "a.b"),
            ("apply_start", "a.c"),
        ]
    ]
    found = parse.applied("no json\n" + "\n".join(map(json.dumps, lines)), 1, str)
    assert (found.done, found.failed, found.begun, found.whole) == (("a.a",), ("a.b",), ("a.c",), False)
