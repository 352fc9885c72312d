"""Runbook, Deployment Procedure, step 1: whether lint and tests ran, and were green, on the release's own commit."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.github.facts import CheckRun, CommitStatus, Conclusion, Progress, StatusState, WorkflowRun
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment, Github
from apgms_ops.errors import AccessDenied, BadAnswer, Incomplete, Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.junit import TestResults, results
from apgms_ops.probes.probe import probe
from apgms_ops.probes.release import Release, commit_of, rules_of, running_release, short

if TYPE_CHECKING:
    from apgms_ops.clients.github import GithubClient
    from apgms_ops.estate import Estate

_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class ReleaseCommit:
    """What ran on the commit of the release."""

    release: Release
    sha: str
    required: tuple[str, ...]
    """Names of the checks that must have succeeded."""
    checks: tuple[CheckRun, ...]
    statuses: tuple[CommitStatus, ...]
    test_workflow: str
    test_run: WorkflowRun | None
    """The newest run of the tests' workflow on this commit."""
    artifact: str
    """What the results of the tests are called."""
    results: TestResults | None
    unread: str | None
    """Why there are no results, though there may be some: they cannot be read."""

    def not_green(self) -> Findings:
        """Say which required checks did not succeed on this very commit.

        Raises:
            Unobserved: One has not ended yet, and none has failed.
        """
        found: list[str] = []
        open_: list[str] = []
        for name in self.required:
            runs = [run for run in self.checks if run.name == name]
            statuses = [status for status in self.statuses if status.context == name]
            if not runs and not statuses:
                others = ", ".join(sorted({run.name for run in self.checks} | {s.context for s in self.statuses}))
                found.append(f"{name} never ran on {short(self.sha)}, where there are: {others or 'no checks at all'}")
            for run in runs:
                if run.progress is not Progress.COMPLETED:
                    open_.append(f"{name} is {run.progress}")
                elif run.conclusion is not Conclusion.SUCCESS:
                    found.append(f"{name} concluded {run.conclusion} on {short(self.sha)}, which is no success")
            for status in statuses:
                if status.state is StatusState.PENDING:
                    open_.append(f"{name} is pending")
                elif status.state is not StatusState.SUCCESS:
                    found.append(f"{name} says {status.state} of {short(self.sha)}")
        if open_ and not found:
            raise Unobserved("; ".join(open_))
        return Findings(found)

    def untested(self) -> Findings:
        """Say what keeps the results from showing that tests ran, and that none failed.

        Raises:
            Unobserved: The tests have not ended yet, or their results cannot be read.
        """
        if self.unread is not None:
            raise Unobserved(self.unread)
        run, where = self.test_run, f"{self.test_workflow} on {short(self.sha)}"
        if run is None:
            return Findings((f"there is no run of {where}: nothing shows that a test ran",))
        if self.results is None:
            if run.progress is not Progress.COMPLETED:
                msg = f"run {run.id} of {where} is {run.progress}"
                raise Unobserved(msg)
            return Findings(
                (f"run {run.id} of {where} left no artifact {self.artifact}: nothing shows that a test ran",)
            )
        found: list[str] = []
        if self.results.ran == 0:
            skipped = f", and {self.results.skipped} were skipped" if self.results.skipped else ""
            found.append(f"no test ran in run {run.id} of {where}{skipped}")
        if self.results.failed:
            names = f": {', '.join(self.results.names)}" if self.results.names else ""
            found.append(f"{self.results.failed} of {self.results.ran} tests failed in run {run.id} of {where}{names}")
        return Findings(found)


@probe(deadline=40.0)
def release_commit(
    github: "GithubClient", estate: "Estate", environment: Environment, release: str | None, deadline: Deadline
) -> ReleaseCommit:
    """The checks and statuses of the release's commit, and the results that its tests left behind."""
    rules = rules_of(environment)
    found = running_release(estate, release, deadline)
    sha = commit_of(github, found.tag, rules.branch, deadline)
    if sha is None:
        msg = f"there is no tag {found.tag} on the remote: which commit the release was made from is not known"
        raise Unobserved(msg)
    return read_commit(github, rules, found, sha, deadline)


def read_commit(github: "GithubClient", rules: Github, release: Release, sha: str, deadline: Deadline) -> ReleaseCommit:
    """Read what ran on a commit, whether or not it is tagged yet."""
    run, tested, unread = _tests(github, rules, sha, deadline)
    return ReleaseCommit(
        release=release,
        sha=sha,
        required=rules.required_checks,
        checks=github.check_runs(sha, deadline),
        statuses=github.combined_status(sha, deadline).statuses,
        test_workflow=rules.test_workflow,
        test_run=run,
        artifact=rules.artifacts.junit,
        results=tested,
        unread=unread,
    )


def _tests(
    github: "GithubClient", rules: Github, sha: str, deadline: Deadline
) -> tuple[WorkflowRun | None, TestResults | None, str | None]:
    try:
        runs = github.runs(rules.test_workflow, deadline, sha=sha)
        run = max(runs, key=lambda run: (run.created_at, run.id), default=None)
        return (run, None, None) if run is None else (run, *_results(github, run, rules.artifacts.junit, deadline))
    except (AccessDenied, BadAnswer, Incomplete) as error:
        # What else is known of the commit does not hang on it.
        return None, None, str(error)


def _results(
    github: "GithubClient", run: WorkflowRun, name: str, deadline: Deadline
) -> tuple[TestResults | None, str | None]:
    listed = [artifact for artifact in github.artifacts(run.id, deadline) if artifact.name == name]
    if not listed:
        return None, None
    if all(artifact.expired for artifact in listed):
        return None, f"the artifact {name} of run {run.id} has expired: what the tests came to can no longer be read"
    return results([file for one in listed if not one.expired for file in github.download(one, deadline)]), None
