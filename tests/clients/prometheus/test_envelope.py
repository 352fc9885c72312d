"""The frame of an answer: only a complete success yields data."""

import json

import pytest

from apgms_ops.clients.http import Answer
from apgms_ops.clients.prometheus.envelope import data_of
from apgms_ops.errors import BadAnswer, DeadlineExceeded, Incomplete, Unobserved, Unreachable
from apgms_ops.redact import Redactor


def answer(body: object, status: int = 200, media_type: str = "application/json") -> Answer:
    """Return an answer with a body as JSON, or as the text it is."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer("Prometheus at x, GET /y", status, {"content-type": media_type}, text.encode(), Redactor())


def test_a_success_yields_its_data() -> None:
    """Hints (`infos`) do not make an answer incomplete; null warnings are none."""
    assert data_of(answer({"status": "success", "data": [1], "infos": ["a hint"], "warnings": None})) == [1]


def test_warnings_make_an_answer_incomplete() -> None:
    """200 and success with warnings is less than was asked for."""
    with pytest.raises(Incomplete, match="results truncated due to limit"):
        data_of(answer({"status": "success", "data": [1], "warnings": ["results truncated due to limit"]}))


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("bad_data", 400, BadAnswer),
        ("execution", 422, BadAnswer),
        ("timeout", 503, DeadlineExceeded),
        ("canceled", 499, DeadlineExceeded),
        ("unavailable", 500, Unreachable),
        ("internal", 500, BadAnswer),
        ("not_found", 404, BadAnswer),
        ("of a later release", 500, BadAnswer),
    ],
)
def test_an_error_is_read_by_its_type(kind: str, status: int, error: type[Unobserved]) -> None:
    """The error's type decides, and data that comes with an error is not used."""
    wire = {"status": "error", "errorType": kind, "error": "words", "data": {"resultType": "vector", "result": []}}
    with pytest.raises(error, match="words") as caught:
        data_of(answer(wire, status))
    assert type(caught.value) is error


def test_a_server_whose_storage_is_not_open_yet_is_unreachable() -> None:
    """Some releases call it an internal error, and mean that it is starting."""
    with pytest.raises(Unreachable, match="not ready"):
        data_of(answer({"status": "error", "errorType": "internal", "error": "TSDB not ready"}, 500))


def test_a_starting_server_says_so_in_plain_text() -> None:
    """503 in plain text is a start, not a malformed answer."""
    with pytest.raises(Unreachable, match="starting"):
        data_of(answer("Service Unavailable", 503, "text/plain; charset=utf-8"))


@pytest.mark.parametrize(
    "body",
    ["null", "[]", "{}", '{"status":"success"}', '{"status":"fine","data":1}', '{"status":"error"}', '{"status":1}'],
)
def test_anything_else_is_a_bad_answer(body: str) -> None:
    """An answer of another shape is never taken for an empty one."""
    with pytest.raises(BadAnswer):
        data_of(answer(body))


def test_success_with_a_status_that_is_none_is_a_bad_answer() -> None:
    """A body that claims success under status 500 is not believed."""
    with pytest.raises(BadAnswer):
        data_of(answer({"status": "success", "data": []}, 500))
