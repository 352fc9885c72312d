"""A commit that was not linted or tested, though something says that it was."""

from collections.abc import Mapping
from typing import Any, ClassVar

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import github
from apgms_ops.sandbox.faults.fault import DEPLOYMENT, Fault
from apgms_ops.sandbox.faults.github_tools import GREEN, TESTED, Edited, Removed, order, records, test_run
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_PLAIN = '<testsuites tests="{n}"><testsuite name="platform" tests="{n}">{cases}</testsuite></testsuites>'
_SKIPPED = '<testcase classname="payments.close" name="closes a period"><skipped/></testcase>'
_FAILED = (
    '<testcase classname="audit.writer" name="writes every entry once"/>'
    '<testcase classname="payments.close" name="closes a period"><failure message="off by one"/></testcase>'
)


class _Results(Edited):
    """The tests left other results. The run itself is green all the same."""

    collection = "artifacts"
    expected: ClassVar[Mapping[str, Verdict]] = {TESTED: Verdict.FAIL}
    results: ClassVar[str]

    def wanted(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Return the artifact of the commit's tests."""
        return {"run": test_run(world, deadline), "name": "junit"}

    def values(self, world: World) -> dict[str, Any]:  # noqa: ARG002 — the same anywhere
        """Return the results."""
        return {"files": {"junit.xml": self.results}}


class NothingCollected(_Results):
    """A wrong path: the runner finds no test and is content."""

    id = "github-no-tests-collected"
    title = "The tests' run collected no test at all, and ended in success."
    references = ("P1.1",)
    results = _PLAIN.format(n=0, cases="")


class AllSkipped(_Results):
    """Tests that need what the runner does not have skip themselves."""

    id = "github-all-tests-skipped"
    title = "Every test was skipped, and the run ended in success."
    results = _PLAIN.format(n=1, cases=_SKIPPED)


class FailureSwallowed(_Results):
    """`npm test || echo failed` ends with 0."""

    id = "github-test-failure-swallowed"
    title = "A test failed, and the command's `|| echo` made a success of it."
    references = ("P1.6",)
    results = _PLAIN.format(n=2, cases=_FAILED)


class ResultsMissing(Removed):
    """The step that keeps the results was left out."""

    id = "github-no-test-results"
    title = "The tests' run left no results behind."
    collection = "artifacts"
    expected: ClassVar[Mapping[str, Verdict]] = {TESTED: Verdict.FAIL}

    def wanted(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Return the artifact of the commit's tests."""
        return {"run": test_run(world, deadline), "name": "junit"}


class ResultsDamaged(Edited):
    """An upload that broke off in its middle."""

    id = "github-test-results-damaged"
    title = "The results of the tests are a zip file that ends in its middle."
    collection = "artifacts"
    expected: ClassVar[Mapping[str, Verdict]] = {TESTED: Verdict.UNKNOWN}

    def wanted(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Return the artifact of the commit's tests."""
        return {"run": test_run(world, deadline), "name": "junit"}

    def values(self, world: World) -> dict[str, Any]:  # noqa: ARG002 — the same anywhere
        """Cut it."""
        return {"damaged": True}


class _LintConcluded(Edited):
    """Lint came to something else on the release's commit."""

    collection = "jobs"
    expected: ClassVar[Mapping[str, Verdict]] = {GREEN: Verdict.FAIL}
    conclusion: ClassVar[str]

    def wanted(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Return the job."""
        return {"run": test_run(world, deadline), "name": "lint"}

    def values(self, world: World) -> dict[str, Any]:  # noqa: ARG002 — the same anywhere
        """Return what it came to."""
        return {"conclusion": self.conclusion}


class NoLintScript(_LintConcluded):
    """Npm ends with an error where there is no such script."""

    id = "github-no-lint-script"
    title = "There is no lint script: the job failed, which nobody looked at."
    references = ("P1.5",)
    conclusion = "failure"


class LintNeutral(_LintConcluded):
    """Neutral counts as green in a merge button, and means that nothing was found out."""

    id = "github-lint-neutral"
    title = "Lint concluded neutral."
    conclusion = "neutral"


class LintSkipped(_LintConcluded):
    """A path filter decided that there was nothing to lint."""

    id = "github-lint-skipped"
    title = "Lint was skipped."
    conclusion = "skipped"


class LintMissing(Removed):
    """The job was renamed, or deleted: what does not run is never red."""

    id = "github-lint-missing"
    title = "No lint ran on the release's commit."
    collection = "jobs"
    expected: ClassVar[Mapping[str, Verdict]] = {GREEN: Verdict.FAIL}

    def wanted(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Return the job."""
        return {"run": test_run(world, deadline), "name": "lint"}


class LintRunning(Edited):
    """Tagged too early."""

    id = "github-lint-running"
    title = "Lint is still running on the release's commit."
    collection = "jobs"
    expected: ClassVar[Mapping[str, Verdict]] = {GREEN: Verdict.UNKNOWN}

    def wanted(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Return the job."""
        return {"run": test_run(world, deadline), "name": "lint"}

    def values(self, world: World) -> dict[str, Any]:  # noqa: ARG002 — the same anywhere
        """Let it take its time."""
        return {"takes": 1e9}


class GreenElsewhere(Fault):
    """The newest commit of main is green; the release's own was never looked at."""

    id = "github-green-on-another-commit"
    title = "Lint and tests ran on the commit before and the one after the release's, and never on its own."
    component = github.NAME
    reach = DEPLOYMENT
    references = ("P1.3",)
    expected: ClassVar[Mapping[str, Verdict]] = {GREEN: Verdict.FAIL, TESTED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Take away the run of the release's commit, with its jobs."""
        run = test_run(world, deadline)
        jobs = order(world, "/remove", {"collection": "jobs", "wanted": {"run": run}}, deadline)["records"]
        runs = records(world, "runs", deadline, id=run)
        order(world, "/remove", {"collection": "runs", "wanted": {"id": run}}, deadline)
        return {"jobs": jobs, "runs": runs}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Put them back."""
        for collection in ("runs", "jobs"):
            order(world, "/put", {"collection": collection, "records": memo[collection]}, deadline)


FAULTS: tuple[type[Fault], ...] = (
    NothingCollected,
    AllSkipped,
    FailureSwallowed,
    ResultsMissing,
    ResultsDamaged,
    NoLintScript,
    LintNeutral,
    LintSkipped,
    LintMissing,
    LintRunning,
    GreenElsewhere,
)
