"""Where `psql` can be run: in the pods of a workload."""

from typing import TYPE_CHECKING

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Postgres
from apgms_ops.environment.via import Path
from apgms_ops.estate.pods import Pods

if TYPE_CHECKING:
    from apgms_ops.clients.kubernetes.client import KubernetesClient
    from apgms_ops.clients.postgres.shell import Host, Shells


def shells(kubernetes: "KubernetesClient", section: Postgres) -> "Shells":
    """Return where `psql` can be run: in the pods of the workload that the environment names."""
    from apgms_ops.clients.postgres.shell import Host, Shells  # noqa: PLC0415 — heavy

    pods = Pods(kubernetes, Path.parse(section.where))
    replica = section.role != "primary"

    def host(pod: str) -> "Host":
        return Host(f"pod {pod}", lambda command, deadline: pods.talk(pod, command, deadline))

    def hosts(deadline: Deadline) -> list["Host"]:
        # The first pod is the likeliest primary; which is which, each says itself.
        return [host(pod) for pod in sorted(pods.names(deadline), reverse=replica)]

    return Shells(hosts, section.where, replica, section.database or "apgms", section.user or "postgres")
