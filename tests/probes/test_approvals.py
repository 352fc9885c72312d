"""Whether a waiver's approver approved it: proven by what GitHub says of the pull request, and by nothing less."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apgms_ops.clients.github import GithubClient
from apgms_ops.clients.github.pull_facts import PullRequest, Review, ReviewState
from apgms_ops.deadline import Deadline
from apgms_ops.environment.github import Github
from apgms_ops.errors import SecretUnreadable
from apgms_ops.probes.approvals import Approval, Approvals, brings, pull_number, refusal
from tests.clients.conftest import WireServer
from tests.clients.github.test_client import HERE, NOT_FOUND, OTHER, SHA, Server, answer, client
from tests.clients.github.test_pulls import content, pull, review

AT = datetime(2026, 11, 26, 6, 0, tzinfo=UTC)
CHECK = "checks/daily/test_consumer_lag.py::test_every_consumer_group_keeps_up"
WAIVER = {
    "check": CHECK,
    "reason": "INC-123",
    "owner": "payments",
    "approver": "lead",
    "approval": "unproven",
    "issued": "2026-11-26T09:00:00+11:00",
    "expires": "2026-12-10T09:00:00+11:00",
    "link": "https://github.com/acme/platform/pull/7",
}
FILE = f"""
[[waivers]]
check = "{CHECK}"
environments = ["staging", "production"]
reason = "INC-123"
owner = "payments"
approver = "lead"
issued = 2026-11-26T09:00:00+11:00
expires = 2026-12-10T09:00:00+11:00
link = "https://github.com/acme/platform/pull/7"
"""
PULL = PullRequest(7, "dev", AT, "main", "main", SHA, 1)
APPROVED = Review(1, "lead", ReviewState.APPROVED, SHA, AT)


@pytest.fixture
def server() -> Iterator[WireServer]:
    """A wire server for one test."""
    it = WireServer()
    yield it
    it.close()


def declared(url: str = "https://api.github.com") -> Github:
    """Return the section of the environment."""
    return Github.model_validate(
        {"url": url, "owner": "acme", "repository": "platform", "token": "env:TOKEN"}
        | {"required_checks": ["test"], "required_jobs": ["publish"]}
    )


def of(server: Server, waiver: Mapping[str, Any] = WAIVER, pinned: str | None = "4711") -> Approval:
    """Return what is found out of one waiver."""
    (found,) = Approvals("production", declared(), lambda: client(server), pinned).of([waiver], AT, Deadline(10))
    return found


def asked(server: Server) -> list[bytes]:
    """Return the paths that were asked for, below the repository."""
    return [head.split(b" ")[1].partition(b"?")[0].removeprefix(b"/repos/acme/platform") for head in server.heads]


LISTED = answer([{"filename": "environments/waivers.toml", "status": "modified"}])


def test_an_approved_waiver_is_proven(server: Server) -> None:
    """Merged into the default branch, approved at its last commit by the approver, where the file holds the waiver."""
    server.answers(HERE, answer(pull()), answer([review()]), LISTED, answer(content(FILE.encode())))
    found = of(server)
    assert (found, found.word, found.refuted) == (Approval(), "proven", False)
    assert asked(server) == [
        b"",
        b"/pulls/7",
        b"/pulls/7/reviews",
        b"/pulls/7/files",
        b"/contents/environments/waivers.toml",
    ]


def test_without_a_waiver_in_force_nothing_is_asked(server: Server) -> None:
    """No waiver, one that is over, and one that is not in force yet make no call, and no client."""

    def never() -> GithubClient:
        pytest.fail("a client was made")

    approvals = Approvals("production", declared(), never)
    assert approvals.of([], AT, Deadline(10)) == ()
    for days in (-1, 30):
        (found,) = approvals.of([WAIVER], AT + timedelta(days=days), Deadline(10))
        assert (found.word, found.refuted) == ("unproven", False)
    assert server.heads == []


def test_waivers_of_one_pull_request_are_looked_up_once(server: Server) -> None:
    """Five waivers of the same pull request take the calls of one."""
    server.answers(HERE, answer(pull()), answer([review()]), LISTED, answer(content(FILE.encode())))
    other = WAIVER | {"reason": "another"}
    approvals = Approvals("production", declared(), lambda: client(server), "4711")
    found = approvals.of([WAIVER, WAIVER, other, WAIVER, WAIVER], AT, Deadline(10))
    assert [one.word for one in found] == ["proven", "proven", "unproven", "proven", "proven"]
    assert len(server.heads) == 5


@pytest.mark.parametrize(
    "answers",
    [
        lambda: (NOT_FOUND,),
        lambda: (HERE, NOT_FOUND),
        lambda: (HERE, answer(pull()), NOT_FOUND),
        lambda: (HERE, answer(pull()), answer({"message": "Bad credentials"}, "401 Unauthorized")),
        lambda: (HERE, answer(pull()), answer([review()]), answer([])),
        lambda: (HERE, answer(pull()), answer([review()]), LISTED, NOT_FOUND),
        lambda: (answer({"id": 1, "full_name": "acme/platform"}),),
        lambda: (HERE, answer("no object")),
    ],
    ids=["repository", "pull request", "reviews", "token", "files", "file", "another repository", "shape"],
)
def test_what_cannot_be_found_out_is_unproven_and_not_refuted(
    server: Server, answers: Callable[[], tuple[bytes, ...]]
) -> None:
    """Whatever GitHub does not tell is neither a yes nor a no; nothing is raised, and the cause is told."""
    server.answers(*answers())
    found = of(server)
    assert (found.word, found.refuted) == ("unproven", False)
    assert found.why_not.startswith("could not find out: ")


def test_a_deadline_that_is_over_is_unproven(server: Server) -> None:
    """A run does not wait for GitHub beyond its time."""
    over = Deadline(5, clock=itertools.count(0, 10).__next__)
    (found,) = Approvals("production", declared(), lambda: client(server)).of([WAIVER], AT, over)
    assert (found.word, found.refuted) == ("unproven", False)
    assert "could not find out: " in found.why_not


@pytest.mark.parametrize("error", [SecretUnreadable("env:TOKEN is not set"), OSError("no\x1b[2J room")])
def test_a_client_that_cannot_be_made_is_unproven(error: Exception) -> None:
    """Neither a missing token nor a broken file stops a run for the sake of an approval; the cause is one line."""

    def broken() -> GithubClient:
        raise error

    (found,) = Approvals("production", declared(), broken).of([WAIVER], AT, Deadline(10))
    assert (found.word, found.refuted) == ("unproven", False)
    assert found.why_not.startswith("could not find out: ")
    assert found.why_not.isprintable()


def test_an_approval_of_something_else_is_none(server: Server) -> None:
    """A pull request that was approved and does not bring this waiver proves nothing of it."""
    none = answer([{"filename": "README.md", "status": "modified"}])
    server.answers(HERE, answer(pull()), answer([review()]), none)
    found = of(server)
    assert found.refuted
    assert found.why_not == "pull request 7 does not bring this waiver as it stands here"
    gone = answer([{"filename": "environments/waivers.toml", "status": "removed"}])
    server.heads.clear()
    server.answers(HERE, answer(pull()), answer([review()]), gone)
    assert of(server).refuted


@pytest.mark.parametrize(
    ("changes", "reviews", "why"),
    [
        ({"merged_at": None}, [APPROVED], "pull request 7 is not merged"),
        ({"base": "release"}, [APPROVED], "was merged into release, and the default branch is main"),
        ({"author": "Lead"}, [APPROVED], "lead wrote pull request 7"),
        ({}, [], "lead has not approved pull request 7"),
        ({}, [replace(APPROVED, by="other")], "lead has not approved"),
        ({}, [replace(APPROVED, by="")], "lead has not approved"),
        ({}, [replace(APPROVED, state=ReviewState.COMMENTED)], "lead has not approved"),
        ({}, [replace(APPROVED, submitted_at=None)], "lead has not approved"),
        ({}, [replace(APPROVED, state=ReviewState.DISMISSED)], "last said of pull request 7 is DISMISSED"),
        ({}, [replace(APPROVED, commit=OTHER)], f"lead approved {OTHER[:12]} of pull request 7, and its last is"),
        ({}, [replace(APPROVED, commit="")], "lead approved another commit of pull request 7"),
        (
            {},
            [replace(APPROVED, id=2, state=ReviewState.CHANGES_REQUESTED, submitted_at=AT + timedelta(1)), APPROVED],
            "last said of pull request 7 is CHANGES_REQUESTED",
        ),
        ({}, [APPROVED, replace(APPROVED, id=2, state=ReviewState.UNKNOWN)], "last said of pull request 7 is UNKNOWN"),
        ({}, [APPROVED, replace(APPROVED, id=2, commit=OTHER)], f"lead approved {OTHER[:12]}"),
    ],
)
def test_what_proves_no_approval_says_why(changes: dict[str, Any], reviews: list[Review], why: str) -> None:
    """Not merged, elsewhere, by its author, by somebody else, taken back, or of an earlier commit."""
    assert why in refusal(replace(PULL, **changes), reviews, "lead")


@pytest.mark.parametrize(
    "reviews",
    [
        [APPROVED],
        [APPROVED, replace(APPROVED, id=2, state=ReviewState.COMMENTED, submitted_at=AT + timedelta(1))],
        [
            replace(APPROVED, state=ReviewState.CHANGES_REQUESTED, submitted_at=AT - timedelta(1)),
            replace(APPROVED, id=2),
        ],
        [APPROVED, replace(APPROVED, id=2, by="other", state=ReviewState.CHANGES_REQUESTED)],
    ],
    ids=["approved", "and commented on later", "after changes were asked for", "another one disagrees"],
)
@pytest.mark.parametrize("approver", ["lead", "@lead", "LEAD"])
def test_the_last_decision_of_the_approver_counts(reviews: list[Review], approver: str) -> None:
    """A comment takes nothing back; logins are the same in capitals, and with the sign before them."""
    assert refusal(PULL, reviews, approver) == ""


@pytest.mark.parametrize("approver", ["head of operations", "", "@", "lead\n", "-lead"])
def test_an_approver_without_a_login_proves_nothing(approver: str) -> None:
    """A role, or a person's name, cannot be looked up."""
    assert "is no login of GitHub" in refusal(PULL, [APPROVED], approver)


def test_an_account_that_is_gone_approves_nothing() -> None:
    """A deleted author and a deleted reviewer are nobody, and not the same nobody as the approver."""
    assert (
        refusal(replace(PULL, author=""), [replace(APPROVED, by="")], "lead") == "lead has not approved pull request 7"
    )


@pytest.mark.parametrize(
    ("url", "link", "number"),
    [
        ("https://api.github.com", "https://github.com/acme/platform/pull/7", 7),
        ("https://api.github.com", "https://GitHub.com/Acme/Platform/pull/123456", 123456),
        ("https://git.example/api/v3", "https://git.example/acme/platform/pull/7", 7),
        ("http://127.0.0.1:8080", "https://127.0.0.1:8080/acme/platform/pull/7", 7),
        ("http://127.0.0.1:8080", "https://127.0.0.1:8081/acme/platform/pull/7", None),
        ("https://api.acme.ghe.com", "https://acme.ghe.com/acme/platform/pull/7", 7),
        ("https://api.github.com", "https://github.com/acme/other/pull/7", None),
        ("https://api.github.com", "https://github.com/evil/platform/pull/7", None),
        ("https://api.github.com", "https://github.com.evil.example/acme/platform/pull/7", None),
        ("https://api.github.com", "http://github.com/acme/platform/pull/7", None),
        ("https://api.github.com", "https://api.github.com/acme/platform/pull/7", None),
        ("https://api.github.com", "https://github.com/acme/platform/issues/7", None),
        ("https://api.github.com", "https://github.com/acme/platform/pull/7/files", None),
        ("https://api.github.com", "https://github.com/acme/platform/pull/0", None),
        ("https://api.github.com", "https://github.com/acme/platform/pull/7?x=1", None),
        ("https://api.github.com", "https://github.com/acme/platform/pull/\N{ARABIC-INDIC DIGIT SEVEN}", None),
        ("https://git.example/api/v3", "https://github.com/acme/platform/pull/7", None),
    ],
)
def test_only_a_pull_request_of_the_declared_repository_counts(url: str, link: str, number: int | None) -> None:
    """Another server, repository, kind of page or number is no link that could be looked up."""
    assert pull_number(link, declared(url)) == number


def test_a_link_to_elsewhere_asks_nobody(server: Server) -> None:
    """A waiver whose link is no pull request of the repository is unproven without a call."""
    found = of(server, WAIVER | {"link": "https://wiki.example/waiver"})
    assert (found.why_not, found.refuted) == ("its link is no pull request of acme/platform", False)
    assert server.heads == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("INC-123", "INC-124"),
        ("test_every", "test_no"),
        ('"payments"', '"lead"'),
        ("2026-12-10T09:00:00+11:00", "2026-12-11T09:00:00+11:00"),
        ("2026-11-26T09:00:00+11:00", "2026-11-26T09:00:00+10:00"),
        ("2026-11-26T09:00:00+11:00", "2026-11-26T09:00:00"),
        ("2026-11-26T09:00:00+11:00", '"2026-11-26T09:00:00+11:00"'),
        ("pull/7", "pull/8"),
        ('"production"', '"sandbox"'),
        ("[[waivers]]", "[waivers]"),
        ("[[waivers]]", "[[others]]"),
        ("check =", "check"),
    ],
)
def test_a_waiver_that_reads_otherwise_was_not_approved(old: str, new: str) -> None:
    """Every field that the plan records, and the environment, must be what was approved."""
    assert brings(FILE.encode(), WAIVER, "production")
    assert not brings(FILE.replace(old, new).encode(), WAIVER, "production")


@pytest.mark.parametrize("data", [b"", b"\xff", b"waivers = 1", b'waivers = ["x"]', b"x = " + b"[" * 100_000])
def test_what_is_no_file_of_waivers_brings_none(data: bytes) -> None:
    """Whatever else lies there is no waiver, and no error."""
    assert not brings(data, WAIVER, "production")


def test_the_same_moment_in_another_zone_is_the_same() -> None:
    """Times are compared as moments."""
    assert brings(FILE.replace("2026-12-10T09:00:00+11:00", "2026-12-09T22:00:00Z").encode(), WAIVER, "production")
