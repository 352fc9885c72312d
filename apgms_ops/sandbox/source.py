"""The component that makes the platform's repository, and says which release the sandbox runs and which ran before."""

import hashlib
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import errands, source_history, source_index
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.source_commits import GIT, Bare
from apgms_ops.sandbox.world import World

SERVICES: Final = ("api-gateway", "audit", "payments", "registries")
"""What a release builds an image of."""
_RELEASES: Final = {"release": source_history.CURRENT, "release.previous": source_history.PREVIOUS}
"""Where the facts of a release are published: `release.tag`, `.sha`, `.built_at`, `.digests`."""


class PlatformSource(Component):
    """A bare repository with the history of main and two annotated tags; it has no process."""

    name = "platform-source"
    lives = False

    def install(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — git is the operator's to install
        """Check that git is there.

        Raises:
            SandboxError: It is not.
        """
        if shutil.which("git") is None:
            msg = "program git is missing; install it with `apt-get install git`"
            raise SandboxError(msg)

    def start(self, world: World, deadline: Deadline) -> None:
        """Make the repository where there is none yet, and publish the two releases.

        Raises:
            SandboxError: git refuses.
        """
        place = repository(world)
        if not world.get("release.sha", ""):
            shutil.rmtree(place, ignore_errors=True)  # what a broken-off start left
            self._make(world, place, deadline)
            world.set("platform-source.repository", str(place))

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return if the tag of the current release points to the commit that was published.

        Raises:
            SandboxError: It does not.
        """
        found = git(world, ["rev-parse", f"{world.get('release.tag')}^{{commit}}"], deadline)
        if found != world.get("release.sha"):
            msg = f"the tag {world.get('release.tag')} points to {found}, not to {world.get('release.sha')}"
            raise SandboxError(msg)

    def _make(self, world: World, place: Path, deadline: Deadline) -> None:
        start = datetime.now(UTC)
        git(world, ["init", "--quiet", "--bare", f"--initial-branch={source_history.MAIN}", str(place)], deadline)
        git(world, ["fast-import", "--quiet", "--done"], deadline, given=source_history.stream(start))
        current = source_history.CURRENT
        sha = git(world, ["rev-parse", f"{current}^{{commit}}"], deadline)
        source_index.make(bare(world), current, sha, source_history.built(current, start), deadline)
        for key, tag in reversed(_RELEASES.items()):  # the current one last: with it all of it is there
            sha = git(world, ["rev-parse", f"{tag}^{{commit}}"], deadline)
            built_at = source_history.built(tag, start).strftime("%Y-%m-%dT%H:%M:%SZ")
            digests = {service: image_digest(service, tag, sha, built_at) for service in SERVICES}
            world.set(f"{key}.tag", tag)
            world.set(f"{key}.built_at", built_at)
            world.set(f"{key}.digests", json.dumps(digests))
            world.set(f"{key}.sha", sha)


def repository(world: World) -> Path:
    """Return where the bare repository is."""
    return world.folder(PlatformSource.name) / "platform.git"


def bare(world: World) -> Bare:
    """Return it as commits are made to it."""
    return Bare(world, PlatformSource.name, repository(world))


def git(world: World, arguments: list[str], deadline: Deadline, *, given: str = "") -> str:
    """Run git on the bare repository and return what it prints, without the end of the last line.

    Raises:
        SandboxError: It fails, or does not end in time.
    """
    command = ["git", "--git-dir", str(repository(world)), *arguments]
    done = errands.run(world, PlatformSource.name, command, deadline, env=GIT, given=given)
    if done.returncode:
        msg = f"git {arguments[0]} failed: {done.stderr.strip()}"
        raise SandboxError(msg)
    return done.stdout.rstrip("\n")


def image_digest(service: str, version: str, git_sha: str, built_at: str) -> str:
    """Return the digest of the image that a release has of a service: of all that makes the image this one.

    Args:
        service: Its name.
        version: The tag of the release.
        git_sha: The commit.
        built_at: When it was built, as `/version` says it.
    """
    made_of = {"service": service, "version": version, "git_sha": git_sha, "built_at": built_at}
    canonical = json.dumps(made_of, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
