"""`apgms-ops release …` on a real clone of a real repository, with GitHub's stand-in over it."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apgms_ops.cli import main
from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import fill
from apgms_ops.evidence.action import read_action
from apgms_ops.sandbox import github
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.github import Github
from apgms_ops.sandbox.source import PlatformSource, repository
from apgms_ops.sandbox.source import git as bare
from apgms_ops.sandbox.startup import Startup
from apgms_ops.sandbox.world import World

ROOT = Path(__file__).parents[2]
ENVIRON = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Kim Operator",
    "GIT_AUTHOR_EMAIL": "kim@platform.example",
    "GIT_COMMITTER_NAME": "Kim Operator",
    "GIT_COMMITTER_EMAIL": "kim@platform.example",
}
pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A repository, and GitHub over it."""
    world = World(tmp_path_factory.mktemp("releases") / "sandbox", report=lambda _line: None)
    try:
        Startup((PlatformSource(), Github()), world, Deadline(60)).run(lambda _doing, _seconds: None)
        yield world
    finally:
        world.destroy(Deadline(30))


@pytest.fixture
def clone(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's clone."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    place = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(repository(world)), str(place))
    return place


@pytest.fixture
def run(world: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """What runs a command of `release`, and returns its exit code with all it said."""
    template = (ROOT / "environments/sandbox.toml").read_text(encoding="utf-8")
    file = tmp_path / "sandbox.toml"
    file.write_text(fill(template, world.values(), file.name), encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str]:
        capfd.readouterr()
        records = [] if arguments[0] == "watch" else ["--records", str(tmp_path / "actions")]
        code = main(["release", *arguments, "--env", str(file), *records])
        said = capfd.readouterr()
        return code, said.out + said.err

    return run


def git(folder: Path, *arguments: str) -> str:
    """Run git as a person would."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],  # noqa: S607 — of this machine
        env={**os.environ, **ENVIRON},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def records(folder: Path) -> list[tuple[str, str]]:
    """Return what was recorded: each command, with what came of it."""
    found = [read_action(path) for path in sorted((folder / "actions").glob("*"))]
    return [(plan["command"], close["outcome"] if close else "cut off") for plan, close in found]


def runs_for(world: World, tag: str) -> list[str]:
    """Return the events of the release workflow's runs for a tag."""
    found = require(world.port("github.control"), "/records/runs", Deadline(10))["records"]
    return [run["event"] for run in found if run["branch"] == tag and run["workflow"] == "release"]


def test_a_release_is_tagged_pushed_built_and_followed(
    world: World, clone: Path, run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    """The tag is annotated, at main, by the person, and recorded; its push starts the run, followed to its end."""
    code, said = run("tag", "v1.5.0", "--repository", str(clone), "--yes")
    assert code == 0, said
    assert "git push origin refs/tags/v1.5.0" in said
    assert bare(world, ["cat-file", "-t", "v1.5.0"], Deadline(10)) == "tag"
    assert "Kim Operator" in bare(world, ["cat-file", "-p", "v1.5.0"], Deadline(10))
    assert bare(world, ["rev-parse", "v1.5.0^{commit}"], Deadline(10)) == git(clone, "rev-parse", "HEAD")
    code, said = run("watch", "v1.5.0", "--every", "200ms", "--deadline", "30s")
    assert code == 0, said
    assert "images: success" in said
    assert "v1.5.0 ended in success" in said
    assert runs_for(world, "v1.5.0") == ["push"]
    assert records(tmp_path) == [("release tag v1.5.0", "done")]


def test_a_dry_run_does_nothing(world: World, clone: Path, run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    """With --dry-run the steps are shown, neither clone nor remote has the tag, and nothing is recorded."""
    code, said = run("tag", "v1.6.0", "--repository", str(clone), "--dry-run")
    assert (code, "nothing was done" in said, "git tag --annotate" in said) == (0, True, True)
    assert git(clone, "tag", "--list", "v1.6.0") == ""
    assert bare(world, ["tag", "--list", "v1.6.0"], Deadline(10)) == ""
    assert records(tmp_path) == []


def test_nothing_is_done_that_cannot_be_recorded(
    world: World, clone: Path, run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    """Where no record can be written there is no tag, and the error names the option (exit 4)."""
    (tmp_path / "actions").write_text("a file")
    code, said = run("tag", "v1.6.0", "--repository", str(clone), "--yes")
    assert (code, "--records" in said) == (4, True)
    assert bare(world, ["tag", "--list", "v1.6.0"], Deadline(10)) == ""


def test_nobody_there_to_ask(clone: Path, run: Callable[..., tuple[int, str]]) -> None:
    """Without a terminal and without --yes nothing is done (exit 4)."""
    code, said = run("tag", "v1.6.0", "--repository", str(clone))
    assert (code, "say --yes" in said) == (4, True)
    assert git(clone, "tag", "--list", "v1.6.0") == ""


@pytest.mark.parametrize("version", ["1.6.0", "v1.6", "v1.06.0", "v1.6.0-rc1", "latest"])
def test_only_a_version_is_tagged(clone: Path, run: Callable[..., tuple[int, str]], version: str) -> None:
    """What is not vMAJOR.MINOR.PATCH is refused before anything is asked (exit 4)."""
    code, said = run("tag", version, "--repository", str(clone), "--yes")
    assert (code, "expected a version such as v1.4.3" in said) == (4, True)


def test_an_unclean_tree_another_branch_and_an_old_commit_are_refused(
    clone: Path, run: Callable[..., tuple[int, str]]
) -> None:
    """Everything that speaks against the tag is said at once (exit 1), and nothing is done."""
    git(clone, "checkout", "--quiet", "-b", "work", "HEAD~1")
    (clone / "notes.txt").write_text("not committed", encoding="utf-8")
    code, said = run("tag", "v1.6.0", "--repository", str(clone), "--yes")
    assert code == 1
    assert "refused: work is checked out, not main" in said
    assert "refused: the work tree is not clean: ?? notes.txt" in said
    assert "main on GitHub is at" in said
    assert git(clone, "tag", "--list", "v1.6.0") == ""


def test_a_tag_that_exists_is_never_moved(clone: Path, run: Callable[..., tuple[int, str]]) -> None:
    """A version that was released is refused (exit 1)."""
    code, said = run("tag", "v1.4.2", "--repository", str(clone), "--yes")
    assert (code, "a release's tag is never moved" in said) == (1, True)


def test_another_repository_behind_the_remote_is_refused(
    clone: Path, tmp_path: Path, run: Callable[..., tuple[int, str]]
) -> None:
    """A remote whose main is another commit than GitHub's is another repository (exit 1)."""
    fork = tmp_path / "fork.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(clone), str(fork))
    git(fork, "update-ref", "refs/heads/main", "HEAD~1")
    git(clone, "remote", "add", "fork", str(fork))
    code, said = run("tag", "v1.6.0", "--repository", str(clone), "--remote", "fork", "--yes")
    assert (code, "is that the same repository?" in said) == (1, True)


def test_a_red_commit_is_not_tagged(world: World, clone: Path, run: Callable[..., tuple[int, str]]) -> None:
    """Where a required check did not succeed on main's newest commit, nothing is tagged (exit 1)."""
    wanted = {"sha": git(clone, "rev-parse", "HEAD"), "name": "lint"}
    order = {"collection": "jobs", "wanted": wanted}
    control = world.port("github.control")
    require(control, "/edit", Deadline(10), {**order, "values": {"conclusion": "failure"}})
    try:
        code, said = run("tag", "v1.6.0", "--repository", str(clone), "--yes")
    finally:
        require(control, "/edit", Deadline(10), {**order, "values": {"conclusion": "success"}})
    assert (code, "lint concluded failure" in said) == (1, True)
    assert git(clone, "tag", "--list", "v1.6.0") == ""


def test_a_push_that_is_refused_leaves_no_tag_behind(
    world: World, clone: Path, run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    """What the remote does not take is taken back in the clone, is no success (exit 10), and recorded as failed."""
    hook = repository(world) / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho protected tag >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o700)
    try:
        code, said = run("tag", "v1.6.0", "--repository", str(clone), "--yes")
    finally:
        hook.unlink()
    assert (code, "git push failed" in said) == (10, True)
    assert git(clone, "tag", "--list", "v1.6.0") == ""
    assert records(tmp_path) == [("release tag v1.6.0", "failed")]


def test_a_run_is_started_by_hand(world: World, run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    """`trigger` shows the call, starts the workflow for a release's tag, records it, and refuses what is no release."""
    code, said = run("trigger", "v1.4.1", "--dry-run")
    assert code == 0
    assert 'POST /repos/sandbox/platform/actions/workflows/release.yaml/dispatches {"ref": "v1.4.1"}' in said
    assert runs_for(world, "v1.4.1") == ["push"]
    code, said = run("trigger", "v1.4.1", "--yes")
    assert code == 0, said
    assert runs_for(world, "v1.4.1") == ["push", "workflow_dispatch"]
    code, said = run("trigger", "v9.9.9", "--yes")
    assert (code, "no tag v9.9.9 on the remote" in said) == (1, True)
    assert records(tmp_path) == [("release trigger v1.4.1", "done")]


def test_a_tag_that_misses_the_workflow_starts_nothing(
    world: World, clone: Path, run: Callable[..., tuple[int, str]]
) -> None:
    """A tag v1.2, pushed past the command, does not match `v*.*.*`: no run begins, and `watch` says so (exit 10)."""
    git(clone, "tag", "--annotate", "--message", "Release v1.2", "v1.2")
    git(clone, "push", "--quiet", "origin", "refs/tags/v1.2")
    code, said = run("watch", "v1.2", "--every", "200ms", "--deadline", "3s")
    assert (code, "no run" in said) == (10, True)
    assert runs_for(world, "v1.2") == []


def test_a_run_that_ends_badly_is_not_a_release(world: World, run: Callable[..., tuple[int, str]]) -> None:
    """`watch` ends with 1 where the run ends in anything but success."""
    control = world.port("github.control")
    order = {"collection": "runs", "wanted": {"branch": world.get("release.tag"), "workflow": "release"}}
    require(control, "/edit", Deadline(10), {**order, "values": {"conclusion": "cancelled"}})
    try:
        code, said = run("watch", world.get("release.tag"))
    finally:
        require(control, "/edit", Deadline(10), {**order, "values": {"conclusion": "success"}})
    assert (code, "ended in cancelled" in said) == (1, True)


def test_another_repository_is_not_believed(world: World, run: Callable[..., tuple[int, str]]) -> None:
    """Nothing is asked of, or changed in, a repository that is not the pinned one (exit 10)."""
    control = world.port(f"{github.NAME}.control")
    require(control, "/switches", Deadline(10), {"repository_id": 99})
    try:
        code, said = run("trigger", "v1.4.2", "--yes")
    finally:
        require(control, "/switches", Deadline(10), {"repository_id": 0})
    assert (code, "not the pinned" in said) == (10, True)
    assert runs_for(world, "v1.4.2") == ["push"]
