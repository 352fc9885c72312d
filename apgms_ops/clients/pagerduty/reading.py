"""How PagerDuty is read: page by page to the end, a refusal for what it is, and whose account it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final, Generic, Never, TypeVar
from urllib.parse import urlsplit

from apgms_ops.clients.http import Answer, HttpReader
from apgms_ops.clients.http.client import Params
from apgms_ops.clients.http.shape import field, list_field, mapping, number_field, text_field, wrong
from apgms_ops.clients.pagerduty.limits import limited
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, Incomplete, Unreachable
from apgms_ops.observation import Recorder, canonical, digest
from apgms_ops.redact import printable
from apgms_ops.secret import Secret

T = TypeVar("T")

SYSTEM: Final = "pagerduty"
"""As the environment pins it."""
LARGEST_ANSWER: Final = 8 * 1024 * 1024
"""Bytes of one answer that are read at most."""
_PAGE: Final = 100
_LAST_OFFSET: Final = 10_000
"""PagerDuty refuses offset and limit that together are larger."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """Something that PagerDuty lists page by page."""

    path: str
    key: str
    """The field of a page that holds its items."""
    make: Callable[[object, str], T]
    """Turns an item into a fact."""
    paged: bool = True
    """Whether it comes in pages: what belongs to one user comes in one answer."""


class AccountReader:
    """Reads of one account. Safe to use from several threads."""

    def __init__(self, *, url: str, recorder: Recorder, token: Secret | None, ca_file: str | None) -> None:
        """Take an address; nothing is sent yet. The arguments are those of the client."""
        self._http = HttpReader(
            system="PagerDuty",
            url=url,
            recorder=recorder,
            token=token,
            ca_file=ca_file,
            headers=headers_of(token),
            limited=limited,
            size_limit=LARGEST_ANSWER,
        )
        self._recorder = recorder

    @property
    def source(self) -> str:
        """Who is asked, for people."""
        return self._http.source

    def one(self, path: str, key: str, what: str, deadline: Deadline) -> Mapping[str, object]:
        """Return an object.

        Raises:
            AccessDenied: There is none, or none that the token may see.
        """
        found = self.one_if_there(path, key, deadline)
        if found is None:
            msg = f"{self.source}: {printable(what, limit=80)} is not there, or the token may not read it (status 404)"
            raise AccessDenied(msg)
        return found

    def one_if_there(self, path: str, key: str, deadline: Deadline) -> Mapping[str, object] | None:
        """Return an object; None where there is none, or none that the token may see: PagerDuty answers both with 404.

        What is answered is not kept: it is full of names and addresses.
        """
        answer = unquoted(self._http.get(path, deadline=deadline, keep=False))
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        found = mapping(field(body_of(answer), key, key), key)
        self.identify(found, key)
        return found

    def every(self, listing: Listing[T], params: Params, deadline: Deadline) -> tuple[T, ...]:
        """Return what all pages list.

        Raises:
            AccessDenied: It is not there, the token may not read it, or the account's plan does not have it.
            Incomplete: There is more than PagerDuty lets anyone read.
            BadAnswer: The pages lead nowhere.
        """
        found: list[T] = []
        seen: set[str] = set()
        offset = 0
        while True:
            pages = [("limit", str(_PAGE)), ("offset", str(offset))] if listing.paged else []
            answer = unquoted(self._http.get(listing.path, [*params, *pages], deadline=deadline, keep=False))
            if answer.status == HTTPStatus.NOT_FOUND:
                hidden(answer, listing.path)
            body = body_of(answer)
            items = list_field(body, listing.key, "page")
            found += [listing.make(item, f"{listing.key}[{i}]") for i, item in enumerate(items, offset)]
            if not listing.paged:
                if body.get("more"):
                    answer.refuse("pages, of what comes in one answer")
                return tuple(found)
            if not self._more(answer, body, offset):
                return tuple(found)
            new = {digest(canonical(item)) for item in items} - seen
            if not new:  # an empty page, or the same one again: the offset is not heeded
                answer.refuse(f"there is said to be more after {len(found)}, and nothing new comes")
            seen |= new
            # The server may send fewer than were asked for: the next page begins behind what came.
            offset += len(items)
            if offset + _PAGE > _LAST_OFFSET:
                msg = f"{answer.source}: more than {offset} of {listing.key}; PagerDuty lists no more, ask for less"
                raise Incomplete(msg)

    @staticmethod
    def _more(answer: Answer, body: Mapping[str, object], offset: int) -> bool:
        if number_field(body, "offset", "page") != offset:
            answer.refuse(f"the page from {offset} was asked for, and another came")
        more = field(body, "more", "page")
        if not isinstance(more, bool):
            wrong("page.more", "true or false", more)
        return more

    def identify(self, found: Mapping[str, object], where: str) -> None:
        """Record whose account answers: its name is the first part of the address of each object's page."""
        host = urlsplit(text_field(found, "html_url", where)).hostname or ""
        name, dot, _ = host.partition(".")
        if not name or not dot:
            wrong(f"{where}.html_url", "an address of the account", found["html_url"])
        self._recorder.identify(SYSTEM, name)


def headers_of(token: Secret | None) -> dict[str, str]:
    """Return what is sent with each request: PagerDuty's version, and its own form of a token."""
    version = {"Accept": "application/vnd.pagerduty+json;version=2"}
    return version if token is None else version | {"Authorization": f"Token token={token.reveal()}"}


def body_of(answer: Answer, expected: Sequence[int] = (HTTPStatus.OK,)) -> Mapping[str, object]:
    """Return the body of a good answer.

    Raises:
        AccessDenied: The account's plan does not have it.
        Unreachable: PagerDuty fails.
        BadAnswer: It is not good otherwise.
    """
    if answer.status == HTTPStatus.PAYMENT_REQUIRED:
        msg = f"{answer.source}: the account's plan does not have this (status 402): {answer.excerpt}"
        raise AccessDenied(msg)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        msg = f"{answer.source}: PagerDuty fails (status {answer.status}): {answer.excerpt}"
        raise Unreachable(msg)
    if answer.status not in expected:
        answer.refuse("no good answer")
    return mapping(answer.json(), "answer")


def unquoted(answer: Answer) -> Answer:
    """Return a good answer so that no error quotes it: names, addresses and numbers of people are in it."""
    return answer if answer.status != HTTPStatus.OK or not answer.is_json else replace(answer, redact=_unseen)


def _unseen(_text: str) -> str:
    return "not shown"


def hidden(answer: Answer, what: str) -> Never:
    """Raise: 404 stands for what is not there, and for what the token may not read."""
    msg = f"{answer.source}: {printable(what, limit=80)} is not there, or the token may not read it (status 404)"
    raise AccessDenied(msg)
