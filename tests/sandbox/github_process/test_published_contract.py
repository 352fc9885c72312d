"""The stand-in's answers beside the API description that GitHub itself publishes, where a copy of it is at hand."""

import http.client

import pytest

from apgms_ops.sandbox.world import World
from tests.sandbox.github_process.described import Asker, Schema, problems

ROOT = "/repos/sandbox/platform"
pytestmark = pytest.mark.sandbox


@pytest.fixture
def asker(world: World) -> Asker:
    """One who has the token."""
    return Asker(world)


def paths(world: World) -> dict[str, str]:
    """Return the description's path of each that is asked → what is asked."""
    sha, tag = world.get("release.sha"), world.get("release.tag")
    run = next(iter(_runs(world)))
    ref, tag_sha = f"tags/{tag}", _tag_sha(world)
    own = "/repos/{owner}/{repo}"
    return {
        f"{own}/git/ref/{{ref}}": f"{ROOT}/git/ref/{ref}",
        f"{own}/git/tags/{{tag_sha}}": f"{ROOT}/git/tags/{tag_sha}",
        f"{own}/commits/{{ref}}/check-runs": f"{ROOT}/commits/{sha}/check-runs",
        f"{own}/commits/{{ref}}/status": f"{ROOT}/commits/{sha}/status",
        f"{own}/releases/tags/{{tag}}": f"{ROOT}/releases/tags/{tag}",
        f"{own}/actions/workflows/{{workflow_id}}/runs": f"{ROOT}/actions/workflows/release.yaml/runs",
        f"{own}/actions/runs/{{run_id}}": f"{ROOT}/actions/runs/{run}",
        f"{own}/actions/runs/{{run_id}}/jobs": f"{ROOT}/actions/runs/{run}/jobs",
        f"{own}/actions/runs/{{run_id}}/artifacts": f"{ROOT}/actions/runs/{run}/artifacts",
    }


def _runs(world: World) -> list[int]:
    _, body, _ = Asker(world).get(f"{ROOT}/actions/workflows/release.yaml/runs?branch={world.get('release.tag')}")
    return [run["id"] for run in body["workflow_runs"]]


def _tag_sha(world: World) -> str:
    _, body, _ = Asker(world).get(f"{ROOT}/git/ref/tags/{world.get('release.tag')}")
    return str(body["object"]["sha"])


def test_every_answer_is_as_described(world: World, asker: Asker, contract: Schema) -> None:
    """Each path that the description has, and that is answered here, is answered in the shape that it promises."""
    for described, asked in paths(world).items():
        status, body, headers = asker.get(asked)
        schema = contract["paths"][described]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert status == 200, asked
        assert list(problems(body, schema, contract)) == [], asked
        assert list(problems({}, schema, contract)), "an empty answer is none"
        assert headers["Content-Type"] == "application/json; charset=utf-8"
        assert int(headers["X-RateLimit-Remaining"]) > 0


def test_what_is_not_there_is_refused_as_described(asker: Asker, contract: Schema) -> None:
    """What the stand-in does not know, and what nobody may see, is the same 404 with GitHub's own body."""
    error = {"$ref": "#/components/schemas/basic-error"}
    unknown = (
        "/git/ref/tags/v9.9.9",
        "/releases/tags/v9.9.9",
        "/issues",
        "/actions/workflows/none.yaml/runs",
        "/pulls/1",
    )
    for path in unknown:
        status, body, _ = asker.get(f"{ROOT}{path}")
        assert (status, body["message"]) == (404, "Not Found"), path
        assert list(problems(body, error, contract)) == []
    assert asker.get("/repos/sandbox/other")[0] == 404
    assert asker.get("/user")[0] == 404


def test_a_commit_that_is_none_is_unprocessable(asker: Asker) -> None:
    """A commit that the repository does not have is 422, as GitHub says it."""
    status, body, _ = asker.get(f"{ROOT}/commits/{'0' * 40}/check-runs")
    assert (status, body["message"]) == (422, f"No commit found for SHA: {'0' * 40}")


def test_only_the_token_is_let_in(asker: Asker) -> None:
    """Another token is refused; whoever brings none does not see a private repository."""
    assert asker.get(ROOT, token="ghp_other")[0] == 401
    connection = http.client.HTTPConnection("127.0.0.1", asker.port, timeout=10)
    connection.request("GET", ROOT)
    assert connection.getresponse().status == 404
    connection.close()


def test_pages_lead_on_by_their_links(world: World, asker: Asker) -> None:
    """Every page but the last links to the next, by the repository's number, as GitHub does."""
    path: str | None = f"{ROOT}/commits/{world.get('release.sha')}/check-runs?per_page=4"
    names: list[str] = []
    pages = 0
    while path is not None:
        _, body, headers = asker.get(path)
        assert body["total_count"] == 6
        names += [run["name"] for run in body["check_runs"]]
        links = {
            part.split("; ")[1]: part.split("; ")[0].strip("<>") for part in headers.get("Link", "").split(", ") if part
        }
        following = links.get('rel="next"')
        assert following is None or "/repositories/480108/" in following
        path = following and following.partition(f":{asker.port}")[2]
        pages += 1
    assert (pages, sorted(names)) == (2, ["images", "lint", "publish", "sbom", "scan", "test"])
