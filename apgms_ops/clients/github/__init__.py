"""GitHub, by its REST interface: what a tag points to, what ran on a commit, and what a run left behind."""

from apgms_ops.clients.github.client import GithubClient

__all__ = ["GithubClient"]
