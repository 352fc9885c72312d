"""How a service is asked through the API server."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from apgms_ops.deadline import Deadline
from apgms_ops.environment.via import Path

if TYPE_CHECKING:
    from apgms_ops.clients.http import Answer
    from apgms_ops.clients.http.through import Through
    from apgms_ops.clients.kubernetes.client import KubernetesClient


def through(via: str, kubernetes: "KubernetesClient") -> "Through":
    """Return how to ask the service that an access path names."""
    path = Path.parse(via)

    def ask(target: str, headers: Mapping[str, str], size_limit: int, deadline: Deadline) -> "Answer":
        return kubernetes.service_get(
            path.namespace, path.name, target, deadline, headers=headers, size_limit=size_limit
        )

    return ask
