"""GitHub's JSON of pull requests and files → facts. Pure."""

import base64
import binascii
from collections.abc import Mapping

from apgms_ops.clients.github.parse import sha, truth, whole
from apgms_ops.clients.github.pull_facts import ChangedFile, PullRequest, Review, ReviewState
from apgms_ops.clients.http.shape import field, mapping, rfc3339, text, text_field, wrong
from apgms_ops.errors import Incomplete


def pull_request(body: object) -> PullRequest:
    """Return a pull request."""
    data = mapping(body, "pull")
    base = mapping(field(data, "base", "pull"), "pull.base")
    repository = mapping(field(base, "repo", "pull.base"), "pull.base.repo")
    head = mapping(field(data, "head", "pull"), "pull.head")
    merged, at = truth(data, "merged", "pull"), field(data, "merged_at", "pull")
    if merged != (at is not None):
        wrong("pull.merged_at", "a time exactly where it was merged", at)
    return PullRequest(
        number=whole(data, "number", "pull"),
        author=_login(data, "pull"),
        merged_at=None if at is None else rfc3339(at, "pull.merged_at"),
        base=text_field(base, "ref", "pull.base"),
        default_branch=text_field(repository, "default_branch", "pull.base.repo"),
        head=sha(field(head, "sha", "pull.head"), "pull.head.sha"),
        files=whole(data, "changed_files", "pull"),
    )


def review(item: object, where: str) -> Review:
    """Return a review."""
    data = mapping(item, where)
    word, commit = text_field(data, "state", where), field(data, "commit_id", where)
    # A pending review has no time of its own; the field may be left out of it.
    at = data.get("submitted_at")
    return Review(
        id=whole(data, "id", where),
        by=_login(data, where),
        state=ReviewState(word) if word in {member.value for member in ReviewState} else ReviewState.UNKNOWN,
        commit="" if commit is None else sha(commit, f"{where}.commit_id"),
        submitted_at=None if at is None else rfc3339(at, f"{where}.submitted_at"),
    )


def changed_file(item: object, where: str) -> ChangedFile:
    """Return a file of a pull request."""
    data = mapping(item, where)
    return ChangedFile(path=text_field(data, "filename", where), status=text_field(data, "status", where))


def content(body: object) -> bytes:
    """Return the content of a file.

    Raises:
        BadAnswer: It is no file, but a folder, a link or a submodule.
        Incomplete: It is larger than what GitHub shows this way: a megabyte.
    """
    data = mapping(body, "content")
    kind, encoding = text_field(data, "type", "content"), text_field(data, "encoding", "content")
    if kind != "file":
        wrong("content.type", "a file", kind)
    size = whole(data, "size", "content")
    if encoding == "none":
        msg = f"the file is {size} bytes large, and GitHub leaves its content out"
        raise Incomplete(msg)
    if encoding != "base64":
        wrong("content.encoding", "base64", encoding)
    written = text_field(data, "content", "content")
    try:
        found = base64.b64decode(written.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        wrong("content.content", "base64", written)
    if len(found) != size:
        msg = f"the file is said to be {size} bytes large, and {len(found)} are there"
        raise Incomplete(msg)
    return found


def _login(data: Mapping[str, object], where: str) -> str:
    user = field(data, "user", where)
    return "" if user is None else text(field(mapping(user, f"{where}.user"), "login", f"{where}.user"), where)
