"""What the bare repository holds, as the program git says it."""

import os
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_ENVIRONMENT: Final = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}
_PATIENCE: Final = 10.0
_PERSON: Final = re.compile(r"(.*) <(.*)> (\d+) [+-]\d{4}")
_WORDS: Final = {"A": "added", "M": "modified", "D": "removed", "R": "renamed"}
"""What GitHub calls what git says of a file."""
_SAFE: Final = re.compile(r"(?!-)[A-Za-z0-9._/-]{1,200}")


@dataclass(frozen=True, slots=True)
class Person:
    """Who made something, and when."""

    name: str
    email: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Tag:
    """An annotated tag."""

    sha: str
    name: str
    kind: str
    target: str
    tagger: Person
    message: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True, slots=True)
class Change:
    """One file that differs between two commits."""

    path: str
    status: str
    """`added`, `modified`, `removed`, `renamed`, `changed`."""
    sha: str
    """Of its content now; before, where it was removed."""
    added: int
    """Lines; 0 of what is no text."""
    removed: int
    before: str = ""
    """What it was called, where it was renamed."""


class Git:
    """Reads one bare repository; changes nothing."""

    def __init__(self, repository: str) -> None:
        """Take the path."""
        self._repository = repository

    def ref(self, name: str) -> tuple[str, str] | None:
        """Return kind and name of what a ref (`refs/tags/v1.4.2`) points to, or None if there is no such ref."""
        if not _SAFE.fullmatch(name):
            return None
        line = self._run("for-each-ref", "--format=%(refname) %(objecttype) %(objectname)", name)
        found, _, rest = (line or "").partition(" ")
        if found != name:
            return None
        kind, _, sha = rest.partition(" ")
        return kind, sha

    def commit_of(self, name: str) -> str | None:
        """Return the full name of the commit that a name stands for: a commit's own, a branch, a tag."""
        if not _SAFE.fullmatch(name):
            return None
        for candidate in (name, f"refs/heads/{name}", f"refs/tags/{name}"):
            found = self._run("rev-parse", "--verify", "--quiet", f"{candidate}^{{commit}}")
            if found:
                return found
        return None

    def tag(self, sha: str) -> Tag | None:
        """Return an annotated tag by the full name of its object."""
        head, message = self._object(sha, "tag")
        if head is None:
            return None
        return Tag(sha, head["tag"], head["type"], head["object"], _person(head["tagger"]), message)

    def commit(self, sha: str) -> Commit | None:
        """Return a commit by its full name."""
        head, message = self._object(sha, "commit")
        if head is None:
            return None
        parents = tuple(head.get("parent", "").split())
        return Commit(sha, head["tree"], parents, _person(head["author"]), _person(head["committer"]), message)

    def compare(self, base: str, head: str) -> tuple[str, int, int]:
        """Return how `head` stands to `base`: the word, commits that it is ahead, commits that it is behind."""
        counts = (self._run("rev-list", "--left-right", "--count", f"{base}...{head}") or "0\t0").split()
        behind, ahead = int(counts[0]), int(counts[1])
        words = {(False, False): "identical", (True, False): "ahead", (False, True): "behind"}
        return words.get((bool(ahead), bool(behind)), "diverged"), ahead, behind

    def merge_base(self, base: str, head: str) -> str:
        """Return the newest commit that both have in common; empty if there is none."""
        return self._run("merge-base", base, head) or ""

    def changes(self, base: str, head: str) -> list[Change]:
        """Return the files in which `head` differs from what it has in common with `base`."""
        between = ("-z", "-M", "--no-abbrev", "--no-ext-diff", "--no-color", f"{base}...{head}")
        raw = (self._run("diff", "--raw", *between) or "").split("\0")
        counts = (self._run("diff", "--numstat", *between) or "").split("\0")
        found: list[Change] = []
        while len(raw) > 1:
            _, _, before, after, word = raw.pop(0).split()
            added, removed, name = counts.pop(0).split("\t", 2)
            paths = [raw.pop(0)]
            if word[0] == "R":
                paths.append(raw.pop(0))
            if not name:  # renamed: both names follow
                del counts[:2]
            status = _WORDS.get(word[0], "changed")
            sha = before if status == "removed" else after
            lines = [int(count) if count.isdecimal() else 0 for count in (added, removed)]
            found.append(Change(paths[-1], status, sha, lines[0], lines[1], paths[0] if len(paths) > 1 else ""))
        return found

    def entry(self, commit: str, path: str) -> tuple[str, str] | None:
        """Return kind and name of what stands at a path in a commit; None where nothing does."""
        if not _SAFE.fullmatch(path) or any(part in ("", ".", "..") for part in path.split("/")):
            return None
        sha = self._run("rev-parse", "--verify", "--quiet", f"{commit}:{path}")
        kind = None if sha is None else self._run("cat-file", "-t", sha)
        return None if sha is None or kind is None else (kind, sha)

    def blob(self, sha: str) -> bytes | None:
        """Return the content of a file by the name of its object."""
        return self._bytes("cat-file", "blob", sha) if re.fullmatch(r"[0-9a-f]{40}", sha) else None

    def log(self, branch: str) -> list[str]:
        """Return the commits of a branch, the oldest first."""
        return (self._run("rev-list", "--reverse", f"refs/heads/{branch}") or "").split()

    def _object(self, sha: str, kind: str) -> tuple[dict[str, str] | None, str]:
        if not re.fullmatch(r"[0-9a-f]{40}", sha) or self._run("cat-file", "-t", sha) != kind:
            return None, ""
        text = self._run("cat-file", kind, sha) or ""
        head, _, message = text.partition("\n\n")
        fields: dict[str, str] = {}
        for line in head.splitlines():
            key, _, value = line.partition(" ")
            fields[key] = f"{fields[key]} {value}" if key in fields else value
        return fields, message

    def _run(self, *arguments: str) -> str | None:
        """Return what git prints, or None where it fails: it does not know what was asked for."""
        found = self._bytes(*arguments)
        return None if found is None else found.decode("utf-8", "replace").strip("\n")

    def _bytes(self, *arguments: str) -> bytes | None:
        done = subprocess.run(  # noqa: S603 — a fixed program; what comes from outside is checked, and is no option
            ["git", "--git-dir", self._repository, *arguments],  # noqa: S607 — of this machine, wherever it is
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
        )
        return done.stdout if done.returncode == 0 else None


def _person(text: str) -> Person:
    match = _PERSON.fullmatch(text)
    if match is None:
        return Person(text, "", datetime.fromtimestamp(0, UTC))
    return Person(match[1], match[2], datetime.fromtimestamp(int(match[3]), UTC))
