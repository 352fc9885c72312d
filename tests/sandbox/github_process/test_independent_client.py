"""A client that is not ours (PyGithub) gets along with the stand-in: its shapes are not only what we take for right."""

import io
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import github
import pytest
from github.Repository import Repository

from apgms_ops.sandbox.world import World

pytestmark = pytest.mark.sandbox


@pytest.fixture
def repository(world: World) -> Iterator[Repository]:
    """The repository, by PyGithub; it tries nothing again, so that a refusal is one."""
    token = Path(world.get("github.token_file")).read_text(encoding="utf-8")
    client = github.Github(base_url=world.get("github.url"), auth=github.Auth.Token(token), retry=None)
    yield client.get_repo("sandbox/platform")
    client.close()


def test_a_tag_is_followed_to_its_commit(world: World, repository: Repository) -> None:
    """Ref, tag object, commit and comparison with main are what git says."""
    ref = repository.get_git_ref(f"tags/{world.get('release.tag')}")
    assert ref.object.type == "tag"
    tag = repository.get_git_tag(ref.object.sha)
    assert (tag.tag, tag.object.sha, tag.object.type) == ("v1.4.2", world.get("release.sha"), "commit")
    commit = repository.get_commit(tag.object.sha)
    assert commit.commit.message.startswith("Close a period")
    assert repository.compare(commit.sha, "main").status == "ahead"
    assert repository.compare("main", commit.sha).status == "behind"
    assert repository.compare(commit.sha, "hotfix/rounding").status == "ahead"
    assert repository.compare("hotfix/rounding", "main").status == "diverged"


def test_checks_and_statuses_are_read(world: World, repository: Repository) -> None:
    """Check runs and the combined status of the release's commit are green."""
    commit = repository.get_commit(world.get("release.sha"))
    runs = list(commit.get_check_runs())
    assert {run.name for run in runs} == {"lint", "test", "images", "sbom", "scan", "publish"}
    assert {run.conclusion for run in runs} == {"success"}
    combined = commit.get_combined_status()
    assert (combined.state, [status.context for status in combined.statuses]) == ("success", ["licences"])


def test_runs_jobs_and_artifacts_are_read(world: World, repository: Repository) -> None:
    """The release run, its jobs and its artifacts; an artifact is a zip file behind a redirect."""
    workflow = repository.get_workflow("release.yaml")
    (run,) = [run for run in workflow.get_runs() if run.head_branch == world.get("release.tag")]
    assert (run.head_sha, run.conclusion, run.event) == (world.get("release.sha"), "success", "push")
    assert [job.name for job in run.jobs()] == ["images", "sbom", "scan", "publish"]
    artifact = next(artifact for artifact in run.get_artifacts() if artifact.name == "image-digests")
    assert not artifact.expired
    token = Path(world.get("github.token_file")).read_text(encoding="utf-8")
    request = urllib.request.Request(artifact.archive_download_url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 — our own server
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 — our own server
        names = zipfile.ZipFile(io.BytesIO(answer.read())).namelist()
    assert names == ["image-digests.json"]


def test_a_release_is_read(repository: Repository) -> None:
    """The published release of a tag; one that there is not is an error of the client's."""
    assert repository.get_release("v1.4.2").tag_name == "v1.4.2"
    with pytest.raises(github.UnknownObjectException):
        repository.get_release("v9.9.9")


def test_a_workflow_is_started(world: World, repository: Repository) -> None:
    """A dispatch for a tag makes a run; one for what there is not is refused."""
    workflow = repository.get_workflow("release.yaml")
    before = workflow.get_runs().totalCount
    assert workflow.create_dispatch(world.get("release.previous.tag"))
    assert workflow.get_runs().totalCount == before + 1
    assert not workflow.create_dispatch("v9.9.9")
    newest = workflow.get_runs()[0]
    assert (newest.event, newest.head_sha) == ("workflow_dispatch", world.get("release.previous.sha"))


def test_a_wrong_token_is_refused(world: World) -> None:
    """Another token is refused as bad credentials."""
    client = github.Github(base_url=world.get("github.url"), auth=github.Auth.Token("ghp_wrong"), retry=None)
    with pytest.raises(github.BadCredentialsException):
        client.get_repo("sandbox/platform")
    client.close()
