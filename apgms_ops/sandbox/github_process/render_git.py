"""The repository and its git data → GitHub's JSON. Pure."""

import base64
from typing import Any, Final

from apgms_ops.sandbox.github_process.git import Commit, Person, Tag
from apgms_ops.sandbox.github_process.settings import Settings

Json = dict[str, Any]

_USER: Final = ("followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events")
_REPOSITORY: Final = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents",
    "contributors", "deployments", "downloads", "events", "forks", "hooks", "issue_comment", "issue_events", "issues",
    "keys", "labels", "languages", "merges", "milestones", "notifications", "pulls", "releases", "stargazers",
    "statuses", "subscribers", "subscription", "tags", "teams",
)  # fmt: skip


class GitRenderer:
    """Writes what answers say of the repository and of what git keeps in it."""

    def __init__(self, settings: Settings, repository_id: int) -> None:
        """Take what every answer mentions."""
        self._url = settings.url
        self._owner = settings.owner
        self._name = settings.name
        self._repository_id = repository_id
        self._root = f"{settings.url}/repos/{settings.owner}/{settings.name}"
        self._web = f"{settings.url}/{settings.owner}/{settings.name}"

    def user(self) -> Json:
        """The account that everything belongs to."""
        return self._account(self._owner, 4801, "Organization")

    def _account(self, login: str, number: int, kind: str) -> Json:
        url = f"{self._url}/users/{login}"
        return {
            "login": login,
            "id": number,
            "node_id": node("User", number),
            "avatar_url": f"{self._url}/avatars/{number}",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self._url}/{login}",
            **{f"{what}_url": f"{url}/{what}" for what in _USER},
            "received_events_url": f"{url}/received_events",
            "type": kind,
            "site_admin": False,
        }

    def repository(self) -> Json:
        """The repository."""
        return {
            "id": self._repository_id,
            "node_id": node("Repository", self._repository_id),
            "name": self._name,
            "full_name": f"{self._owner}/{self._name}",
            "owner": self.user(),
            "private": True,
            "html_url": self._web,
            "description": "The sandbox's platform",
            "fork": False,
            "url": self._root,
            "default_branch": "main",
            **{f"{what}_url": f"{self._root}/{what.replace('_', '/')}" for what in _REPOSITORY},
            **{f"git_{what}_url": f"{self._root}/git/{what}" for what in ("commits", "refs", "tags")},
            "trees_url": f"{self._root}/git/trees",
        }

    def ref(self, name: str, kind: str, sha: str) -> Json:
        """A ref."""
        where = "tags" if kind == "tag" else "commits"
        target = {"type": kind, "sha": sha, "url": f"{self._root}/git/{where}/{sha}"}
        return {"ref": name, "node_id": node("Ref", name), "url": f"{self._root}/git/{name}", "object": target}

    def tag(self, tag: Tag) -> Json:
        """An annotated tag."""
        where = "commits" if tag.kind == "commit" else f"{tag.kind}s"
        unsigned = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}
        return {
            "node_id": node("Tag", tag.sha),
            "sha": tag.sha,
            "url": f"{self._root}/git/tags/{tag.sha}",
            "object": {"type": tag.kind, "sha": tag.target, "url": f"{self._root}/git/{where}/{tag.target}"},
            "tag": tag.name,
            "message": tag.message,
            "tagger": _person(tag.tagger),
            "verification": unsigned,
        }

    def commit(self, commit: Commit) -> Json:
        """A commit."""
        url = f"{self._root}/commits/{commit.sha}"
        inner = {
            "url": f"{self._root}/git/commits/{commit.sha}",
            "author": _person(commit.author),
            "committer": _person(commit.committer),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{self._root}/git/trees/{commit.tree}"},
            "comment_count": 0,
        }
        parents = [{"sha": sha, "url": f"{self._root}/commits/{sha}"} for sha in commit.parents]
        return {
            "sha": commit.sha,
            "node_id": node("Commit", commit.sha),
            "commit": inner,
            "url": url,
            "html_url": f"{self._web}/commit/{commit.sha}",
            "comments_url": f"{url}/comments",
            "author": None,
            "committer": None,
            "parents": parents,
        }

    def comparison(self, base: Commit, merge_base: Commit, counts: tuple[str, int, int]) -> Json:
        """How one commit stands to another; the commits between them are not listed."""
        word, ahead, behind = counts
        return {
            "url": f"{self._root}/compare/{base.sha}",
            "html_url": f"{self._web}/compare/{base.sha}",
            "base_commit": self.commit(base),
            "merge_base_commit": self.commit(merge_base),
            "status": word,
            "ahead_by": ahead,
            "behind_by": behind,
            "total_commits": ahead,
            "commits": [],
            "files": [],
        }


def _person(person: Person) -> Json:
    at = person.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"name": person.name, "email": person.email, "date": at}


def node(kind: str, number: object) -> str:
    """Return a global id, which nobody may take apart."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()
