"""Pull requests, reviews and files → GitHub's JSON. Pure."""

import base64
import zlib
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from apgms_ops.sandbox.github_process.course import time_of
from apgms_ops.sandbox.github_process.git import Change
from apgms_ops.sandbox.github_process.records import Record
from apgms_ops.sandbox.github_process.render_git import GitRenderer, Json, node

_SHOWN: Final = 1024 * 1024
"""Bytes of a file above which its content is left out."""


class PullRenderer(GitRenderer):
    """Writes what answers say of pull requests."""

    def pull(self, record: Record) -> Json:
        """A pull request as a list has it."""
        url, web = f"{self._root}/pulls/{record['number']}", f"{self._web}/pull/{record['number']}"
        issue = f"{self._root}/issues/{record['number']}"
        links = {
            "self": url,
            "html": web,
            "issue": issue,
            "comments": f"{issue}/comments",
            "review_comments": f"{url}/comments",
            "review_comment": f"{self._root}/pulls/comments{{/number}}",
            "commits": f"{url}/commits",
            "statuses": f"{self._root}/statuses/{record['head']}",
        }
        return {
            "url": url,
            "id": record["id"],
            "node_id": node("PullRequest", record["id"]),
            "html_url": web,
            "diff_url": f"{web}.diff",
            "patch_url": f"{web}.patch",
            "issue_url": issue,
            **{f"{name}_url": links[name] for name in ("commits", "review_comments", "review_comment", "comments")},
            "statuses_url": links["statuses"],
            "number": record["number"],
            "state": record["state"],
            "locked": False,
            "title": record["title"],
            "user": self.person(record["author"]),
            "body": None,
            **{name: [] for name in ("labels", "assignees", "requested_reviewers", "requested_teams")},
            "milestone": None,
            "active_lock_reason": None,
            "created_at": time_of(record["at"]),
            "updated_at": time_of(record["updated_at"]),
            "closed_at": None if record["closed_at"] is None else time_of(record["closed_at"]),
            "merged_at": None if record["merged_at"] is None else time_of(record["merged_at"]),
            "merge_commit_sha": record["merge_sha"],
            "assignee": None,
            "head": self._end(record["branch"], record["head"]),
            "base": self._end(record["base"], record["base_sha"]),
            "_links": {name: {"href": href} for name, href in links.items()},
            "author_association": "COLLABORATOR",
            "auto_merge": None,
            "draft": False,
        }

    def whole(self, record: Record, changes: Sequence[Change], commits: int) -> Json:
        """A pull request by itself."""
        merged = record["merged_at"] is not None
        return {
            **self.pull(record),
            "merged": merged,
            "mergeable": None,
            "rebaseable": None,
            "mergeable_state": "unknown",
            "merged_by": self.user() if merged else None,
            "comments": 0,
            "review_comments": 0,
            "maintainer_can_modify": False,
            "commits": commits,
            "additions": sum(change.added for change in changes),
            "deletions": sum(change.removed for change in changes),
            "changed_files": len(changes),
        }

    def review(self, record: Record, pull: Record) -> Json:
        """A review; one that is pending has no time yet."""
        web, url = f"{self._web}/pull/{pull['number']}", f"{self._root}/pulls/{pull['number']}"
        handed_in = {} if record["state"] == "PENDING" else {"submitted_at": time_of(record["at"])}
        here = f"{web}#pullrequestreview-{record['id']}"
        return {
            "id": record["id"],
            "node_id": node("PullRequestReview", record["id"]),
            "user": self.person(record["by"]),
            "body": "",
            "state": record["state"],
            "html_url": here,
            "pull_request_url": url,
            "author_association": "COLLABORATOR",
            "_links": {"html": {"href": here}, "pull_request": {"href": url}},
            **handed_in,
            "commit_id": record["sha"],
        }

    def changed_file(self, change: Change, head: str) -> Json:
        """A file that a pull request changes; what is changed in it is left out, as of large files."""
        path = quote(change.path)
        renamed = {"previous_filename": change.before} if change.before else {}
        return {
            "sha": change.sha,
            "filename": change.path,
            "status": change.status,
            "additions": change.added,
            "deletions": change.removed,
            "changes": change.added + change.removed,
            "blob_url": f"{self._web}/blob/{head}/{path}",
            "raw_url": f"{self._web}/raw/{head}/{path}",
            "contents_url": f"{self._root}/contents/{path}?ref={head}",
            **renamed,
        }

    def content(self, path: str, ref: str, sha: str, data: bytes) -> Json:
        """A file at a commit."""
        url = f"{self._root}/contents/{quote(path)}?ref={quote(ref, safe='')}"
        web, blob = f"{self._web}/blob/{quote(ref)}/{quote(path)}", f"{self._root}/git/blobs/{sha}"
        shown = len(data) <= _SHOWN
        return {
            "name": path.rpartition("/")[2],
            "path": path,
            "sha": sha,
            "size": len(data),
            "url": url,
            "html_url": web,
            "git_url": blob,
            "download_url": None,
            "type": "file",
            "content": base64.encodebytes(data).decode("ascii") if shown else "",
            "encoding": "base64" if shown else "none",
            "_links": {"self": url, "git": blob, "html": web},
        }

    def person(self, login: str) -> Json | None:
        """Somebody's account; None of one that is gone."""
        if not login:
            return None
        number = 100_000 + zlib.crc32(login.casefold().encode()) % 1_000_000
        return self._account(login, number, "User")

    def _end(self, branch: str, sha: str) -> Json:
        label = f"{self._owner}:{branch}"
        return {"label": label, "ref": branch, "sha": sha, "user": self.user(), "repo": self.repository()}
