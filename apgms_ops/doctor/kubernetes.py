"""How the cluster is asked what it is, and whether we may do what the checks do."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from apgms_ops.doctor.findings import Permission, Told
from apgms_ops.environment.model import Environment, Kubernetes
from apgms_ops.environment.via import Path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apgms_ops.deadline import Deadline
    from apgms_ops.estate import Estate
    from apgms_ops.observation import Recorder

_NEEDED: Final = (
    ("list", "deployments.apps"),
    ("list", "replicasets.apps"),
    ("list", "statefulsets.apps"),
    ("list", "pods"),
    ("list", "events"),
    ("list", "jobs.batch"),
    ("list", "cronjobs.batch"),
    ("get", "pods/log"),
    ("get", "pods/proxy"),
    ("get", "services/proxy"),
)
"""What the checks do in the platform's namespace. Which cluster it is has been read by then."""


def ask(estate: "Estate", _: "Recorder", deadline: "Deadline") -> Told:
    """Ask for its identity, its release and its clock, and one by one for what we may do."""
    client = estate.kubernetes
    identity = client.identity(deadline)
    version = client.version(deadline)
    before = datetime.now(UTC)
    server = client.server_time(deadline)
    between = before + (datetime.now(UTC) - before) / 2
    permissions = tuple(
        Permission(
            f"{verb} on {resource}{f' {name}' if name else ''} in {namespace}",
            client.can_i(verb, resource, namespace, deadline, name=name).allowed,
            "bind the role apgms-ops-reader of deploy/rbac.yaml",
        )
        for verb, resource, namespace, name in _needed(estate.environment)
    )
    return Told(version.text, identity, None if server is None else server - between, permissions)


def _needed(environment: Environment) -> "Iterator[tuple[str, str, str, str]]":
    if isinstance(environment.kubernetes, Kubernetes):
        for verb, resource in _NEEDED:
            yield verb, resource, environment.kubernetes.namespace, ""
    via = environment.via("prometheus")
    if via is not None:
        path = Path.parse(via)
        yield "get", "services/proxy", path.namespace, path.name
