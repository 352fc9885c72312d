"""Looks up, before a run is planned, whether who answers for its waivers approved them; without any it asks nobody."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from apgms_ops.compliance.waivers import REFUSED
from apgms_ops.deadline import Deadline
from apgms_ops.environment import loading
from apgms_ops.environment.github import Github
from apgms_ops.environment.model import Environment
from apgms_ops.estate import Estate
from apgms_ops.observation import Recorder
from apgms_ops.probes.approvals import Approvals
from apgms_ops.redact import Redactor, printable

if TYPE_CHECKING:
    from apgms_ops.clients.github import GithubClient

_SECONDS: Final = 15.0
"""For all waivers together."""


def looked_up(
    waivers: Sequence[Mapping[str, Any]], environment: Environment, say: Callable[[str], None]
) -> tuple[Mapping[str, Any], ...]:
    """Return the waivers as the plan records them, each with what is known of its approval.

    Args:
        waivers: As they were loaded.
        environment: The estate; where it has no GitHub, every approval stays unproven.
        say: Tells a person why one is not proven.
    """
    declared = environment.github
    if not waivers or not isinstance(declared, Github):
        return tuple(waivers)

    def client() -> "GithubClient":
        secrets = loading.read_secrets(loading.secrets_of(environment, ["github"]), os.environ)
        return Estate(environment, secrets, Recorder(Redactor(secrets.values()))).github

    approvals = Approvals(environment.name, declared, client, environment.identities.github)
    found = approvals.of(waivers, datetime.now(UTC), Deadline(_SECONDS))
    for waiver, approval in zip(waivers, found, strict=True):
        if approval.refuted:
            say(f"waiver REFUSED, it excuses nothing: {waiver['check']}: {printable(approval.why_not, limit=300)}")
        elif approval.why_not:
            say(f"waiver unproven: {waiver['check']}: {printable(approval.why_not, limit=300)}")
    return tuple(
        {**waiver, "approval": REFUSED if approval.refuted else approval.word}
        for waiver, approval in zip(waivers, found, strict=True)
    )
