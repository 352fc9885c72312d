"""Runbook, Deployment Procedure: which release it is that is looked at, and what is required of one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment, Github, Kubernetes
from apgms_ops.errors import Unobserved

if TYPE_CHECKING:
    from apgms_ops.clients.github import GithubClient
    from apgms_ops.estate import Estate

_PATIENCE: Final = 3.0
"""Seconds that one replica is given to say what it runs."""
_SHOWN: Final = 12
"""Characters of a commit's name that a sentence shows."""


@dataclass(frozen=True, slots=True)
class Release:
    """The release that is looked at."""

    tag: str
    sha: str | None
    """The commit that what runs says it was built from; None where the release was given by name."""
    said_by: str
    """Who named it: `--release`, or the services."""


def short(sha: str) -> str:
    """Return the beginning of a commit's name, for sentences."""
    return sha[:_SHOWN]


def rules_of(environment: Environment) -> Github:
    """Return what the environment requires of a release.

    Raises:
        Unobserved: It has no [github].
    """
    if not isinstance(environment.github, Github):
        msg = f"environment {environment.name} has no [github]: nothing is required of a release"
        raise Unobserved(msg)
    return environment.github


def running_release(estate: "Estate", release: str | None, deadline: Deadline) -> Release:
    """Return the release that was given, or else the one that the services say they run.

    A replica that does not answer is left out: that it should is the promise of another check.

    Args:
        estate: Asked only where no release was given.
        release: What `--release` says.
        deadline: For all of it.

    Raises:
        Unobserved: Those that answer do not agree, or none does.
    """
    if release is not None:
        return Release(release, None, "--release")
    said: dict[tuple[str, str], list[str]] = {}
    troubles: list[str] = []
    for replica, version, sha in _versions(estate, deadline, troubles):
        said.setdefault((version, sha), []).append(replica)
    if not said:
        msg = f"which release runs is not known: {'; '.join(troubles) or 'nothing runs'}"
        raise Unobserved(msg)
    if len(said) > 1:
        each = "; ".join(f"{version} ({short(sha)}): {', '.join(who)}" for (version, sha), who in sorted(said.items()))
        msg = f"the services do not run one release, so that none can be judged: {each}"
        raise Unobserved(msg)
    ((tag, sha),) = said
    return Release(tag, sha, "/version of the services")


def commit_of(github: "GithubClient", tag: str, branch: str, deadline: Deadline) -> str | None:
    """Return the commit that a tag stands for, or None if there is no such tag.

    Raises:
        Unobserved: It stands for something else than a commit.
    """
    ref = github.tag_ref(tag, deadline, proof=branch)
    if ref is None:
        return None
    if ref.kind.value == "commit":
        return ref.sha
    found = github.tag_object(ref.sha, deadline)
    if found.target_kind != "commit":
        msg = f"the tag {tag} stands for a {found.target_kind}, not for a commit"
        raise Unobserved(msg)
    return found.target


def _versions(estate: "Estate", deadline: Deadline, troubles: list[str]) -> list[tuple[str, str, str]]:
    """Return replica, version and commit of everything that answers: asked itself, or through the cluster."""
    environment = estate.environment
    found: list[tuple[str, str, str]] = []
    unasked = [name for name, service in environment.services.items() if not service.urls]
    for name in environment.services:
        for replica in () if name in unasked else estate.gateway.replicas(name):
            try:
                version = replica.version(deadline.within(_PATIENCE))
            except Unobserved as error:
                deadline.require("asking which release runs")
                troubles.append(str(error))
            else:
                found.append((f"{name} at {replica.url}", version.version, version.git_sha))
    if unasked and isinstance(environment.kubernetes, Kubernetes):
        from apgms_ops.probes.pod_versions import pod_versions  # noqa: PLC0415 — only where the cluster is asked

        pods = pod_versions.function(estate.kubernetes, environment, deadline)
        for name in unasked:
            for pod in pods.of(name).pods:
                if pod.trouble is None:
                    found.append((pod.pod, pod.version, pod.git_sha))
                else:
                    troubles.append(f"{pod.pod}: {pod.trouble}")
    elif unasked:
        troubles.append(f"{', '.join(unasked)} have no urls, and there is no cluster to ask")
    return found
