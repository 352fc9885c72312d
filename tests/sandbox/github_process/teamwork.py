"""People who work on the stand-in's repository: with git, and by what a person does at GitHub."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apgms_ops.sandbox.source import repository as bare
from apgms_ops.sandbox.world import World


class Team:
    """People with a checkout of the repository, who open pull requests, review them and merge them."""

    def __init__(self, world: World, folder: Path) -> None:
        """Clone."""
        self.world = world
        self.folder = folder
        subprocess.run(["git", "clone", "--quiet", str(bare(world)), str(folder)], check=True, capture_output=True)  # noqa: S607 — git, wherever it is

    def git(self, *arguments: str) -> str:
        """Run git in the checkout."""
        who = ("-c", "user.name=dev", "-c", "user.email=dev@sandbox.invalid")
        done = subprocess.run(
            ["git", "-C", str(self.folder), *who, *arguments],  # noqa: S607 — git, wherever it is
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def push(self, branch: str, files: Mapping[str, str]) -> str:
        """Commit files to a branch of main, or on from where it is, and push it; return the commit."""
        known = subprocess.run(
            ["git", "-C", str(self.folder), "rev-parse", "--verify", "--quiet", branch],  # noqa: S607 — git
            check=False,
            capture_output=True,
        )
        self.git("checkout", "--quiet", *((branch,) if known.returncode == 0 else ("-b", branch, "origin/main")))
        for name, text in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"Change {', '.join(files)}")
        self.git("push", "--quiet", "origin", branch)
        return self.git("rev-parse", "HEAD")

    def merge(self, branch: str) -> str:
        """Merge a branch into main, and push that; return the commit."""
        self.git("checkout", "--quiet", "-B", "main", "origin/main")
        self.git("merge", "--quiet", "--no-ff", "--message", f"Merge {branch}", branch)
        self.git("push", "--quiet", "origin", "main")
        self.git("fetch", "--quiet", "origin")
        return self.git("rev-parse", "HEAD")

    def order(self, path: str, **body: Any) -> tuple[int, dict[str, Any]]:  # noqa: ANN401 — JSON
        """Do something at GitHub that takes a person; return status and answer."""
        url = f"http://127.0.0.1:{self.world.port('github.control')}{path}"
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 — our own server
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def open(self, branch: str, author: str = "dev", title: str = "Waive it") -> int:
        """Open a pull request; return its number."""
        status, made = self.order("/pulls", author=author, branch=branch, title=title)
        assert status == 200, made
        return int(made["number"])

    def review(self, number: int, by: str = "lead", state: str = "APPROVED") -> int:
        """Review a pull request as it stands; return the review's id."""
        status, made = self.order("/reviews", number=number, by=by, state=state)
        assert status == 200, made
        return int(made["id"])
