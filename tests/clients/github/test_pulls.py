"""Pull requests, their reviews and files, on a server whose every answer the test chooses."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from apgms_ops.clients.github import parse_pulls
from apgms_ops.clients.github.pull_facts import ChangedFile, PullRequest, ReviewState
from apgms_ops.errors import AccessDenied, BadAnswer, Incomplete
from tests.clients.github.test_client import HERE, NOT_FOUND, OTHER, SHA, Server, answer, client, deadline

MERGED = "2026-11-25T22:00:00Z"


def pull(**values: Any) -> dict[str, Any]:  # noqa: ANN401 — JSON
    """Return a merged pull request as GitHub writes it."""
    base = {"ref": "main", "sha": OTHER, "repo": {"id": 4711, "default_branch": "main"}}
    body = {"number": 7, "user": {"login": "dev"}, "merged": True, "merged_at": MERGED, "base": base}
    return {**body, "head": {"ref": "waive", "sha": SHA, "repo": None}, "changed_files": 1, **values}


def review(number: int = 1, **values: Any) -> dict[str, Any]:  # noqa: ANN401 — JSON
    """Return an approval as GitHub writes it."""
    body = {"id": number, "user": {"login": "lead"}, "state": "APPROVED", "commit_id": SHA, "submitted_at": MERGED}
    return body | values


def content(data: bytes, **values: Any) -> dict[str, Any]:  # noqa: ANN401 — JSON
    """Return a file as GitHub writes it: base64 in lines."""
    written = base64.encodebytes(data).decode()
    return {"type": "file", "encoding": "base64", "size": len(data), "content": written, "path": "x"} | values


def test_a_pull_request_is_read(server: Server) -> None:
    """Who wrote it, whether and where it was merged, its last commit, and how many files it changes."""
    server.answers(HERE, answer(pull()))
    found = client(server).pull_request(7, deadline())
    assert (found.number, found.author, found.base, found.default_branch) == (7, "dev", "main", "main")
    assert (found.head, found.files) == (SHA, 1)
    assert found.merged_at is not None
    assert found.merged_at.isoformat() == "2026-11-25T22:00:00+00:00"


def test_what_is_not_merged_and_whose_author_is_gone_is_read(server: Server) -> None:
    """An open pull request has no time of merging; an account that was deleted is no login."""
    server.answers(HERE, answer(pull(merged=False, merged_at=None, user=None)))
    found = client(server).pull_request(7, deadline())
    assert (found.merged_at, found.author) == (None, "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"merged_at": None},
        {"merged": False},
        {"merged": "yes"},
        {"number": 8},
        {"head": {"sha": "abc"}},
        {"base": {"ref": "main"}},
        {"changed_files": -1},
        {"merged_at": "2026-11-25T22:00:00"},
    ],
)
def test_a_pull_request_that_contradicts_itself_is_refused(server: Server, wrong: dict[str, Any]) -> None:
    """Merged without a time, another one than was asked for, or of another shape is no answer."""
    server.answers(HERE, answer(pull(**wrong)))
    with pytest.raises(BadAnswer):
        client(server).pull_request(7, deadline())


def test_what_is_hidden_names_the_permission(server: Server) -> None:
    """404 of a pull request or of a file may be a missing permission, which is named."""
    server.answers(HERE, NOT_FOUND)
    with pytest.raises(AccessDenied, match=r"pull request 7 is not there, .* it needs Pull requests: read"):
        client(server).pull_request(7, deadline())
    server.heads.clear()
    with pytest.raises(AccessDenied, match="it needs Contents: read"):
        client(server).file("environments/waivers.toml", SHA, deadline())


def test_every_page_of_reviews_is_read(server: Server) -> None:
    """A later page may take back what the first one says; a word that is not known is kept as such."""
    link = f'Link: <{server.url}/repositories/4711/pulls/7/reviews?page=2>; rel="next"'
    later = [review(2, state="DISMISSED"), review(3, state="SHRUGGED", user=None, commit_id=None)]
    server.answers(HERE, answer([review(1)], "200 OK", link), answer(later))
    found = client(server).reviews(7, deadline())
    assert [(one.by, one.state) for one in found] == [
        ("lead", ReviewState.APPROVED),
        ("lead", ReviewState.DISMISSED),
        ("", ReviewState.UNKNOWN),
    ]
    assert found[2].commit == ""
    assert b"per_page=100" in server.heads[1]


def test_a_pending_review_has_no_time(server: Server) -> None:
    """What is not handed in yet was said at no time."""
    pending = {key: value for key, value in review(state="PENDING").items() if key != "submitted_at"}
    server.answers(HERE, answer([pending]))
    (found,) = client(server).reviews(7, deadline())
    assert (found.state, found.submitted_at) == (ReviewState.PENDING, None)


@pytest.mark.parametrize("body", [{"total_count": 0, "reviews": []}, [{"id": 1}], ["x"], [review(commit_id="abc")]])
def test_a_list_of_another_shape_is_refused(server: Server, body: object) -> None:
    """An object in place of the list, or a review without its parts, is no answer."""
    server.answers(HERE, answer(body))
    with pytest.raises(BadAnswer):
        client(server).reviews(7, deadline())


def test_pages_of_a_bare_list_end(server: Server) -> None:
    """Pages that lead in a circle are refused, and so is a list without end."""

    def ever() -> Iterator[bytes]:
        for number in range(2, 40):
            link = f'Link: <{server.url}/repositories/4711/pulls/7/reviews?page={number}>; rel="next"'
            yield answer([review(number)], "200 OK", link)

    server.answers(HERE, *ever())
    with pytest.raises(Incomplete, match="more than 20 pages of reviews"):
        client(server).reviews(7, deadline())
    server.heads.clear()
    circle = answer([review()], "200 OK", f'Link: <{server.url}/x?page=2>; rel="next"')
    server.answers(HERE, circle, circle, circle)
    with pytest.raises(BadAnswer, match="the pages lead in a circle"):
        client(server).reviews(7, deadline())


def test_all_changed_files_are_listed_or_none(server: Server) -> None:
    """Fewer files than the pull request says it changes is not the whole of it."""
    listed = answer([{"filename": "environments/waivers.toml", "status": "modified", "sha": OTHER}])
    found = parse_pulls.pull_request(pull())
    server.answers(HERE, listed)
    assert client(server).changed_files(found, deadline()) == (ChangedFile("environments/waivers.toml", "modified"),)
    server.heads.clear()
    more: PullRequest = parse_pulls.pull_request(pull(changed_files=2))
    with pytest.raises(Incomplete, match="changes 2 files, and 1 are listed"):
        client(server).changed_files(more, deadline())


def test_a_file_is_read_at_a_commit(server: Server) -> None:
    """Its bytes, as they were at that commit."""
    data = bytes(range(256)) * 3
    server.answers(HERE, answer(content(data)))
    assert client(server).file("environments/wa ivers.toml", SHA, deadline()) == data
    assert server.heads[1].startswith(
        f"GET /repos/acme/platform/contents/environments/wa%20ivers.toml?ref={SHA}".encode()
    )


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (content(b"", type="symlink"), BadAnswer),
        ([content(b"x")], BadAnswer),
        (content(b"x", encoding="none", size=2_000_000), Incomplete),
        (content(b"x", encoding="utf-7"), BadAnswer),
        (content(b"x", content="???"), BadAnswer),
        (content(b"x", size=2), Incomplete),
    ],
    ids=["a link", "a folder", "too large", "another encoding", "no base64", "cut off"],
)
def test_what_is_no_whole_file_is_refused(server: Server, body: object, error: type[Exception]) -> None:
    """A part of a file, or something that is none, is never taken for its content."""
    server.answers(HERE, answer(body))
    with pytest.raises(error):
        client(server).file("environments/waivers.toml", SHA, deadline())


@pytest.mark.parametrize("path", ["../secrets", "a//b", "/etc/passwd", "a/./b", ""])
def test_a_path_that_leads_elsewhere_is_not_asked_for(server: Server, path: str) -> None:
    """What GitHub calls a file's name chooses no other address of the server."""
    with pytest.raises(BadAnswer, match="is no path of a file"):
        client(server).file(path, SHA, deadline())
    assert server.heads == []
