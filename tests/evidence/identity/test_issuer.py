"""Asking for a token: where from, under a deadline, and nowhere else; what comes back is a token or an error."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, ConfigurationError, DeadlineExceeded, Incomplete, Unobserved, Unreachable
from apgms_ops.evidence.identity.issuer import Issuer, Offer, offered
from apgms_ops.secret import Secret
from tests.evidence.identity.issuing import OTHER_KEY, REQUEST_TOKEN, Reply, ToyIssuer, jwk_of, reply

AUDIENCE = "apgms-ops-evidence:run"


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[ToyIssuer]:
    """An issuer that runs."""
    made = ToyIssuer(tmp_path / "issuer")
    yield made
    made.close()


def ask(toy: ToyIssuer, seconds: float = 10) -> str:
    """Ask for a token as a job does."""
    offer = offered(toy.environ)
    assert offer is not None
    return Issuer(toy.url, toy.ca).token(offer, AUDIENCE, Deadline(seconds)).reveal()


def test_a_token_is_asked_for_with_its_audience(toy: ToyIssuer) -> None:
    """The audience goes with what the runner's address holds already, and what comes back is the token."""
    assert ask(toy) == toy.tokens[0]
    assert toy.asked == [f"/token {AUDIENCE}"]


def test_keys_are_found_by_the_issuers_own_description(toy: ToyIssuer) -> None:
    """The issuer's description says where its keys are."""
    assert [key.name for key in Issuer(toy.url, toy.ca).keys(Deadline(10))] == ["one", "two"]
    assert toy.asked == ["/.well-known/openid-configuration", "/jwks"]


def test_nothing_is_offered_where_nothing_is(toy: ToyIssuer) -> None:
    """Without one of the two variables, or with an empty one, no token is offered."""
    for name in ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"):
        assert offered(toy.environ | {name: ""}) is None
        assert offered({key: value for key, value in toy.environ.items() if key != name}) is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/token", "https://", "ftp://x/", "https://[x/", "https://a:b@127.0.0.1/"]
)
def test_the_request_token_is_sent_over_https_alone(url: str) -> None:
    """An address that is not https, or is none, is not asked."""
    with pytest.raises(BadAnswer, match="no https address") as raised:
        offered({"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN})
    assert REQUEST_TOKEN not in str(raised.value)


def _bytes(data: bytes, status: int = 200, **headers: str) -> Reply:
    return status, {"Content-Type": "application/json", **headers}, data


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply({}, 500), Unreachable, "it fails (status 500)"),
        (reply({"message": REQUEST_TOKEN}, 403), BadAnswer, "status 403"),
        (_bytes(b"<html>"), BadAnswer, "no JSON object"),
        (_bytes(b"[" * 100_000), BadAnswer, "no JSON object"),
        (_bytes(b"[]"), BadAnswer, "no JSON object"),
        (reply({}), BadAnswer, "without a token"),
        (reply({"value": ""}), BadAnswer, "without a token"),
        (reply({"value": ["x"]}), BadAnswer, "without a token"),
        (reply({"value": "x" * 40_000}), BadAnswer, "without a token"),
        (_bytes(b" " * 300_000), Incomplete, "larger than"),
        (_bytes(b"", 204), BadAnswer, "status 204"),
    ],
    ids=str,
)
def test_what_is_no_token_is_an_error(toy: ToyIssuer, answer: Reply, kind: type[Unobserved], words: str) -> None:
    """A failure, a refusal, another form or too much of it is said, without a word of the answer."""
    toy.replies["/token"] = lambda: answer
    with pytest.raises(kind) as raised:
        ask(toy)
    assert words in str(raised.value)
    assert REQUEST_TOKEN not in str(raised.value)


def test_a_server_that_fails_once_is_asked_again(toy: ToyIssuer) -> None:
    """A failure that passes costs half a second, and no identity."""
    replies = [reply({}, 503)]

    def answer() -> Reply:
        del toy.replies["/token"]
        return replies.pop()

    toy.replies["/token"] = answer
    assert ask(toy) == toy.tokens[0]


def test_a_redirect_is_not_followed(toy: ToyIssuer, tmp_path: Path) -> None:
    """A redirect to another server is no answer, and that server is not asked: it would be given the token."""
    other = ToyIssuer(tmp_path / "other")
    toy.replies["/token"] = lambda: _bytes(b"", 302, Location=f"{other.url}/token?api-version=2.0&audience=x")
    try:
        with pytest.raises(BadAnswer, match="a redirect, which is not followed"):
            ask(toy)
        assert other.asked == []
    finally:
        other.close()


@pytest.mark.parametrize("path", ["/token", "/jwks", "/.well-known/openid-configuration"])
def test_a_server_that_hangs_costs_no_more_than_the_deadline(toy: ToyIssuer, path: str) -> None:
    """An answer that does not come is given up on at the deadline."""

    def hang() -> Reply:
        time.sleep(3)
        return reply({})

    toy.replies[path] = hang
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        ask(toy, 0.7) if path == "/token" else Issuer(toy.url, toy.ca).keys(Deadline(0.7))
    assert time.monotonic() - began < 2


def test_a_server_that_is_not_trusted_gets_no_token(toy: ToyIssuer) -> None:
    """A certificate of an authority that is not the declared one ends the exchange before anything is sent."""
    offer = offered(toy.environ)
    assert offer is not None
    with pytest.raises(Unreachable, match="certificate"):
        Issuer(toy.url, None).token(offer, AUDIENCE, Deadline(10))
    assert toy.asked == []


def test_a_ca_file_that_cannot_be_used_is_a_mistake_of_the_operators(toy: ToyIssuer, tmp_path: Path) -> None:
    """It is named as what it is."""
    with pytest.raises(ConfigurationError, match="ca_file"):
        Issuer(toy.url, tmp_path / "none.crt").keys(Deadline(10))


def test_a_request_token_that_cannot_be_sent_is_not_shown(toy: ToyIssuer) -> None:
    """A token with a line break in it breaks no header, and is in no error."""
    with pytest.raises(Unobserved) as raised:
        Issuer(toy.url, toy.ca).token(Offer(f"{toy.url}/token", Secret(f"a\r\n{REQUEST_TOKEN}")), "x", Deadline(5))
    assert REQUEST_TOKEN not in str(raised.value)
    assert toy.asked == []


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"issuer": "https://elsewhere.example", "jwks_uri": "{url}/jwks"}, "another issuer"),
        ({"issuer": "{url}/", "jwks_uri": "{url}/jwks"}, "another issuer"),
        ({"issuer": "{url}"}, "another issuer"),
        ({"issuer": "{url}", "jwks_uri": "https://127.0.0.1:9/jwks"}, "another server"),
        ({"issuer": "{url}", "jwks_uri": "http://{host}/jwks"}, "another server"),
        ({"issuer": "{url}", "jwks_uri": "https://x@{host}/jwks"}, "another server"),
        ({"issuer": "{url}", "jwks_uri": "https://["}, "another server"),
    ],
    ids=str,
)
def test_an_issuer_that_describes_another_is_not_believed(toy: ToyIssuer, about: dict[str, str], words: str) -> None:
    """Keys come from the issuer that the environment names, at its own server, and from nowhere else."""
    host = toy.url.removeprefix("https://")
    filled = {name: value.format(url=toy.url, host=host) for name, value in about.items()}
    toy.replies["/.well-known/openid-configuration"] = lambda: reply(filled)
    with pytest.raises(BadAnswer, match=words):
        Issuer(toy.url, toy.ca).keys(Deadline(10))
    assert "/jwks" not in toy.asked


def test_keys_of_which_two_have_one_name_are_refused(toy: ToyIssuer) -> None:
    """Which of them would be meant is not guessed."""
    toy.keys.append(json.loads(json.dumps(jwk_of(OTHER_KEY, "one"))))
    with pytest.raises(BadAnswer, match="one name"):
        Issuer(toy.url, toy.ca).keys(Deadline(10))
