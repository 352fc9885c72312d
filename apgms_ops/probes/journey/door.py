"""The front door: what answers there, and through which TLS. Read only."""

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.gateway.front_door import Label
from apgms_ops.clients.gateway.journey_facts import Exchanged
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment, Smoke
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.journey.rules import smoke_of
from apgms_ops.probes.pod_versions import ServiceVersions
from apgms_ops.probes.probe import probe

if TYPE_CHECKING:
    from apgms_ops.clients.gateway.front_door import FrontDoor

OLDER: Final = {"1.2": "1.1", "1.3": "1.2"}
"""A version of TLS → the one before it."""
_GATEWAY: Final = "api-gateway"
_SHORT: Final = 12
"""Characters of a commit that are shown."""


@dataclass(frozen=True, slots=True)
class FrontDoorSeen:
    """What answers at the front door."""

    exchange: Exchanged
    service: str
    version: str
    git_sha: str
    environment: str
    older: str
    """The version of TLS before the oldest that is allowed."""
    speaks_older: bool
    """Whether a client that speaks nothing newer than that is let in."""

    def strange(self, environment: str | None, release: str | None) -> Findings:
        """Say what is another estate's, or another release's.

        Args:
            environment: What services must call the environment.
            release: The tag that must run; None where any may.

        Raises:
            Unobserved: The environment is not pinned, and nothing else is strange.
        """
        wanted = (
            ("service", self.service, _GATEWAY),
            ("environment", self.environment, environment),
            ("version", self.version, release),
        )
        found = [
            f"the front door says that its {what} is {said}, not {must}"
            for what, said, must in wanted
            if must is not None and said != must
        ]
        if environment is None and not found:
            msg = "identities.services is not pinned: whether this is the right environment is not known"
            raise Unobserved(msg)
        return Findings(found)

    def unlike(self, pods: ServiceVersions) -> Findings:
        """Say which pods run something else than the front door says.

        Raises:
            Unobserved: No pod is ready, or one does not say what it is.
        """
        return pods.strange(self.version, self.git_sha, self.environment)

    def weak_tls(self, rules: Smoke) -> Findings:
        """Say whether a version of TLS is spoken that is too old."""
        found: list[str] = []
        spoken = self.exchange.tls
        if spoken is None or spoken.removeprefix("TLSv") < rules.minimum_tls or not spoken.startswith("TLSv1."):
            found.append(f"{rules.base_url} negotiates {spoken or 'no TLS'}, not TLS {rules.minimum_tls} or newer")
        if self.speaks_older:
            found.append(f"{rules.base_url} lets in who speaks nothing newer than TLS {self.older}")
        return Findings(found)

    def __str__(self) -> str:
        """Read as prose."""
        return f"{self.service} {self.version} ({self.git_sha[:_SHORT]}) of {self.environment}"


@probe(deadline=30.0, about_identity=True)
def front_door_seen(front_door: "FrontDoor", environment: Environment, deadline: Deadline) -> FrontDoorSeen:
    """What /version says through the front door, which TLS is negotiated there, and whether an older one still is."""
    label = Label("version", "version", f"smoke-{secrets.token_hex(6)}-version")
    exchange, version = front_door.version(label, deadline)
    older = OLDER[smoke_of(environment).minimum_tls]
    return FrontDoorSeen(
        exchange=exchange,
        service=version.service,
        version=version.version,
        git_sha=version.git_sha,
        environment=version.environment,
        older=older,
        speaks_older=front_door.speaks(older, deadline),
    )
