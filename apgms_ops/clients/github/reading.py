"""How one repository is read: identified first, page by page, and a 404 for what it is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, Generic, Never, TypeVar
from urllib.parse import quote

from apgms_ops.clients.github import parse
from apgms_ops.clients.github.facts import Repository
from apgms_ops.clients.github.limits import limited
from apgms_ops.clients.github.paging import next_page
from apgms_ops.clients.http import Answer, HttpReader
from apgms_ops.clients.http.shape import list_field, mapping, sequence, text_field
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, Incomplete, Unreachable
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret

T = TypeVar("T")
Params = Sequence[tuple[str, str]]

SYSTEM: Final = "github"
"""As the environment pins it."""
HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
LARGEST_ANSWER: Final = 16 * 1024 * 1024
"""Bytes of one answer that are read at most, an artifact's zip file among them."""
_PAGE: Final = 100
_PAGES: Final = 20
"""Pages of one listing at most: GitHub itself ends a filtered listing of runs after 1,000."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """Something that GitHub lists page by page."""

    path: str
    key: str
    """The field of a page that holds its items."""
    make: Callable[[object, str], T]
    """Turns an item into a fact."""
    needs: str
    """The permission that it takes."""


class RepositoryReader:
    """Reads of one repository. Safe to use from several threads."""

    def __init__(  # noqa: PLR0913 — the section of the environment, and what comes in from outside
        self,
        *,
        url: str,
        owner: str,
        repository: str,
        recorder: Recorder,
        token: Secret | None,
        ca_file: str | None,
        now: Callable[[], datetime],
    ) -> None:
        """Take an address; nothing is sent yet. The arguments are those of the client."""
        self._http = HttpReader(
            system="GitHub",
            url=url,
            recorder=recorder,
            token=token,
            ca_file=ca_file,
            headers=HEADERS,
            limited=limited,
            size_limit=LARGEST_ANSWER,
            now=now,
        )
        self._url = url.rstrip("/")
        self._root = root_of(owner, repository)
        self.name = f"{owner}/{repository}"
        self._recorder = recorder
        self._now = now
        self._identified = False

    @property
    def source(self) -> str:
        """Who is asked, for people."""
        return f"{self._http.source}, {self.name}"

    def repository(self, deadline: Deadline) -> Repository:
        """Return which repository answers.

        Raises:
            AccessDenied: It is not there, or the token may not see it: GitHub answers both with 404.
        """
        answer = self._http.get(self._root, deadline=deadline, keep=False)
        if answer.status == HTTPStatus.NOT_FOUND:
            msg = f"{answer.source}: no repository {self.name}, or none that the token may see (status 404)"
            raise AccessDenied(msg)
        body = mapping(json_of(answer), "repository")
        found = Repository(
            id=parse.whole(body, "id", "repository"),
            full_name=text_field(body, "full_name", "repository"),
            server_time=_date(answer),
            ours=self._now(),
        )
        self._recorder.raw_json("repository", {"id": found.id, "full_name": found.full_name})
        self._recorder.identify(SYSTEM, str(found.id))
        self._identified = True
        return found

    def get(self, path: str, params: Params, deadline: Deadline, *, keep: bool = True) -> Answer:
        """Return an answer below the repository's address, once it is known which repository that is."""
        self.identify(deadline)
        return self._http.get(f"{self._root}{path}", params, deadline=deadline, keep=keep)

    def download(self, path: str, deadline: Deadline) -> Answer:
        """Return what is found where the answer leads to; the token does not go there."""
        self.identify(deadline)
        return self._http.download(f"{self._root}{path}", deadline=deadline)

    def identify(self, deadline: Deadline) -> None:
        """Ask once which repository answers: right answers of another are no answers."""
        if not self._identified:
            self.repository(deadline)

    def every(
        self, listing: Listing[T], params: Params, deadline: Deadline
    ) -> tuple[tuple[T, ...], Mapping[str, object]]:
        """Return what all pages list, and the body of the first page.

        Raises:
            AccessDenied: It is not there, or the token may not read it.
            Incomplete: There is more than is read, or than is listed.
        """
        bodies: list[Mapping[str, object]] = []
        found: list[T] = []
        source = self.source
        for answer in self._pages(listing, params, deadline, keep=True):
            source = answer.source
            bodies.append(mapping(json_of(answer), "page"))
            found += listing_items(listing, bodies[-1])
        total = parse.whole(bodies[-1], "total_count", "page")
        if len(found) < total:
            msg = f"{source}: {total} of {listing.key} are said to be there, and {len(found)} are listed"
            raise Incomplete(msg)
        return tuple(found), bodies[0]

    def bare(self, listing: Listing[T], deadline: Deadline) -> tuple[T, ...]:
        """Return what all pages list where each page is the list itself: nothing in it says how many there are.

        The pages themselves are not recorded.

        Raises:
            AccessDenied: It is not there, or the token may not read it.
            Incomplete: There is more than is read.
        """
        found: list[T] = []
        for answer in self._pages(listing, [], deadline, keep=False):
            items = sequence(json_of(answer), "page")
            found += [listing.make(item, f"{listing.key}[{i}]") for i, item in enumerate(items, len(found))]
        return tuple(found)

    def _pages(self, listing: Listing[T], params: Params, deadline: Deadline, *, keep: bool) -> Iterator[Answer]:
        answer = self.get(listing.path, [*params, ("per_page", str(_PAGE))], deadline, keep=keep)
        if answer.status == HTTPStatus.NOT_FOUND:
            hidden(answer, f"{self.name}{listing.path}", listing.needs)
        yield answer
        seen: set[object] = set()
        while (page := next_page(answer, self._url)) is not None:
            if page in seen:
                answer.refuse("the pages lead in a circle")
            seen.add(page)
            if len(seen) >= _PAGES:
                msg = f"{answer.source}: more than {_PAGES} pages of {listing.key}; {len(seen)} were read"
                raise Incomplete(msg)
            answer = self._http.get(page[0], page[1], deadline=deadline, keep=keep)
            yield answer


def root_of(owner: str, repository: str) -> str:
    """Return the path of a repository."""
    return f"/repos/{quote(owner, safe='')}/{quote(repository, safe='')}"


def listing_items(listing: Listing[T], body: Mapping[str, object]) -> list[T]:
    """Return the facts of one page."""
    key = listing.key
    return [listing.make(item, f"{key}[{i}]") for i, item in enumerate(list_field(body, key, "page"))]


def hidden(answer: Answer, what: str, needs: str) -> Never:
    """Raise: 404 stands for what is not there, and for what the token may not read."""
    msg = f"{answer.source}: {what} is not there, or the token may not read it (status 404; it needs {needs})"
    raise AccessDenied(msg)


def json_of(answer: Answer) -> object:
    """Return the body of a good answer.

    Raises:
        Unreachable: GitHub fails.
        BadAnswer: It is not good otherwise.
    """
    if answer.status != HTTPStatus.OK:
        refuse(answer)
    return answer.json()


def refuse(answer: Answer) -> Never:
    """Raise what a status means that is not success."""
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        msg = f"{answer.source}: GitHub fails (status {answer.status}): {answer.excerpt}"
        raise Unreachable(msg)
    answer.refuse("the repository is empty" if answer.status == HTTPStatus.CONFLICT else "no good answer")


def _date(answer: Answer) -> datetime:
    try:
        at = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        answer.refuse("an answer without its time")
    return at if at.tzinfo else at.replace(tzinfo=UTC)
