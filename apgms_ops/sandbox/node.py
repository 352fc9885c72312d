"""The component of the cluster's only node, and the registry of what it runs."""

import sys
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import images, workloads
from apgms_ops.sandbox.cluster.api import ApiError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.kubernetes.credentials import NAME as KUBERNETES
from apgms_ops.sandbox.kubernetes.credentials import NODE
from apgms_ops.sandbox.kubernetes.twin import POD_NETWORK, certificates
from apgms_ops.sandbox.node_process.settings import Settings
from apgms_ops.sandbox.world import World

_PROGRAM: Final = "apgms_ops.sandbox.node_process"
_POLL: Final = 0.05


class Node(Component):
    """One process that plays the kubelet. What it has started goes on without it, and is found again."""

    name = "node"
    needs = ("platform-source", "kubernetes")

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing: it is our own."""

    def start(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — starting a process takes no time
        """Fill the registry with both releases, and start the node."""
        images.push_all(world)
        folder = world.folder(self.name)
        certificates.write(folder, ("127.0.0.1",))
        authority = certificates.crt(world.folder(KUBERNETES), certificates.AUTHORITY)
        settings = Settings(
            root=str(world.root),
            cache=str(world.cache),
            kubeconfig=world.get("kubernetes.kubeconfig"),
            context=NODE,
            port=world.port(self.name),
            certificate=str(certificates.crt(folder, certificates.SERVER)),
            key=str(certificates.key(folder, certificates.SERVER)),
            authority=str(authority) if authority.exists() else "",
            registry=str(images.path(world)),
            network=network(world),
            reported=world.get(POD_NETWORK, "127"),
            node=NODE,
        )
        path = folder / "settings.json"
        settings.write(path)
        world.spawn(self.name, [sys.executable, "-m", _PROGRAM, str(path)], env={"PYTHONUNBUFFERED": "1"})

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once the API knows it as ready.

        Raises:
            SandboxError: It died, or is not ready by the deadline; the text ends with the tail of its log.
        """
        while not _known(world):
            if not world.alive(self.name):
                msg = f"node died:\n{world.log_tail(self.name)}"
                raise SandboxError(msg)
            if deadline.remaining <= _POLL:
                msg = f"node is not ready within {deadline.seconds:g} s:\n{world.log_tail(self.name)}"
                raise SandboxError(msg)
            deadline.pause(_POLL, "node to be ready")


def network(world: World) -> str:
    """Return the first three numbers of the pods' addresses: on loopback, and no other sandbox of this user has them.

    They are the node's port, which is this sandbox's alone: 20000 is 127.78.32.
    """
    high, low = divmod(world.port(Node.name), 256)
    return f"127.{high}.{low}"


def _known(world: World) -> bool:
    try:
        found = workloads.admin(world).get(f"/api/v1/nodes/{NODE}")
    except ApiError:
        return False
    conditions = {entry["type"]: entry["status"] for entry in found.get("status", {}).get("conditions") or ()}
    return conditions.get("Ready") == "True"
