"""How GitHub is asked what it is, and whether the token may read what the checks read."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from apgms_ops.doctor.findings import Permission, Told
from apgms_ops.environment.model import Github
from apgms_ops.errors import AccessDenied

if TYPE_CHECKING:
    from apgms_ops.deadline import Deadline
    from apgms_ops.estate import Estate
    from apgms_ops.observation import Recorder


def ask(estate: "Estate", _: "Recorder", deadline: "Deadline") -> Told:
    """Ask for the repository, and for one thing of each kind that takes a permission of its own."""
    client, section = estate.github, estate.environment.github
    before = datetime.now(UTC)
    found = client.repository(deadline)
    between = before + (found.ours - before) / 2
    permissions: list[Permission] = []
    if isinstance(section, Github):
        branch, workflow = section.branch, section.workflow
        heads: list[str] = []
        permissions.append(_tried("Contents: read", lambda: heads.append(client.branch(branch, deadline))))
        permissions.append(_tried("Actions: read", lambda: client.runs(workflow, deadline, branch=branch)))
        if heads:
            permissions.append(_tried("Checks: read", lambda: client.check_runs(heads[0], deadline)))
            permissions.append(_tried("Commit statuses: read", lambda: client.combined_status(heads[0], deadline)))
    return Told(identity=str(found.id), skew=found.server_time - between, permissions=tuple(permissions))


def _tried(what: str, read: Callable[[], object]) -> Permission:
    try:
        read()
    except AccessDenied as error:
        return Permission(what, granted=False, grant=f"give the token {what}, for this repository: {error}")
    return Permission(what, granted=True, grant="")
