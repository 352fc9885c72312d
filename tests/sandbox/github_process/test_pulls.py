"""Pull requests at the stand-in, as a client that is not ours reads them, and ours, and what proves an approval."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import github
import pytest
from github.Repository import Repository

from apgms_ops.clients.github import GithubClient
from apgms_ops.clients.github.pull_facts import ReviewState
from apgms_ops.deadline import Deadline
from apgms_ops.environment.github import Github as Declared
from apgms_ops.environment.loading import read_secrets, secrets_of
from apgms_ops.errors import AccessDenied
from apgms_ops.estate import Estate
from apgms_ops.observation import Recorder
from apgms_ops.probes.approvals import Approval, Approvals
from apgms_ops.redact import Redactor
from apgms_ops.sandbox.world import World
from tests.sandbox.github_process.conftest import started
from tests.sandbox.github_process.teamwork import Team
from tests.sandbox.github_process.test_faults import mini

pytestmark = pytest.mark.sandbox
FILE = "environments/waivers.toml"
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A stand-in of its own: what is merged here, others would find on main."""
    yield from started(tmp_path_factory.mktemp("github-pulls"))


@pytest.fixture(scope="module")
def team(world: World, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A team."""
    return Team(world, tmp_path_factory.mktemp("team") / "platform")


@pytest.fixture
def theirs(world: World) -> Iterator[Repository]:
    """The repository, by PyGithub; it tries nothing again."""
    token = Path(world.get("github.token_file")).read_text(encoding="utf-8")
    client = github.Github(base_url=world.get("github.url"), auth=github.Auth.Token(token), retry=None)
    yield client.get_repo("sandbox/platform")
    client.close()


def ours(world: World) -> GithubClient:
    """Return our client."""
    environment = mini(world)
    return Estate(environment, read_secrets(secrets_of(environment, ["github"]), {}), Recorder(Redactor())).github


def waiver(number: int, **changed: str) -> dict[str, str]:
    """Return a waiver as a plan records it, whose link leads to a pull request."""
    made = {
        "check": "checks/daily/test_consumer_lag.py::test_every_consumer_group_keeps_up",
        "reason": f"INC-{number}",
        "owner": "payments",
        "approver": "lead",
        "approval": "unproven",
        "issued": (NOW - timedelta(days=1)).isoformat(),
        "expires": (NOW + timedelta(days=1)).isoformat(),
        "link": f"https://127.0.0.1/sandbox/platform/pull/{number}",
    }
    return made | changed


def written(one: Mapping[str, str]) -> str:
    """Return a waiver as the file holds it."""
    words = "".join(f'{name} = "{one[name]}"\n' for name in ("check", "reason", "owner", "approver", "link"))
    return f'[[waivers]]\n{words}environments = ["sandbox"]\nissued = {one["issued"]}\nexpires = {one["expires"]}\n'


def of(world: World, one: Mapping[str, str]) -> Approval:
    """Return what is found out of a waiver."""
    environment = mini(world)
    assert isinstance(environment.github, Declared)
    # The link leads to https, where people look; the stand-in's own port is part of the server's name.
    here = {**one, "link": one["link"].replace("https://127.0.0.1", environment.github.url)}
    approvals = Approvals("sandbox", environment.github, lambda: ours(world), environment.identities.github)
    (found,) = approvals.of([here], datetime.now(UTC), Deadline(20))
    return found


def brought(team: Team, branch: str) -> tuple[int, dict[str, str]]:
    """Open a pull request that brings a waiver which links to it; return its number, and the waiver."""
    first = team.push(branch, {f"docs/{branch}.md": "about it\n"})
    number = team.open(branch)
    url = team.world.get("github.url")
    one = waiver(number, link=f"{url}/sandbox/platform/pull/{number}")
    assert team.push(branch, {FILE: written(one)}) != first
    return number, one


def test_a_pull_request_goes_its_way(team: Team, theirs: Repository) -> None:
    """Opened, pushed to, approved, merged: PyGithub reads each step as git and the reviewers have it."""
    number, _ = brought(team, "way")
    head = team.git("rev-parse", "way")
    pull = theirs.get_pull(number)
    assert (pull.state, pull.merged, pull.user.login, pull.head.sha) == ("open", False, "dev", head)
    assert (pull.base.ref, pull.base.repo.default_branch, pull.commits, pull.changed_files) == ("main", "main", 2, 2)
    assert [one.number for one in theirs.get_pulls(head="sandbox:way")] == [number]
    team.review(number)
    later = team.push("way", {"docs/way.md": "more about it\n"})
    merged = team.merge("way")
    pull = theirs.get_pull(number)
    assert (pull.state, pull.merged, pull.head.sha, pull.merge_commit_sha) == ("closed", True, later, merged)
    assert pull.merged_at is not None
    assert abs(pull.merged_at - datetime.now(UTC)) < timedelta(minutes=1)
    (review,) = pull.get_reviews()
    assert (review.user.login, review.state, review.commit_id) == ("lead", "APPROVED", head)
    assert sorted((file.filename, file.status, file.additions) for file in pull.get_files()) == [
        ("docs/way.md", "added", 1),
        (FILE, "added", len(written(waiver(1)).splitlines())),
    ]
    assert [one.number for one in theirs.get_pulls(head="sandbox:way")] == []
    assert [one.number for one in theirs.get_pulls(state="closed", head="sandbox:way")] == [number]


def test_a_file_is_read_as_it_is_at_a_commit(team: Team, theirs: Repository, world: World) -> None:
    """What two clients read of a file is what git has, byte for byte; one that is not there is refused."""
    sha = team.push("file", {"docs/file.md": "öne\ntwo\n" * 40})
    content = theirs.get_contents("docs/file.md", ref=sha)
    assert not isinstance(content, list)
    assert content.decoded_content == ("öne\ntwo\n" * 40).encode()
    assert ours(world).file("docs/file.md", sha, Deadline(10)) == content.decoded_content
    with pytest.raises(github.UnknownObjectException):
        theirs.get_contents("docs/none.md", ref=sha)
    with pytest.raises(AccessDenied):
        ours(world).file("docs/file.md", world.get("release.sha"), Deadline(10))


def test_files_that_are_changed_renamed_and_removed_are_told_apart(team: Team, theirs: Repository) -> None:
    """Each file of a pull request has what git says became of it."""
    team.push("files", {"docs/a.md": "a\n" * 20, "docs/b.md": "b\n"})
    team.merge("files")
    team.git("checkout", "--quiet", "-b", "moved", "origin/main")
    team.git("mv", "docs/a.md", "docs/with space.md")
    team.git("rm", "--quiet", "docs/b.md")
    team.push("moved", {"docs/c.bin": "\x00\x01"})
    number = team.open("moved")
    found = {file.filename: file for file in theirs.get_pull(number).get_files()}
    assert {name: file.status for name, file in found.items()} == {
        "docs/with space.md": "renamed",
        "docs/b.md": "removed",
        "docs/c.bin": "added",
    }
    assert found["docs/with space.md"].previous_filename == "docs/a.md"
    assert (found["docs/b.md"].deletions, found["docs/c.bin"].additions) == (1, 0)


def test_more_reviews_than_a_page_are_all_read(team: Team, theirs: Repository, world: World) -> None:
    """Reviews come page by page, the oldest first, to both clients."""
    team.push("many", {"docs/many.md": "many\n"})
    number = team.open("many")
    for reviewer in range(104):
        team.review(number, f"r{reviewer}", "COMMENTED")
    assert [review.user.login for review in theirs.get_pull(number).get_reviews()] == [f"r{i}" for i in range(104)]
    assert [review.by for review in ours(world).reviews(number, Deadline(10))] == [f"r{i}" for i in range(104)]


def test_an_approved_waiver_is_proven(team: Team, world: World) -> None:
    """Merged, approved at its last commit by the approver, and with the waiver in it: proven, and only then."""
    number, one = brought(team, "proven")
    assert of(world, one).why_not == f"pull request {number} is not merged"
    team.review(number, state="COMMENTED")
    team.review(number)
    team.merge("proven")
    assert of(world, one) == Approval()
    assert of(world, one | {"reason": "another"}).refuted
    assert of(world, one | {"approver": "dev"}).why_not == f"dev wrote pull request {number}"
    assert of(world, one | {"approver": "other"}).why_not == f"other has not approved pull request {number}"


@pytest.mark.parametrize("after", ["pushed", "changes requested", "dismissed", "commented"])
def test_what_comes_after_an_approval_counts(team: Team, world: World, after: str) -> None:
    """A push, a request for changes and a dismissal take an approval back; a comment does not."""
    branch = f"after-{after.replace(' ', '-')}"
    number, one = brought(team, branch)
    review = team.review(number)
    match after:
        case "pushed":
            team.push(branch, {f"docs/{branch}.md": "sneaked in\n"})
        case "changes requested":
            team.review(number, state="CHANGES_REQUESTED")
        case "dismissed":
            team.order("/edit", collection="reviews", wanted={"id": review}, values={"state": "DISMISSED"})
        case _:
            team.review(number, state="COMMENTED")
    team.merge(branch)
    found = of(world, one)
    words = {"pushed": "lead approved", "changes requested": "CHANGES_REQUESTED", "dismissed": "DISMISSED"}
    assert words.get(after, "") in found.why_not
    assert found.refuted == (after in words)


def test_a_pull_request_that_is_closed_is_not_merged(team: Team, theirs: Repository, world: World) -> None:
    """One that was closed without merging is closed, proves nothing, and can be neither closed nor merged later."""
    number, one = brought(team, "closed")
    team.review(number)
    assert team.order("/close", number=number)[0] == 200
    team.merge("closed")
    pull = theirs.get_pull(number)
    assert (pull.state, pull.merged, pull.merged_at) == ("closed", False, None)
    assert of(world, one).why_not == f"pull request {number} is not merged"
    assert team.order("/close", number=number)[0] == 400


def test_an_account_that_is_gone_has_no_login(team: Team, world: World) -> None:
    """A pull request and a review of accounts that were deleted are nobody's."""
    number, _ = brought(team, "gone")
    review = team.review(number)
    team.order("/edit", collection="pulls", wanted={"number": number}, values={"author": ""})
    team.order("/edit", collection="reviews", wanted={"id": review}, values={"by": "", "state": "PENDING"})
    assert ours(world).pull_request(number, Deadline(10)).author == ""
    (found,) = ours(world).reviews(number, Deadline(10))
    assert (found.by, found.state, found.submitted_at) == ("", ReviewState.PENDING, None)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/pulls", {"author": "dev", "branch": "no-such", "title": "x"}),
        ("/pulls", {"author": "dev", "branch": "main", "title": "x"}),
        ("/pulls", {"author": "d e v", "branch": "refused", "title": "x"}),
        ("/pulls", {"author": "dev", "branch": "refused", "title": ""}),
        ("/pulls", {"author": "dev", "branch": "refused", "title": "x", "base": "no-such"}),
        ("/pulls", {"author": "dev", "branch": "refused"}),
        ("/reviews", {"number": 9999, "by": "lead", "state": "APPROVED"}),
        ("/reviews", {"number": 1, "by": "lead", "state": "LGTM"}),
        ("/close", {"number": 9999}),
        ("/merge", {"number": 1}),
    ],
    ids=str,
)
def test_what_github_would_refuse_is_refused(team: Team, path: str, body: dict[str, Any]) -> None:
    """An order that names what is not there, or that GitHub does not know, is refused with its reason."""
    status, said = team.order(path, **body)
    assert (status, list(said)) == (400, ["error"])


def test_nobody_approves_their_own_and_opens_one_twice(team: Team) -> None:
    """An author may comment on their own pull request, and not approve it; a branch has one that is open."""
    team.push("own", {"docs/own.md": "own\n"})
    number = team.open("own")
    assert team.order("/pulls", author="dev", branch="own", title="again")[0] == 400
    assert team.order("/reviews", number=number, by="Dev", state="APPROVED")[0] == 400
    assert team.order("/reviews", number=number, by="dev", state="COMMENTED")[0] == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/pulls/9999", 404),
        ("/pulls/x", 404),
        ("/pulls/1/comments", 404),
        ("/pulls/1/merge", 404),
        ("/contents", 404),
        ("/contents/../HEAD?ref=main", 404),
        ("/contents/docs/none?ref=main", 404),
        ("/contents/a?ref=no-such", 404),
        ("/contents/docs?ref=main", 501),
        ("/contents/a?ref=main&x=1", 501),
        ("/pulls?milestone=1", 501),
        ("/pulls?state=merged", 422),
        ("/pulls?sort=popularity", 422),
    ],
)
def test_what_the_stand_in_does_not_know_it_refuses(team: Team, world: World, path: str, status: int) -> None:
    """Paths, queries and folders that it does not know are refused, and never answered as something else."""
    if path.startswith("/contents/docs?"):
        team.push("folder", {"docs/folder.md": "folder\n"})
        team.merge("folder")
    token = Path(world.get("github.token_file")).read_text(encoding="utf-8")
    url = f"{world.get('github.url')}/repos/sandbox/platform{path}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 — our own server
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request, timeout=10)  # noqa: S310 — our own server
    assert raised.value.code == status
    assert set(json.loads(raised.value.read())) == {"message", "documentation_url", "status"}
