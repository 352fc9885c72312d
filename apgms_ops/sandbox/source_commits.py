"""Commits on main of the platform's repository, made without a work tree, and without a push that anything notices."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import errands, source_history
from apgms_ops.sandbox.world import World

GIT: Final[Mapping[str, str]] = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
}
"""What git is run with: nothing of this machine's own configuration, which may sign, rewrite or ask."""
_PERSON: Final = {
    "GIT_AUTHOR_NAME": "Platform Release",
    "GIT_AUTHOR_EMAIL": "release@platform.example",
    "GIT_COMMITTER_NAME": "Platform Release",
    "GIT_COMMITTER_EMAIL": "release@platform.example",
}
_NOTHING: Final = "0" * 40
_HEAD: Final = f"refs/heads/{source_history.MAIN}"


@dataclass(frozen=True, slots=True)
class Bare:
    """A bare repository of the sandbox."""

    world: World
    component: str
    """Whose errands are run on it."""
    path: Path


def commit(
    bare: Bare, files: Mapping[str, str | None], says: str, deadline: Deadline, *, at: datetime | None = None
) -> str:
    """Commit files to main and return what main was before.

    Args:
        bare: The repository.
        files: Path → text; None takes the file away.
        says: The message.
        deadline: For all of it.
        at: When, as the commit says it; now where it is not given.

    Raises:
        SandboxError: git refuses.
    """
    index = bare.world.folder(bare.component) / "commit.index"
    moment = f"{int((at or datetime.now(UTC)).timestamp())} +0000"
    env = dict(GIT) | _PERSON | {"GIT_INDEX_FILE": str(index), "GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}

    def git(*arguments: str, given: str = "") -> str:
        command = ["git", "--git-dir", str(bare.path), *arguments]
        done = errands.run(bare.world, bare.component, command, deadline, env=env, given=given)
        if done.returncode:
            msg = f"git {arguments[0]} failed: {done.stderr.strip()}"
            raise SandboxError(msg)
        return done.stdout.strip()

    try:
        before = git("rev-parse", _HEAD)
        git("read-tree", before)
        for path, text in files.items():
            # Mode 0 takes a file away; `--force-remove` would want a work tree.
            blob = _NOTHING if text is None else git("hash-object", "-w", "--stdin", given=text)
            git("update-index", "--index-info", given=f"{'0' if text is None else '100644'} {blob}\t{path}\n")
        made = git("commit-tree", git("write-tree"), "-p", before, given=f"{says}\n")
        git("update-ref", _HEAD, made, before)
    finally:
        index.unlink(missing_ok=True)
    return before
