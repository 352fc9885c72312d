"""A restore in the cluster: a Job made of the template of another, followed to its end, and removed."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.kubernetes.facts import Truth
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, ApgmsOpsError, Unobserved
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from apgms_ops.clients.kubernetes.commands import KubernetesCommands, Template
    from apgms_ops.clients.kubernetes.jobs import Job

_EVERY: Final = 0.5
"""Seconds between two looks at first; later on three."""
_LATER: Final = 3.0
_CLEARING: Final = 30.0
"""Seconds for removing it, whatever is left of the deadline."""
_LINE: Final = 300


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of it."""

    succeeded: bool
    said: tuple[str, ...]
    """The lines that it printed."""

    @property
    def last(self) -> str:
        """The last of them."""
        return self.said[-1] if self.said else "it said nothing"


class RestoreJob:
    """One Job. It is removed however it ends; where that fails, `left` says so."""

    def __init__(
        self, commands: "KubernetesCommands", template: "Template", name: str, report: Callable[[str], None]
    ) -> None:
        """Take what it is made of, and how it is called; nothing is asked yet."""
        self._commands = commands
        self._template = template
        self._report = report
        self.name = name
        self.left: str | None = None
        """What is left of it, for people; None: nothing, as far as is known."""

    def require_granted(self, deadline: Deadline) -> None:
        """See that we may make a Job and remove it again, before anything is changed.

        Raises:
            AccessDenied: We may not.
            Unobserved: That could not be found out.
        """
        for verb in ("create", "delete"):
            found = self._commands.can_i(verb, "jobs.batch", self._template.namespace, deadline)
            if not found.allowed:
                where = f"Jobs in {self._template.namespace}"
                msg = f"{self._commands.source}: we may not {verb} {where}: grant the role apgms-ops-operator"
                raise AccessDenied(msg)

    def run(self, arguments: Sequence[str], deadline: Deadline) -> Ended:
        """Make it, follow it to its end, and remove it.

        Raises:
            Unobserved: How it ended is not known in time.
        """
        self.left = f"job {self.name} in {self._template.namespace}"
        try:
            seconds = int(deadline.require("making a Job"))
            self._commands.create_job(self.name, self._template, arguments, deadline, seconds=seconds)
            return self._followed(deadline)
        finally:
            self._remove()

    def _followed(self, deadline: Deadline) -> Ended:
        told: list[str] = []
        pause = _EVERY
        while True:
            job = self._commands.job(self._template.namespace, self.name, deadline)
            if job is None:
                msg = f"job {self.name} is gone: somebody removed it before its end"
                raise Unobserved(msg)
            ended = _ended(job)
            self._tell(told, deadline)
            if ended is not None:
                return Ended(ended, tuple(told))
            deadline.pause(min(pause, max(0.01, deadline.remaining / 2)), f"job {self.name} to end")
            pause = min(_LATER, pause * 1.2)

    def _tell(self, told: list[str], deadline: Deadline) -> None:
        """Report what it has said since."""
        said = self._commands.output(self._template.namespace, self.name, deadline)
        lines = [printable(line, limit=_LINE) for line in said.splitlines() if line.strip()]
        for line in lines[len(told) :]:
            self._report(line)
        told[:] = lines if len(lines) >= len(told) else told

    def _remove(self) -> None:
        """Remove it and wait for its pods to be gone, so that nothing is produced any more."""
        deadline = Deadline(_CLEARING)
        with suppress(ApgmsOpsError):
            self._commands.delete_job(self._template.namespace, self.name, deadline)
            labels = f"apgms-ops/job={self.name}"
            while self._commands.pods(self._template.namespace, deadline, labels=labels):
                deadline.pause(_EVERY, f"the pods of {self.name} to be gone")
            self.left = None


def _ended(job: "Job") -> bool | None:
    """Return whether a Job succeeded; None as long as it has not ended."""
    true = {one.type for one in job.conditions if one.status is Truth.TRUE}
    if "Failed" in true:
        return False
    return True if "Complete" in true else None
