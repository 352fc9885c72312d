"""Follows the run of a release to its end."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from apgms_ops.clients.github.facts import Conclusion, Job, Progress, WorkflowRun
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Github
from apgms_ops.errors import DeadlineExceeded, Unobserved
from apgms_ops.probes.release import commit_of, short

if TYPE_CHECKING:
    from apgms_ops.clients.github import GithubClient


def watch(  # noqa: PLR0913 — what is followed, and how
    github: "GithubClient",
    rules: Github,
    tag: str,
    deadline: Deadline,
    *,
    every: float,
    report: Callable[[str], None],
) -> WorkflowRun:
    """Return the newest run for a tag and its commit, once it has ended.

    Args:
        github: Whose.
        rules: Names the workflow.
        tag: The release.
        deadline: For all of it.
        every: Seconds between two looks.
        report: Takes a line whenever something has changed.

    Raises:
        Unobserved: There is no such tag.
        DeadlineExceeded: It has not ended by the deadline, or not begun.
    """
    sha = commit_of(github, tag, rules.branch, deadline)
    if sha is None:
        msg = f"there is no tag {tag} on the remote"
        raise Unobserved(msg)
    said: dict[str, str] = {}

    def say(what: str, standing: str) -> None:
        if said.get(what) != standing:
            said[what] = standing
            report(f"{what}: {standing}")

    while True:
        runs = [run for run in github.runs(rules.workflow, deadline, branch=tag) if run.head_sha == sha]
        run = max(runs, key=lambda run: (run.created_at, run.id), default=None)
        if run is None:
            say(f"{rules.workflow} for {tag} ({short(sha)})", "no run yet")
        else:
            for job in github.jobs(run.id, deadline):
                if job.attempt == run.attempt:
                    say(job.name, _standing(job))
            say(f"run {run.id} for {tag} ({short(sha)})", _standing(run))
            if run.progress is Progress.COMPLETED:
                return run
        if deadline.remaining <= every:
            last = said.get(f"run {run.id} for {tag} ({short(sha)})", "") if run else "no run"
            msg = f"{tag}: {last or 'not ended'} after {deadline.seconds:g} s"
            raise DeadlineExceeded(msg)
        deadline.pause(every, f"the run for {tag}")


def succeeded(run: WorkflowRun) -> bool:
    """Whether a run that has ended ended well."""
    return run.conclusion is Conclusion.SUCCESS


def _standing(one: WorkflowRun | Job) -> str:
    return str(one.progress if one.conclusion is None else one.conclusion)
