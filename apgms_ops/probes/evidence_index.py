"""Whether the platform's evidence index is of the release that runs, and what it links is there."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import BadAnswer, Incomplete
from apgms_ops.evidence.index.document import between
from apgms_ops.evidence.index.update import history
from apgms_ops.observation import digest
from apgms_ops.probes.evidence_index_facts import EvidenceIndex, IndexedFile, WrittenIndex
from apgms_ops.probes.probe import probe
from apgms_ops.probes.release import commit_of, rules_of, running_release

if TYPE_CHECKING:
    from apgms_ops.clients.github import GithubClient
    from apgms_ops.estate import Estate

_ROWS = 100
"""That are read: an index has four."""


@probe(deadline=40.0)
def evidence_index(
    github: "GithubClient", estate: "Estate", environment: Environment, release: str | None, deadline: Deadline
) -> EvidenceIndex:
    """The evidence index on the branch of the releases, its history, and every file that it links."""
    rules = rules_of(environment)
    running = running_release(estate, release, deadline)
    commit = running.sha or commit_of(github, running.tag, rules.branch, deadline)
    # The branch may move while it is looked at: its commit is fixed first.
    head = github.branch(rules.branch, deadline)

    def read(path: str) -> bytes | None:
        return github.file_if_there(path, head, deadline, proof=rules.branch)

    document = read(rules.evidence_index)
    sidecar = f"{rules.evidence_index.removesuffix('.md')}.json"
    kept = None if document is None else read(sidecar)
    entries = [] if kept is None else history(kept, sidecar)
    written = None
    if document is not None and entries:
        rows = tuple(_file(row, read) for row in _rows(entries[-1], sidecar))
        written = _written(entries[-1], document, rows, sidecar)
    return EvidenceIndex(running, commit, f"{rules.evidence_index} on {rules.branch}", document is not None, written)


def _rows(entry: dict[str, Any], sidecar: str) -> list[dict[str, Any]]:
    found = entry.get("rows")
    if not isinstance(found, list) or len(found) > _ROWS or not all(isinstance(row, dict) for row in found):
        msg = f"{sidecar}: its newest entry has no rows"
        raise BadAnswer(msg)
    return found


def _file(row: dict[str, Any], read: Any) -> IndexedFile:  # noqa: ANN401 — the closure above
    try:
        artifact, path, sha256 = str(row["artifact"]), row["path"], row["sha256"]
        problems = tuple(str(problem) for problem in row["problems"])
    except (KeyError, TypeError) as error:
        msg = f"the evidence index's history is malformed: {error}"
        raise BadAnswer(msg) from error
    if path is None:
        return IndexedFile(artifact, None, None, problems, there=False, found_sha256=None, unread=None)
    try:
        data = read(str(path))
    except Incomplete as error:  # too large for GitHub to show; that it is there, it says
        unread = str(error)
        return IndexedFile(artifact, str(path), str(sha256), problems, there=True, found_sha256=None, unread=unread)
    found = None if data is None else digest(data)
    return IndexedFile(
        artifact, str(path), str(sha256), problems, there=data is not None, found_sha256=found, unread=None
    )


def _written(entry: dict[str, Any], document: bytes, rows: tuple[IndexedFile, ...], sidecar: str) -> WrittenIndex:
    try:
        at = datetime.fromisoformat(entry["at"])
        commit = entry["commit"]
        table = between(document.decode("utf-8"))
        return WrittenIndex(
            at=at,
            release=str(entry["release"]),
            commit=None if commit is None else str(commit),
            unaltered=table == entry["table"],
            rows=rows,
        )
    except (KeyError, TypeError, ValueError) as error:
        msg = f"{sidecar}: its newest entry is malformed: {type(error).__name__}"
        raise BadAnswer(msg) from error
