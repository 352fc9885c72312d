"""The history of the platform's repository in the sandbox, as `git fast-import` reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

PREVIOUS: Final = "v1.4.1"
CURRENT: Final = "v1.4.2"
MAIN: Final = "main"
ASTRAY: Final = "hotfix/rounding"
"""A branch whose commit never came to main: what a tag that is not on main may point to."""

_AUTHOR: Final = "Robin Platform <robin@platform.example>"
_COMMITTER: Final = "Platform Merge <merge@platform.example>"
_CI: Final = """name: ci
on:
  push: {branches: [main]}
  pull_request:
jobs:
  lint: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v4}, {run: npm ci}, {run: npm run lint}]}
  test: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v4}, {run: npm ci}, {run: npm test}]}
"""
_RELEASE: Final = """name: release
on:
  push: {tags: ["v*.*.*"]}
  workflow_dispatch:
jobs:
  images: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v4}, {run: ./scripts/build-images}]}
  sbom: {needs: [images], runs-on: ubuntu-latest, steps: [{run: ./scripts/list-parts}]}
  scan: {needs: [images], runs-on: ubuntu-latest, steps: [{run: ./scripts/scan-images}]}
  publish: {needs: [sbom, scan], runs-on: ubuntu-latest, steps: [{run: ./scripts/publish}]}
"""
_PACKAGE: Final = '{"name": "apgms", "private": true, "scripts": {"lint": "eslint .", "test": "vitest run"}}\n'


@dataclass(frozen=True, slots=True)
class _Commit:
    """One commit: how long before the sandbox's start it was made, what it says, and what it writes."""

    ago: timedelta
    says: str
    files: Mapping[str, str]
    tag: str = ""
    branch: str = MAIN
    after: int | None = field(default=None)
    """The number of the commit that it follows, where that is not the one before it."""


_HISTORY: Final = (
    _Commit(
        timedelta(days=40), "Withhold, remit and keep the books", {"package.json": _PACKAGE, "README.md": "APGMS\n"}
    ),
    _Commit(
        timedelta(days=39),
        "Lint and test every push, release every tag",
        {".github/workflows/ci.yaml": _CI, ".github/workflows/release.yaml": _RELEASE},
    ),
    _Commit(
        timedelta(days=8, hours=3),
        "Write every entry of the audit log once",
        {"services/audit/writer.ts": "export const once = true;\n"},
        tag=PREVIOUS,
    ),
    _Commit(
        timedelta(days=2),
        "Ask the register once an hour, not at every payment",
        {"services/registries/cache.ts": "export const seconds = 3600;\n"},
    ),
    _Commit(
        timedelta(hours=5),
        "Close a period only when its ledger adds up",
        {"services/payments/close.ts": "export const strict = true;\n"},
        tag=CURRENT,
    ),
    _Commit(timedelta(hours=1), "Say how a release is made", {"README.md": "APGMS\n\nA release is a tag on main.\n"}),
    _Commit(
        timedelta(hours=4),
        "Round to the cent, not to the dollar",
        {"services/payments/rounding.ts": "export const unit = 1;\n"},
        branch=ASTRAY,
        after=5,
    ),
)
_UNTIL_TAGGED: Final = timedelta(minutes=40)
"""From a commit to its tag."""
_UNTIL_BUILT: Final = timedelta(minutes=52)
"""From a commit to the images of its release."""


def stream(start: datetime) -> str:
    """Return all of it, dated from the sandbox's start backwards."""
    parts: list[str] = []
    for number, commit in enumerate(_HISTORY, start=1):
        at = int((start - commit.ago).timestamp())
        parts.append(f"commit refs/heads/{commit.branch}\nmark :{number}\nauthor {_AUTHOR} {at} +0000\n")
        parts.append(f"committer {_COMMITTER} {at} +0000\n{_data(commit.says)}")
        parent = commit.after or number - 1
        if parent:
            parts.append(f"from :{parent}\n")
        parts += (f"M 100644 inline {path}\n{_data(text)}" for path, text in commit.files.items())
        parts.append("\n")
        if commit.tag:
            tagged = int((start - commit.ago + _UNTIL_TAGGED).timestamp())
            parts.append(f"tag {commit.tag}\nfrom :{number}\ntagger {_AUTHOR} {tagged} +0000\n")
            parts.append(_data(f"Release {commit.tag}\n"))
    parts.append("done\n")
    return "".join(parts)


def built(tag: str, start: datetime) -> datetime:
    """Return when the images of a release were built.

    Raises:
        KeyError: No commit carries the tag.
    """
    for commit in _HISTORY:
        if commit.tag == tag:
            return (start - commit.ago + _UNTIL_BUILT).replace(microsecond=0)
    raise KeyError(tag)


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"
