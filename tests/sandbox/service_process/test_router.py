"""A path leads to the route whose template it fits."""

import pytest

from apgms_ops.sandbox.service_process.message import Request, Response
from apgms_ops.sandbox.service_process.router import Route, Router


def answer(_request: Request) -> Response:
    """Answer nothing."""
    return Response(204)


def router() -> Router:
    """Return a router of three routes."""
    made = Router()
    for method, template in (("GET", "/registries/abn/{abn}"), ("POST", "/deposits"), ("GET", "/deposits")):
        made.add(Route(method, template, answer, ()))
    return made


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/registries/abn/53004085616", {"abn": "53004085616"}),
        ("/registries/abn/a%2Fb", {"abn": "a/b"}),
    ],
)
def test_what_stands_in_a_place_of_the_template_is_handed_over(path: str, values: dict[str, str]) -> None:
    """The value of a place is decoded, and never more than one segment."""
    match = router().find("GET", path)
    assert match is not None
    assert match.route.template == "/registries/abn/{abn}"
    assert match.values == values


@pytest.mark.parametrize("path", ["/", "/registries/abn/", "/registries/abn/1/2", "/depositsX", "/wp-login.php"])
def test_a_path_that_fits_no_template_leads_nowhere(path: str) -> None:
    """Nothing but the whole path fits."""
    assert router().find("GET", path) is None
    assert router().methods(path) == []


def test_a_path_knows_the_methods_it_can_be_asked_with() -> None:
    """A wrong method is told from a wrong path."""
    assert router().find("DELETE", "/deposits") is None
    assert router().methods("/deposits") == ["GET", "POST"]
