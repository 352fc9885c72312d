"""The verbs of GitHub on a server whose every answer the test chooses."""

import io
import json
import socket
import zipfile
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from apgms_ops.clients.github import GithubClient
from apgms_ops.clients.github.facts import Ancestry, Artifact, Conclusion, Progress
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, BadAnswer, Incomplete, RateLimited, Unreachable
from apgms_ops.observation import Identity, Recorder
from apgms_ops.redact import Redactor
from apgms_ops.secret import Secret

SHA, OTHER = "a" * 40, "b" * 40
TOKEN = "ghp_sandbox0123456789"
REPOSITORY = {"id": 4711, "full_name": "acme/platform"}


class Server(Protocol):
    """The wire server of conftest.py."""

    url: str
    heads: list[bytes]

    def answers(self, *handlers: Callable[[socket.socket, bytes], object] | bytes) -> None:
        """Set what each request gets."""


def answer(body: object, status: str = "200 OK", *headers: str) -> bytes:
    """Return an answer on the wire; bytes are a zip file."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "application/zip" if isinstance(body, bytes) else "application/json; charset=utf-8"
    head = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(data)}",
        "Date: Wed, 25 Nov 2026 22:00:00 GMT",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*head, "", ""]).encode() + data


HERE = answer(REPOSITORY)
NOT_FOUND = answer({"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}, "404 Not Found")


def client(server: Server, recorder: Recorder | None = None) -> GithubClient:
    """Return a client of the server's repository."""
    return GithubClient(
        url=server.url,
        owner="acme",
        repository="platform",
        recorder=recorder or Recorder(Redactor([Secret(TOKEN)])),
        token=Secret(TOKEN),
    )


def deadline() -> Deadline:
    """Return enough time."""
    return Deadline(10)


def run(number: int, **values: Any) -> dict[str, Any]:  # noqa: ANN401 — JSON
    """Return a run as GitHub writes it."""
    body = {
        "id": number,
        "path": ".github/workflows/release.yaml",
        "event": "push",
        "status": "completed",
        "conclusion": "success",
        "head_sha": SHA,
        "head_branch": "v1.4.2",
        "run_attempt": 1,
        "created_at": "2026-11-25T20:00:00Z",
        "html_url": "https://github.example/run",
    }
    return body | values


def test_the_repository_is_identified_before_anything_is_read(server: Server) -> None:
    """The first request asks which repository it is; the token and the version of the API are sent with each."""
    recorder = Recorder(Redactor([Secret(TOKEN)]))
    server.answers(HERE, answer({"total_count": 0, "check_runs": []}))
    assert client(server, recorder).check_runs(SHA, deadline()) == ()
    assert [head.split(b" ")[1].partition(b"?")[0] for head in server.heads] == [
        b"/repos/acme/platform",
        f"/repos/acme/platform/commits/{SHA}/check-runs".encode(),
    ]
    for head in server.heads:
        assert f"authorization: bearer {TOKEN}".encode() in head.lower()
        assert b"x-github-api-version: 2022-11-28" in head.lower()
        assert b"accept: application/vnd.github+json" in head.lower()
    assert recorder.seen[0] == (Identity("github", "4711"),)


def test_a_repository_that_cannot_be_seen_is_no_repository_without_checks(server: Server) -> None:
    """404 of the repository is "not there or not permitted", never an empty list."""
    server.answers(NOT_FOUND)
    with pytest.raises(AccessDenied, match=r"no repository acme/platform, or none that the token may see"):
        client(server).check_runs(SHA, deadline())


def test_a_missing_tag_is_one_only_if_refs_can_be_read(server: Server) -> None:
    """404 of a tag means that there is none if the branch can be read, and nothing if that is 404 as well."""
    main = answer({"ref": "refs/heads/main", "object": {"type": "commit", "sha": SHA}})
    server.answers(HERE, NOT_FOUND, main)
    assert client(server).tag_ref("v1.4.2", deadline(), proof="main") is None
    server.answers(HERE, NOT_FOUND, NOT_FOUND)
    server.heads.clear()
    with pytest.raises(AccessDenied, match="it needs Contents: read"):
        client(server).tag_ref("v1.4.2", deadline(), proof="main")


def test_a_missing_workflow_may_be_a_missing_permission(server: Server) -> None:
    """404 of a workflow is not "no runs"."""
    server.answers(HERE, NOT_FOUND)
    with pytest.raises(AccessDenied, match=r"is not there, or the token may not read it .* it needs Actions: read"):
        client(server).runs("release.yml", deadline(), branch="v1.4.2")


def test_another_ref_than_the_one_asked_for_is_refused(server: Server) -> None:
    """A prefix match, or a cache, is no answer."""
    body = {"ref": "refs/tags/v1.4.20", "object": {"type": "tag", "sha": SHA}}
    server.answers(HERE, answer(body))
    with pytest.raises(BadAnswer, match=r"the tag v1\.4\.2 was asked for, and refs/tags/v1\.4\.20 answered"):
        client(server).tag_ref("v1.4.2", deadline(), proof="main")


def test_pages_are_followed_by_their_links(server: Server) -> None:
    """The next page is where the link says, not where arithmetic would look."""
    link = f'Link: <{server.url}/repositories/4711/x?page=7&per_page=1>; rel="next", <{server.url}/y>; rel="last"'
    first = answer({"total_count": 2, "workflow_runs": [run(1)]}, "200 OK", link)
    server.answers(HERE, first, answer({"total_count": 2, "workflow_runs": [run(2)]}))
    found = client(server).runs("release.yaml", deadline(), branch="v1.4.2")
    assert [one.id for one in found] == [1, 2]
    assert server.heads[2].startswith(b"GET /repositories/4711/x?page=7&per_page=1 ")


@pytest.mark.parametrize("elsewhere", ["https://evil.example/x", "http://127.0.0.1:1/x", "//evil.example/x", "x"])
def test_a_page_elsewhere_is_not_followed(server: Server, elsewhere: str) -> None:
    """The token is sent to no other server, whatever the link says."""
    first = answer({"total_count": 2, "workflow_runs": [run(1)]}, "200 OK", f'Link: <{elsewhere}>; rel="next"')
    server.answers(HERE, first)
    with pytest.raises(BadAnswer, match="which is not the same server"):
        client(server).runs("release.yaml", deadline(), branch="v1.4.2")


def test_pages_in_a_circle_end(server: Server) -> None:
    """A link to a page that was read is an error, not a loop."""
    again = answer({"total_count": 9, "jobs": []}, "200 OK", f'Link: <{server.url}/x?page=1>; rel="next"')
    server.answers(HERE, again)
    with pytest.raises(BadAnswer, match="the pages lead in a circle"):
        client(server).jobs(1, deadline())


def test_a_listing_that_is_cut_is_said(server: Server) -> None:
    """Fewer items than there are said to be is incomplete, however good those are."""
    server.answers(HERE, answer({"total_count": 1200, "workflow_runs": [run(1)]}))
    with pytest.raises(Incomplete, match="1200 of workflow_runs are said to be there, and 1 are listed"):
        client(server).runs("release.yaml", deadline(), branch="v1.4.2")


def test_what_the_filter_lets_through_is_filtered_again(server: Server) -> None:
    """A run for another commit or another tag is not among the runs that were asked for."""
    runs = [run(1), run(2, head_sha=OTHER), run(3, head_branch="v1.4.1"), run(4, head_branch=None)]
    server.answers(HERE, answer({"total_count": 4, "workflow_runs": runs}))
    found = client(server).runs("release.yaml", deadline(), sha=SHA, branch="v1.4.2")
    assert [one.id for one in found] == [1]


def test_an_unknown_word_is_unknown(server: Server) -> None:
    """A conclusion that is not known here is no success, and a status that is not completed has no conclusion."""
    runs = [run(1, conclusion="dazzling"), run(2, status="in_progress"), run(3, status="brewing", conclusion=None)]
    server.answers(HERE, answer({"total_count": 3, "workflow_runs": runs}))
    first, second, third = client(server).runs("release.yaml", deadline())
    assert first.conclusion is Conclusion.UNKNOWN
    assert (second.progress, second.conclusion) == (Progress.IN_PROGRESS, None)
    assert (third.progress, third.conclusion) == (Progress.UNKNOWN, None)


def test_completed_without_a_conclusion_is_refused(server: Server) -> None:
    """What says that it is completed and not how is malformed."""
    server.answers(HERE, answer({"total_count": 1, "workflow_runs": [run(1, conclusion=None)]}))
    with pytest.raises(BadAnswer, match="how it ended"):
        client(server).runs("release.yaml", deadline())


@pytest.mark.parametrize("missing", ["status", "conclusion", "head_sha", "created_at", "id"])
def test_a_missing_field_is_no_default(server: Server, missing: str) -> None:
    """A required field that is not there is an error."""
    body = {key: value for key, value in run(1).items() if key != missing}
    server.answers(HERE, answer({"total_count": 1, "workflow_runs": [body]}))
    with pytest.raises(BadAnswer, match=f"has no field '{missing}'"):
        client(server).runs("release.yaml", deadline())


def test_a_comparison_says_which_is_ahead(server: Server) -> None:
    """Base and head are full names of commits, as they were resolved."""
    server.answers(HERE, answer({"status": "ahead", "commits": []}))
    assert client(server).ancestry(SHA, OTHER, deadline()) is Ancestry.AHEAD
    assert f"/compare/{SHA}...{OTHER}?".encode() in server.heads[1]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        ("403 Forbidden", ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 4102444800"]),
        ("429 Too Many Requests", ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 4102444800"]),
        ("403 Forbidden", ["Retry-After: 60"]),
        ("429 Too Many Requests", []),
    ],
)
def test_a_rate_limit_is_not_a_refusal(server: Server, status: str, headers: list[str]) -> None:
    """Both limits, as 403 and as 429, are waits; one that is longer than the deadline is said at once."""
    server.answers(answer({"message": "slow down"}, status, *headers))
    with pytest.raises(RateLimited):
        client(server).repository(deadline())


def test_a_403_without_the_signs_of_a_limit_is_a_refusal(server: Server) -> None:
    """A missing permission is not waited for."""
    forbidden = answer({"message": "Resource not accessible by personal access token"}, "403 Forbidden")
    server.answers(HERE, forbidden)
    with pytest.raises(AccessDenied, match="Resource not accessible"):
        client(server).jobs(1, deadline())


def test_a_server_that_fails_is_not_an_answer(server: Server) -> None:
    """500 in JSON is GitHub's trouble, not the release's."""
    server.answers(HERE, answer({"message": "Server Error"}, "500 Internal Server Error"))
    with pytest.raises(Unreachable, match="GitHub fails"):
        client(server).jobs(1, deadline())


def test_an_artifact_is_fetched_where_it_is_without_the_token(server: Server) -> None:
    """The redirect is followed once, and the token does not go with it, nor is the ticket in its address kept."""
    recorder = Recorder(Redactor([Secret(TOKEN)]))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("image-digests.json", "{}")
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    found = answer({}, "302 Found", f"Location: {elsewhere}/blob?sig=ticket")
    server.answers(HERE, found, answer(made.getvalue()))
    artifact = Artifact(5, "image-digests", 100, expired=False, created_at=None, expires_at=None)
    (member,) = client(server, recorder).download(artifact, deadline())
    assert (member.name, member.data) == ("image-digests.json", b"{}")
    assert server.heads[2].startswith(b"GET /blob?sig=ticket ")
    assert b"authorization" not in server.heads[2].lower()
    assert "ticket" not in str(recorder.seen)


def test_an_artifact_is_redirected_once(server: Server) -> None:
    """A redirect that leads to another one leads nowhere."""
    found = answer({}, "302 Found", f"Location: {server.url}/blob?sig=ticket")
    server.answers(HERE, found)
    artifact = Artifact(5, "scan", 100, expired=False, created_at=None, expires_at=None)
    with pytest.raises(BadAnswer, match="a redirect to") as caught:
        client(server).download(artifact, deadline())
    assert "ticket" not in str(caught.value)


def test_an_artifact_that_is_too_large_is_not_fetched(server: Server) -> None:
    """Its listed size is enough to leave it."""
    artifact = Artifact(5, "scan", 10**9, expired=False, created_at=None, expires_at=None)
    with pytest.raises(Incomplete, match="are read at most"):
        client(server).download(artifact, deadline())


def test_an_artifact_that_is_gone_is_said(server: Server) -> None:
    """410 is what an expired artifact's address answers."""
    server.answers(HERE, answer({"message": "Artifact has expired"}, "410 Gone"))
    artifact = Artifact(5, "scan", 10, expired=False, created_at=None, expires_at=None)
    with pytest.raises(AccessDenied, match="is not there"):
        client(server).download(artifact, deadline())


def test_a_release_that_is_not_published_is_none(server: Server) -> None:
    """Drafts are answered with 404: there is no published release, if the repository can be read."""
    main = answer({"ref": "refs/heads/main", "object": {"type": "commit", "sha": SHA}})
    server.answers(HERE, NOT_FOUND, main)
    assert client(server).release("v1.4.2", deadline(), proof="main") is None


def test_statuses_and_check_runs_are_told_apart(server: Server) -> None:
    """No statuses at all are "pending" to GitHub, and none here."""
    server.answers(HERE, answer({"state": "pending", "sha": SHA, "total_count": 0, "statuses": []}))
    assert client(server).combined_status(SHA, deadline()).statuses == ()
