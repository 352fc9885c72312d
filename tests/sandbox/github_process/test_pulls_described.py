"""The stand-in's pull requests beside the API description that GitHub itself publishes."""

from collections.abc import Iterator

import pytest

from apgms_ops.sandbox.world import World
from tests.sandbox.github_process.conftest import started
from tests.sandbox.github_process.described import Asker, Schema, problems
from tests.sandbox.github_process.teamwork import Team

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A stand-in of its own."""
    yield from started(tmp_path_factory.mktemp("github-described"))


@pytest.fixture(scope="module")
def number(world: World, tmp_path_factory: pytest.TempPathFactory) -> int:
    """A pull request that has been reviewed, and is open."""
    team = Team(world, tmp_path_factory.mktemp("team") / "platform")
    team.push("described", {"docs/described.md": "described\n"})
    opened = team.open("described")
    team.review(opened)
    return opened


OWN = "/repos/{owner}/{repo}"


@pytest.mark.parametrize(
    ("described", "asked"),
    [
        (f"{OWN}/pulls", "/pulls?state=all"),
        (f"{OWN}/pulls/{{pull_number}}", "/pulls/{number}"),
        (f"{OWN}/pulls/{{pull_number}}/reviews", "/pulls/{number}/reviews"),
        (f"{OWN}/pulls/{{pull_number}}/files", "/pulls/{number}/files"),
        (f"{OWN}/contents/{{path}}", "/contents/docs/described.md?ref=described"),
    ],
)
def test_every_answer_is_as_described(number: int, world: World, contract: Schema, described: str, asked: str) -> None:
    """Each path is answered in the shape that GitHub publishes, where the copy at hand has that path."""
    status, body, _ = Asker(world).get(f"/repos/sandbox/platform{asked.format(number=number)}")
    assert (status, bool(body)) == (200, True)
    if described not in contract["paths"]:
        pytest.skip(f"the copy of GitHub's API description has no {described}")
    schema = contract["paths"][described]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert list(problems(body, schema, contract)) == []


def test_what_a_pull_request_holds_is_as_described(number: int, world: World, contract: Schema) -> None:
    """Accounts, repositories and the ends of a pull request are of the shapes that GitHub publishes."""
    root = f"/repos/sandbox/platform/pulls/{number}"
    _, pull, _ = Asker(world).get(root)
    _, (review,), _ = Asker(world).get(f"{root}/reviews")
    shapes = contract["components"]["schemas"]
    for user in (pull["user"], pull["head"]["user"], review["user"]):
        assert list(problems(user, shapes["simple-user"], contract)) == []
    for end in (pull["head"], pull["base"]):
        assert list(problems(end["repo"], shapes["minimal-repository"], contract)) == []
    assert list(problems(pull, shapes["pull-request-minimal"], contract)) == []
