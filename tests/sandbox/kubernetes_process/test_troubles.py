"""Troubles hit the requests that they are ordered for, and nobody else."""

import threading

import pytest

from apgms_ops.sandbox.kubernetes_process.troubles import Trouble
from tests.sandbox.kubernetes_process.small import READER, SPACE, Small

PODS = f"/api/v1/namespaces/{SPACE}/pods"


@pytest.mark.parametrize(("status", "reason"), [(401, "Unauthorized"), (403, "Forbidden"), (500, "InternalError")])
def test_an_answer_is_given_in_place_of_the_right_one(bare: Small, status: int, reason: str) -> None:
    """Requests under a prefix are answered with a Status of that code, others as ever, all once it is over."""
    bare.parts.troubles.add(Trouble.read({"kind": "answer", "status": status, "prefix": PODS}))
    assert bare.ask("GET", PODS)[0] == status
    assert bare.ask("GET", PODS)[1]["reason"] == reason
    assert bare.ask("GET", "/api/v1/nodes")[0] == 200
    bare.parts.troubles.clear()
    assert bare.ask("GET", PODS)[0] == 200


def test_too_many_requests_may_say_when_to_come_again(bare: Small) -> None:
    """A 429 has a Retry-After where one is ordered, and none otherwise."""
    bare.parts.troubles.add(Trouble.read({"kind": "answer", "status": 429, "retry_after": 3}))
    found = bare.answer("GET", PODS)
    assert getattr(found, "headers", {}) == {"Retry-After": "3"}
    bare.parts.troubles.clear()
    bare.parts.troubles.add(Trouble.read({"kind": "answer", "status": 429}))
    assert getattr(bare.answer("GET", PODS), "headers", None) == {}


def test_a_share_is_every_so_many_th(bare: Small) -> None:
    """Of a share of a half every second request is hit."""
    bare.parts.troubles.add(Trouble.read({"kind": "answer", "share": 0.5}))
    assert [bare.ask("GET", PODS)[0] for _ in range(4)] == [200, 500, 200, 500]


def test_a_trouble_may_be_one_users(bare: Small) -> None:
    """A user's trouble leaves the others alone: the node goes on while the checks are refused."""
    bare.parts.troubles.add(Trouble.read({"kind": "answer", "status": 401, "user": "reader"}))
    assert bare.ask("GET", "/version", token=READER)[0] == 401
    assert bare.ask("GET", "/version")[0] == 200


def test_a_page_of_somebody_else_can_be_answered(bare: Small) -> None:
    """A body of one's own is given as it is: a login page with status 200."""
    order = {"kind": "answer", "status": 200, "body": "<html>", "content_type": "text/html"}
    bare.parts.troubles.add(Trouble.read(order))
    found = bare.answer("GET", PODS)
    assert (getattr(found, "body", b""), getattr(found, "content_type", "")) == (b"<html>", "text/html")


def test_who_is_kept_waiting_is_answered_once_it_is_called_off(bare: Small) -> None:
    """A hung request gets its answer when the trouble is over."""
    bare.parts.troubles.add(Trouble.read({"kind": "hang", "contains": "/pods"}))
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(bare.ask("GET", PODS)[0]))
    waiting.start()
    waiting.join(0.05)
    assert answers == []
    bare.parts.troubles.clear()
    waiting.join(10)
    assert answers == [200]


@pytest.mark.parametrize(
    "order",
    [
        [],
        {},
        {"kind": "storm"},
        {"kind": "answer", "code": 1},
        {"kind": "slow", "seconds": -1},
        {"kind": "hang", "share": 0},
    ],
)
def test_what_is_no_order_is_refused(order: object) -> None:
    """An order of an unknown kind, field or value is none."""
    with pytest.raises(ValueError, match=r"an order is|share is|are numbers"):
        Trouble.read(order)
