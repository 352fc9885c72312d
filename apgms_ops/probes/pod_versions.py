"""Runbook, Deployment Procedure, step 4: what every ready pod says that it is, asked one by one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.gateway import parse
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import AccessDenied, RateLimited, Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.probe import probe
from apgms_ops.probes.workloads import Workload, workloads

if TYPE_CHECKING:
    from apgms_ops.clients.gateway.facts import Version
    from apgms_ops.clients.kubernetes.client import KubernetesClient

_PORT: Final = "http"
"""The name of the port that services answer on."""
_PATIENCE: Final = 5.0
"""Seconds that one pod is given; less where many are asked and little time is left."""
_LEAST: Final = 0.5
_NAMED: Final = 5
_SHORT: Final = 12
"""Characters of a commit that are shown."""


@dataclass(frozen=True, slots=True)
class PodVersion:
    """What one pod says that it is, or why it does not."""

    pod: str
    service: str = ""
    version: str = ""
    git_sha: str = ""
    environment: str = ""
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceVersions:
    """What the ready pods of a service say."""

    service: str
    deployment: str
    pods: tuple[PodVersion, ...]

    def strange(self, tag: str, sha: str, environment: str | None) -> Findings:
        """Say which pods are not this release, in this environment.

        Args:
            tag: The release: `v1.4.2`.
            sha: Its commit.
            environment: What services must call the environment; None where that is not pinned.

        Raises:
            Unobserved: No pod is ready, or one does not say what it is; and none says that it is something else.
        """
        found = [
            f"{pod.pod} says that its {what} is {said}, not {wanted}"
            for pod in self.pods
            if pod.trouble is None
            for what, said, wanted in (
                ("service", pod.service, self.service),
                ("version", pod.version, tag),
                ("commit", pod.git_sha, sha),
                ("environment", pod.environment, environment),
            )
            if wanted is not None and said != wanted
        ]
        if found:
            return Findings(found)
        if not self.pods:
            msg = f"{self.deployment}: no pod is ready that could say which release it is"
            raise Unobserved(msg)
        troubles = [f"{pod.pod}: {pod.trouble}" for pod in self.pods if pod.trouble is not None]
        if troubles:
            raise Unobserved("; ".join(troubles[:_NAMED]))
        return Findings()


@dataclass(frozen=True, slots=True)
class PodVersions:
    """What every ready pod of every declared service says that it is."""

    services: dict[str, ServiceVersions]

    def of(self, service: str) -> ServiceVersions:
        """Return one service's.

        Raises:
            Unobserved: It was not read.
        """
        if service not in self.services:
            msg = f"the pods of {service} were not asked which release they are"
            raise Unobserved(msg)
        return self.services[service]

    def mixed(self) -> Findings:
        """Say which releases are named, where it is more than one.

        Raises:
            Unobserved: No pod is ready, or one does not say what it is; and all others name the same release.
        """
        every = [pod for service in self.services.values() for pod in service.pods]
        said: dict[tuple[str, str], list[str]] = {}
        for pod in every:
            if pod.trouble is None:
                said.setdefault((pod.version, pod.git_sha), []).append(pod.pod)
        if len(said) > 1:
            return Findings(
                f"{version} ({sha[:_SHORT]}) runs in {', '.join(pods)}" for (version, sha), pods in sorted(said.items())
            )
        silent = [f"{service.deployment}: no pod is ready" for service in self.services.values() if not service.pods]
        silent += [f"{pod.pod}: {pod.trouble}" for pod in every if pod.trouble is not None]
        if silent or not said:
            raise Unobserved("; ".join(silent[:_NAMED]) or "no service is declared whose pods could be asked")
        return Findings()


@probe(deadline=40.0)
def pod_versions(kubernetes: "KubernetesClient", environment: Environment, deadline: Deadline) -> PodVersions:
    """`/version` of every ready pod of the declared services, through the API server's proxy."""
    found = workloads(kubernetes, environment, deadline)
    ready = [(work, pod.name) for work in found.values() for pod in work.pods if pod.ready and not pod.deleting]
    said: dict[str, list[PodVersion]] = {service: [] for service in found}
    for number, (work, pod) in enumerate(ready):
        fair = max(_LEAST, min(_PATIENCE, deadline.remaining / (len(ready) - number)))
        said[work.service].append(_ask(kubernetes, work, pod, deadline.within(fair)))
    return PodVersions(
        {service: ServiceVersions(service, work.name, tuple(said[service])) for service, work in found.items()}
    )


def _ask(kubernetes: "KubernetesClient", work: Workload, pod: str, deadline: Deadline) -> PodVersion:
    try:
        version = _version(kubernetes, work, pod, deadline)
    except (AccessDenied, RateLimited):
        raise  # nor would the next one be answered
    except Unobserved as error:
        # One pod that hangs, or has gone since it was listed, does not make the others unknown.
        return PodVersion(pod, trouble=str(error))
    return PodVersion(pod, version.service, version.version, version.git_sha, version.environment)


def _version(kubernetes: "KubernetesClient", work: Workload, pod: str, deadline: Deadline) -> "Version":
    return parse.version(kubernetes.pod_get(work.namespace, pod, work.port(pod, _PORT), "/version", deadline))
