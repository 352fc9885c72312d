"""What runs when something is pushed or asked for, as the workflow files of the repository say it."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from apgms_ops.sandbox.github_process import contents
from apgms_ops.sandbox.github_process.course import time_of
from apgms_ops.sandbox.github_process.git import Git
from apgms_ops.sandbox.github_process.records import Record, Records
from apgms_ops.sandbox.github_process.settings import Settings

MAIN: Final = "main"
_RELEASE_TAG: Final = re.compile(r"refs/tags/(v[^/]*\.[^/]*\.[^/]*)")
"""The glob `v*.*.*` of release.yaml: a tag such as v1.2 starts nothing."""
_NONE: Final = "0" * 40
_CI: Final = ("lint", "test")
_RELEASE: Final = ("images", "sbom", "scan", "publish")
_WORKFLOWS: Final = ((501, "ci", "ci.yaml", _CI), (502, "release", "release.yaml", _RELEASE))
_PAST: Final = 300.0
"""Seconds that the runs of the past took."""
_DELAY: Final = 60.0
"""Seconds from a push to its run, in the past."""
SECONDS: Final = 3.0
"""That a run takes now."""


class Actions:
    """Makes runs, with their jobs and what they leave behind."""

    def __init__(self, records: Records, git: Git, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        """Take what is there; `begin` fills what is not."""
        self._records = records
        self._git = git
        self._settings = settings
        self._clock = clock

    def begin(self) -> None:
        """Make the past: every commit of main tested, every release built. Once."""
        if self._records.every("workflows"):
            return
        with self._records.change():
            for sha in self._git.log(MAIN):
                commit = self._git.commit(sha)
                pushed = commit.committer.at.timestamp() + _DELAY if commit else self._clock()
                self._run("ci.yaml", "push", (sha, MAIN), pushed, _PAST)
                self._records.add(
                    "statuses", {"sha": sha, "context": "licences", "state": "success", "at": pushed + _PAST}
                )
            for tag, release in self._settings.releases.items():
                built = datetime.strptime(release["built_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
                self._run("release.yaml", "push", (release["sha"], tag), built - _PAST, _PAST)
            for number, name, file, _ in _WORKFLOWS:
                self._records.put("workflows", [{"id": number, "name": name, "file": file}])

    def notice(self) -> None:
        """Start what the pushes since the last look start."""
        path = Path(self._settings.pushes)
        if not path.is_file():
            return
        lines = path.read_text(encoding="utf-8").splitlines()
        with self._records.change():
            for line in lines[self._records.seen :]:
                _, new, ref = line.split(maxsplit=2)
                match = _RELEASE_TAG.fullmatch(ref)
                commit = self._git.commit_of(new) if new != _NONE else None
                if match and commit:
                    self._run("release.yaml", "push", (commit, match[1]), self._clock(), SECONDS)
                elif ref == f"refs/heads/{MAIN}" and commit:
                    self._run("ci.yaml", "push", (commit, MAIN), self._clock(), SECONDS)
            self._records.see(len(lines))

    def dispatch(self, workflow: Record, ref: str) -> bool:
        """Start a workflow for a branch or a tag; return False if there is no such ref."""
        sha = next((self._git.commit_of(f"{kind}/{ref}") for kind in ("refs/heads", "refs/tags")
                    if self._git.ref(f"{kind}/{ref}")), None)  # fmt: skip
        if sha is None:
            return False
        with self._records.change():
            self._run(workflow["file"], "workflow_dispatch", (sha, ref), self._clock(), SECONDS)
        return True

    def _run(self, file: str, event: str, head: tuple[str, str], at: float, takes: float) -> None:
        sha, branch = head
        name, jobs = next((name, jobs) for _, name, known, jobs in _WORKFLOWS if known == file)
        course = {"at": at, "takes": takes, "conclusion": "success"}
        number = len(self._records.every("runs", workflow=name)) + 1
        run = {"workflow": name, "event": event, "sha": sha, "branch": branch, "attempt": 1, "number": number, **course}
        made = int(self._records.add("runs", run)["id"])
        for job in jobs:
            self._records.add("jobs", {"run": made, "name": job, "attempt": 1, "sha": sha, **course})
        if name == "ci":
            self._leave(made, "junit", at + takes, contents.junit())
            return
        found = contents.digests(self._settings.services, branch, sha, time_of(at + takes))
        self._leave(made, "image-digests", at + takes, contents.images(found))
        self._leave(made, "sbom", at + takes, contents.sbom(found))
        self._leave(made, "scan", at + takes, contents.scan(found))
        if not self._records.one("releases", tag=branch):
            self._records.add("releases", {"tag": branch, "at": at + takes, "draft": False, "prerelease": False})

    def _leave(self, run: int, name: str, at: float, files: dict[str, str]) -> None:
        artifact = {"run": run, "name": name, "at": at, "files": files, "expired": False, "damaged": False}
        self._records.add("artifacts", artifact)
