"""Records → GitHub's JSON. Pure."""

from typing import Final

from apgms_ops.sandbox.github_process.course import ended, standing, time_of
from apgms_ops.sandbox.github_process.git import Commit
from apgms_ops.sandbox.github_process.records import Record
from apgms_ops.sandbox.github_process.render_git import GitRenderer, Json, node
from apgms_ops.sandbox.github_process.settings import Settings

_KEPT: Final = 90 * 86400.0
"""Seconds for which an artifact can be downloaded."""


class Renderer(GitRenderer):
    """Writes answers for one repository at one moment."""

    def __init__(self, settings: Settings, repository_id: int, now: float) -> None:
        """Take what every answer mentions."""
        super().__init__(settings, repository_id)
        self._now = now

    def workflow(self, record: Record) -> Json:
        """A workflow."""
        url = f"{self._root}/actions/workflows/{record['id']}"
        return {
            "id": record["id"],
            "node_id": node("Workflow", record["id"]),
            "name": record["name"],
            "path": f".github/workflows/{record['file']}",
            "state": "active",
            "created_at": time_of(0),
            "updated_at": time_of(0),
            "url": url,
            "html_url": url,
            "badge_url": f"{url}/badge.svg",
        }

    def run(self, record: Record, workflow: Record, head: Commit | None) -> Json:
        """A run of a workflow."""
        status, conclusion = standing(record, self._now)
        url = f"{self._root}/actions/runs/{record['id']}"
        nullable: Json | None = None
        if head is not None:
            nullable = {
                "id": head.sha,
                "tree_id": head.tree,
                "message": head.message,
                "timestamp": head.committer.at.isoformat(),
                "author": {"name": head.author.name, "email": head.author.email},
                "committer": {"name": head.committer.name, "email": head.committer.email},
            }
        return {
            "id": record["id"],
            "name": record["workflow"],
            "node_id": node("WorkflowRun", record["id"]),
            "head_branch": record["branch"],
            "head_sha": record["sha"],
            "path": f".github/workflows/{workflow['file']}",
            "display_title": (head.message.partition("\n")[0] if head else record["sha"]),
            "run_number": record["number"],
            "run_attempt": record["attempt"],
            "event": record["event"],
            "status": status,
            "conclusion": conclusion,
            "workflow_id": workflow["id"],
            "check_suite_id": record["id"] + 100_000,
            "url": url,
            "html_url": f"{self._web}/actions/runs/{record['id']}",
            "pull_requests": [],
            "created_at": time_of(record["at"]),
            "updated_at": ended(record, self._now) or time_of(self._now),
            "run_started_at": time_of(record["at"]),
            "jobs_url": f"{url}/jobs",
            "logs_url": f"{url}/logs",
            "check_suite_url": f"{self._root}/check-suites/{record['id'] + 100_000}",
            "artifacts_url": f"{url}/artifacts",
            "cancel_url": f"{url}/cancel",
            "rerun_url": f"{url}/rerun",
            "workflow_url": f"{self._root}/actions/workflows/{workflow['id']}",
            "head_commit": nullable,
            "repository": self.repository(),
            "head_repository": self.repository(),
        }

    def job(self, record: Record, run: Record) -> Json:
        """A job."""
        status, conclusion = standing(record, self._now)
        return {
            "id": record["id"],
            "run_id": record["run"],
            "run_url": f"{self._root}/actions/runs/{record['run']}",
            "run_attempt": record["attempt"],
            "node_id": node("Job", record["id"]),
            "head_sha": record["sha"],
            "head_branch": run["branch"],
            "url": f"{self._root}/actions/jobs/{record['id']}",
            "html_url": f"{self._web}/actions/runs/{record['run']}/job/{record['id']}",
            "status": status,
            "conclusion": conclusion,
            "created_at": time_of(record["at"]),
            "started_at": time_of(record["at"]),
            "completed_at": ended(record, self._now),
            "name": record["name"],
            "check_run_url": f"{self._root}/check-runs/{record['id']}",
            "labels": ["ubuntu-latest"],
            "runner_id": 1,
            "runner_name": "runner",
            "runner_group_id": 1,
            "runner_group_name": "Default",
            "workflow_name": run["workflow"],
        }

    def check_run(self, record: Record) -> Json:
        """The check run that a job is."""
        status, conclusion = standing(record, self._now)
        url = f"{self._root}/check-runs/{record['id']}"
        about = {"title": None, "summary": None, "text": None, "annotations_count": 0}
        return {
            "id": record["id"],
            "head_sha": record["sha"],
            "node_id": node("CheckRun", record["id"]),
            "external_id": str(record["id"]),
            "url": url,
            "html_url": f"{self._web}/runs/{record['id']}",
            "details_url": f"{self._web}/runs/{record['id']}",
            "status": status,
            "conclusion": conclusion,
            "started_at": time_of(record["at"]),
            "completed_at": ended(record, self._now),
            "output": {**about, "annotations_url": f"{url}/annotations"},
            "name": record["name"],
            "check_suite": {"id": record["run"] + 100_000},
            "app": None,
            "pull_requests": [],
        }

    def status(self, record: Record) -> Json:
        """A commit status."""
        return {
            "url": f"{self._root}/statuses/{record['sha']}",
            "avatar_url": None,
            "id": record["id"],
            "node_id": node("Status", record["id"]),
            "state": record["state"],
            "description": None,
            "target_url": None,
            "context": record["context"],
            "created_at": time_of(record["at"]),
            "updated_at": time_of(record["at"]),
        }

    def combined(self, sha: str, records: list[Record], page: list[Record]) -> Json:
        """Every commit status of a commit; pending where there is none."""
        states = {record["state"] for record in records}
        bad = states & {"failure", "error"}
        state = "failure" if bad else "pending" if "pending" in states or not states else "success"
        return {
            "state": state,
            "statuses": [self.status(record) for record in page],
            "sha": sha,
            "total_count": len(records),
            "repository": self.repository(),
            "commit_url": f"{self._root}/commits/{sha}",
            "url": f"{self._root}/commits/{sha}/status",
        }

    def artifact(self, record: Record, run: Record, size: int) -> Json:
        """An artifact."""
        url = f"{self._root}/actions/artifacts/{record['id']}"
        of_run = {"id": run["id"], "repository_id": self._repository_id, "head_repository_id": self._repository_id}
        return {
            "id": record["id"],
            "node_id": node("Artifact", record["id"]),
            "name": record["name"],
            "size_in_bytes": size,
            "url": url,
            "archive_download_url": f"{url}/zip",
            "expired": expired(record, self._now),
            "created_at": time_of(record["at"]),
            "expires_at": time_of(record["at"] + _KEPT),
            "updated_at": time_of(record["at"]),
            "workflow_run": {**of_run, "head_branch": run["branch"], "head_sha": run["sha"]},
        }

    def release(self, record: Record) -> Json:
        """A release."""
        url = f"{self._root}/releases/{record['id']}"
        return {
            "url": url,
            "html_url": f"{self._web}/releases/tag/{record['tag']}",
            "assets_url": f"{url}/assets",
            "upload_url": f"{url}/assets{{?name,label}}",
            "tarball_url": None,
            "zipball_url": None,
            "id": record["id"],
            "node_id": node("Release", record["id"]),
            "tag_name": record["tag"],
            "target_commitish": "main",
            "name": record["tag"],
            "body": None,
            "draft": record["draft"],
            "prerelease": record["prerelease"],
            "created_at": time_of(record["at"]),
            "published_at": time_of(record["at"]),
            "author": self.user(),
            "assets": [],
        }


def expired(record: Record, now: float) -> bool:
    """Whether an artifact can no longer be downloaded."""
    return bool(record["expired"]) or now > record["at"] + _KEPT
