"""GitHub's JSON → facts. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from apgms_ops.clients.github.facts import (
    Ancestry,
    Artifact,
    CheckRun,
    CombinedStatus,
    CommitStatus,
    Conclusion,
    Job,
    Progress,
    Ref,
    Release,
    StatusState,
    TagKind,
    TagObject,
    WorkflowRun,
)
from apgms_ops.clients.http.shape import field, mapping, rfc3339, text, text_field, wrong

E = TypeVar("E", bound=StrEnum)
Object = Mapping[str, object]

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def ref(body: object) -> Ref:
    """Return a ref. What it points to is of a kind that GitHub names; another kind than tag or commit is OTHER."""
    data = mapping(body, "ref")
    target = mapping(field(data, "object", "ref"), "ref.object")
    return Ref(
        name=text_field(data, "ref", "ref"),
        kind=_word(TagKind, text_field(target, "type", "ref.object"), TagKind.OTHER),
        sha=sha(field(target, "sha", "ref.object"), "ref.object.sha"),
    )


def tag(body: object) -> TagObject:
    """Return an annotated tag."""
    data = mapping(body, "tag")
    target = mapping(field(data, "object", "tag"), "tag.object")
    tagger = mapping(field(data, "tagger", "tag"), "tag.tagger")
    verification = data.get("verification")
    return TagObject(
        sha=sha(field(data, "sha", "tag"), "tag.sha"),
        name=text_field(data, "tag", "tag"),
        target_kind=text_field(target, "type", "tag.object"),
        target=sha(field(target, "sha", "tag.object"), "tag.object.sha"),
        tagger=text_field(tagger, "name", "tag.tagger"),
        tagged_at=rfc3339(field(tagger, "date", "tag.tagger"), "tag.tagger.date"),
        message=text_field(data, "message", "tag"),
        # The field may be absent, and `verified: false` comes with 200 like any other.
        verified=None
        if verification is None
        else truth(mapping(verification, "tag.verification"), "verified", "tag.verification"),
    )


def ancestry(body: object) -> Ancestry:
    """Return how the head of a comparison stands to its base."""
    word = text_field(mapping(body, "comparison"), "status", "comparison")
    if word not in {member.value for member in Ancestry}:
        wrong("comparison.status", "identical, ahead, behind or diverged", word)
    return Ancestry(word)


def check_run(item: object, where: str) -> CheckRun:
    """Return a check run."""
    data = mapping(item, where)
    progress, conclusion = _ending(data, where)
    return CheckRun(
        id=whole(data, "id", where),
        name=text_field(data, "name", where),
        head_sha=sha(field(data, "head_sha", where), f"{where}.head_sha"),
        progress=progress,
        conclusion=conclusion,
        started_at=_time_or_none(data, "started_at", where),
        completed_at=_time_or_none(data, "completed_at", where),
    )


def status(item: object, where: str) -> CommitStatus:
    """Return a commit status."""
    data = mapping(item, where)
    return CommitStatus(
        context=text_field(data, "context", where),
        state=_word(StatusState, text_field(data, "state", where), StatusState.UNKNOWN),
        description=_text_or(data, "description", where),
        updated_at=rfc3339(field(data, "updated_at", where), f"{where}.updated_at"),
    )


def combined(body: Object, statuses: tuple[CommitStatus, ...]) -> CombinedStatus:
    """Return the combined status, of the first page and the statuses of all pages."""
    return CombinedStatus(
        sha=sha(field(body, "sha", "status"), "status.sha"),
        state=_word(StatusState, text_field(body, "state", "status"), StatusState.UNKNOWN),
        statuses=statuses,
    )


def workflow_run(item: object, where: str = "run") -> WorkflowRun:
    """Return a run of a workflow."""
    data = mapping(item, where)
    progress, conclusion = _ending(data, where)
    created = rfc3339(field(data, "created_at", where), f"{where}.created_at")
    return WorkflowRun(
        id=whole(data, "id", where),
        path=text_field(data, "path", where),
        event=text_field(data, "event", where),
        progress=progress,
        conclusion=conclusion,
        head_sha=sha(field(data, "head_sha", where), f"{where}.head_sha"),
        head_branch=_text_or(data, "head_branch", where),
        # Neither is required by the published description; a run that names none has run once.
        attempt=whole(data, "run_attempt", where) if "run_attempt" in data else 1,
        created_at=created,
        started_at=_time_or_none(data, "run_started_at", where, absent=True) or created,
        url=text_field(data, "html_url", where),
    )


def job(item: object, where: str) -> Job:
    """Return a job."""
    data = mapping(item, where)
    progress, conclusion = _ending(data, where)
    return Job(
        id=whole(data, "id", where),
        name=text_field(data, "name", where),
        attempt=whole(data, "run_attempt", where) if "run_attempt" in data else 1,
        head_sha=sha(field(data, "head_sha", where), f"{where}.head_sha"),
        progress=progress,
        conclusion=conclusion,
        started_at=_time_or_none(data, "started_at", where),
        completed_at=_time_or_none(data, "completed_at", where),
    )


def artifact(item: object, where: str) -> Artifact:
    """Return an artifact."""
    data = mapping(item, where)
    return Artifact(
        id=whole(data, "id", where),
        name=text_field(data, "name", where),
        size=whole(data, "size_in_bytes", where),
        expired=truth(data, "expired", where),
        created_at=_time_or_none(data, "created_at", where),
        expires_at=_time_or_none(data, "expires_at", where),
    )


def release(body: object) -> Release:
    """Return a release."""
    data = mapping(body, "release")
    return Release(
        tag=text_field(data, "tag_name", "release"),
        draft=truth(data, "draft", "release"),
        prerelease=truth(data, "prerelease", "release"),
        published_at=_time_or_none(data, "published_at", "release"),
    )


def sha(value: object, where: str) -> str:
    """Return the name of a git object."""
    name = text(value, where)
    if not _SHA.fullmatch(name):
        wrong(where, "a commit's full name", value)
    return name


def whole(data: Object, key: str, where: str) -> int:
    """Return a required whole number that is not negative."""
    value = field(data, key, where)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        wrong(f"{where}.{key}", "a whole number", value)
    return value


def truth(data: Object, key: str, where: str) -> bool:
    """Return a required boolean."""
    value = field(data, key, where)
    if not isinstance(value, bool):
        wrong(f"{where}.{key}", "true or false", value)
    return value


def _ending(data: Object, where: str) -> tuple[Progress, Conclusion | None]:
    words = field(data, "status", where)
    progress = Progress.UNKNOWN if words is None else _word(Progress, text(words, where), Progress.UNKNOWN)
    ended = field(data, "conclusion", where)
    conclusion = None if ended is None else _word(Conclusion, text(ended, where), Conclusion.UNKNOWN)
    # Only what is completed has an ending: one that comes early is not believed.
    if progress is Progress.COMPLETED and conclusion is None:
        wrong(f"{where}.conclusion", "how it ended, though it is completed", ended)
    return progress, conclusion if progress is Progress.COMPLETED else None


def _word(kind: type[E], word: str, otherwise: E) -> E:
    return kind(word) if word in {member.value for member in kind} else otherwise


def _text_or(data: Object, key: str, where: str) -> str:
    value = field(data, key, where)
    return "" if value is None else text(value, f"{where}.{key}")


def _time_or_none(data: Object, key: str, where: str, *, absent: bool = False) -> datetime | None:
    value = data.get(key) if absent else field(data, key, where)
    return None if value is None else rfc3339(value, f"{where}.{key}")
