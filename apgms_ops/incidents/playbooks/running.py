"""A playbook, carried out: looked at, planned, looked at again, applied, verified."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from apgms_ops.clients.postgres.writing import Standing, standing
from apgms_ops.clients.terraform import Applied, Plan, Terraform
from apgms_ops.clients.terraform.client import ApplyBroken
from apgms_ops.deadline import Deadline
from apgms_ops.environment.failover import Failover
from apgms_ops.errors import ApgmsOpsError, DeadlineExceeded, Unobserved, Unreachable, WrongTarget
from apgms_ops.incidents.playbooks.conditions import Finding, Servers, Silent, precondition, verification
from apgms_ops.incidents.playbooks.judging import objections
from apgms_ops.incidents.playbooks.playbook import Playbook
from apgms_ops.redact import printable
from apgms_ops.secret import SecretReference

_ASKED: Final = 10.0
"""Seconds that a server has to answer."""
_POLL: Final = 1.0
AGAIN: Final = (
    "how to go on: see to the cause, and see which server takes writes. While the replica is one, run the same command"
    " again: what failed as it was made is tainted, and is replaced only if failover.replaceable names it or after"
    " `terraform untaint`. Once the replica is promoted it is not promoted twice: apply what is left by hand"
)


class Refused(ApgmsOpsError):
    """It must not be done, or did not come to what was promised; the text says which, and what was done."""


class Unproven(Unobserved):
    """It was begun, and what it came to is not known; the text says what is."""


class Runner:
    """Carries out one playbook in one environment."""

    def __init__(
        self,
        playbook: Playbook,
        section: Failover,
        terraform: Terraform,
        say: Callable[[str], None],
        servers: Callable[[Deadline, bool], Servers],
    ) -> None:
        """Take what is to be done, with what, and who asks the servers; nothing is done yet."""
        self.playbook = playbook
        self._section = section
        self._terraform = terraform
        self._say = say
        self._servers = servers
        self.state = "nothing was done"
        """What is known of what was done, for whoever breaks in."""

    def look(self, deadline: Deadline) -> None:
        """See that every precondition holds.

        Raises:
            Refused: One does not.
            Unobserved: Of one it cannot be seen.
        """
        servers = self._servers(deadline, False)  # noqa: FBT003 — whether writes are tried
        found = [precondition(word, servers, self._section) for word in self.playbook.preconditions]
        self._tell(found)
        self._require(found)

    def plan(self, file: Path, deadline: Deadline) -> Plan:
        """Make the plan, and see that it may be applied.

        Raises:
            Refused: It may not.
            Unobserved: There is none.
        """
        self._terraform.prepare(deadline)
        lineage = self._terraform.lineage(deadline)
        if self._section.lineage is not None and lineage != self._section.lineage:
            msg = f"the state is {printable(str(lineage), limit=60)}, and {self._section.lineage} is pinned"
            raise WrongTarget(msg)
        plan = self._terraform.plan(self._section.targets, file, deadline)
        found = objections(plan, self._section)
        if found:
            msg = f"{'; '.join(found)}; nothing was done"
            raise Refused(msg)
        return plan

    def carry_out(self, plan: Plan, file: Path, deadline: Deadline) -> None:
        """Look again, apply, and verify.

        Raises:
            Refused: Something has changed meanwhile, it failed, or what was promised does not hold.
            Unobserved: How it ended is not known.
        """
        self.look(deadline)
        self.state = f"the apply was begun, and how far it came is not known; {AGAIN}"
        try:
            applied = self._terraform.apply(plan, file, deadline)
        except ApplyBroken as broken:
            msg = f"the apply was broken off ({broken}): {told(broken.applied)}; {AGAIN}"
            raise Unproven(msg) from broken
        if not applied.whole:
            msg = f"the apply failed: {told(applied)}; {AGAIN}"
            raise Refused(msg)
        self.state = "the plan was applied as it was shown, and is not undone by itself"
        self._say(f"applied: {', '.join(applied.done)}")
        self._verify(deadline)

    def _verify(self, deadline: Deadline) -> None:
        settling = deadline.within(self._section.settling_time.total_seconds())
        while True:
            servers = self._servers(deadline, True)  # noqa: FBT003 — whether writes are tried
            found = [verification(word, servers) for word in self.playbook.verification]
            if all(finding.holds for finding in found) or settling.remaining <= _POLL:
                break
            settling.pause(_POLL, "the services to be led to the promoted server")
        self._tell(found)
        self._require(found)

    def _tell(self, found: list[Finding]) -> None:
        for finding in found:
            self._say(str(finding))

    def _require(self, found: list[Finding]) -> None:
        if failed := [finding for finding in found if finding.holds is False]:
            msg = f"{'; '.join(f'{one.promise}: {one.seen}' for one in failed)}; {self.state}"
            raise Refused(msg)
        if unseen := [finding for finding in found if finding.holds is None]:
            msg = f"{'; '.join(f'{one.promise}: {one.seen}' for one in unseen)}; {self.state}"
            raise Unproven(msg)


def told(applied: Applied) -> str:
    """Return what an apply did and did not, in words."""
    parts = [
        f"done: {', '.join(applied.done) or 'nothing'}",
        f"failed: {', '.join(applied.failed)}" if applied.failed else "",
        f"begun, and not known: {', '.join(applied.begun)}" if applied.begun else "",
        f"it said: {'; '.join(applied.errors)}" if applied.errors else "",
    ]
    return "; ".join(part for part in parts if part)


def seen(reference: SecretReference, name: str, deadline: Deadline, *, trying: bool) -> Standing | str:
    """Ask a server what it is; return why it does not say, in place of that. The address is read anew each time."""
    try:
        return standing(reference.read(os.environ), name, deadline.within(_ASKED), trying=trying)
    except (Unreachable, DeadlineExceeded) as error:
        return Silent(printable(str(error), limit=300))
    except ApgmsOpsError as error:
        return printable(str(error), limit=300)
