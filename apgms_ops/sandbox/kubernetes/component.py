"""The component of the stand-in: an API server and its controllers, with the sandbox's namespaces, users and roles."""

import json
import sys
import uuid
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.asking import ask
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.kubernetes import kubeconfig
from apgms_ops.sandbox.kubernetes.credentials import NAME, roles, users
from apgms_ops.sandbox.kubernetes.objects import NAMESPACES, namespace
from apgms_ops.sandbox.kubernetes_process.settings import Settings
from apgms_ops.sandbox.world import World

CONTROL: Final = "kubernetes.control"
"""Published: host and port of the stand-in's control port, where its troubles are ordered."""
POD_NETWORK: Final = "kubernetes.pod_network"
"""Published: the first number of a pod's address in the API; here it is where the pod really listens."""
_PROGRAM: Final = "apgms_ops.sandbox.kubernetes_process"
_POLL: Final = 0.05


class Kubernetes(Component):
    """One process, over HTTP on 127.0.0.1. Stopped and started, it keeps its data."""

    name = NAME

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing: it is our own."""

    def start(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — starting a process takes no time
        """Start it with the sandbox's namespaces, users and roles; publish where it is.

        Raises:
            SandboxError: The roles cannot be read.
        """
        folder, known = world.folder(NAME), users(world)
        uid = world.get("kubernetes.uid", "") or str(uuid.uuid4())
        settings = Settings(
            port=world.port(NAME),
            control_port=world.port(CONTROL),
            users={user.token: (user.name, user.groups) for user in known},
            objects=[*map(namespace, NAMESPACES), *roles(world)],
            uid=uid,
            snapshot=str(folder / "snapshot.json"),
        )
        settings.write(folder / "settings.json")
        world.spawn(
            NAME, [sys.executable, "-m", _PROGRAM, str(folder / "settings.json")], env={"PYTHONUNBUFFERED": "1"}
        )
        url = f"http://127.0.0.1:{settings.port}"
        kubeconfig.write(folder / "kubeconfig", url, known, namespace=NAMESPACES[0])
        world.set("kubernetes.uid", uid)
        world.set("kubernetes.url", url)
        world.set("kubernetes.kubeconfig", str(folder / "kubeconfig"))
        world.set(CONTROL, f"127.0.0.1:{settings.control_port}")
        world.set(POD_NETWORK, "127")

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once it listens, and its controllers have seen everything that was there from the beginning.

        Raises:
            SandboxError: It died, or is not ready by the deadline; the text ends with the tail of its log.
        """
        while not _settled(world, deadline):
            if not world.alive(NAME):
                msg = f"{NAME} died:\n{world.log_tail(NAME)}"
                raise SandboxError(msg)
            if deadline.remaining <= _POLL:
                msg = f"{NAME} is not ready within {deadline.seconds:g} s:\n{world.log_tail(NAME)}"
                raise SandboxError(msg)
            deadline.pause(_POLL, f"{NAME} to be ready")


def _settled(world: World, deadline: Deadline) -> bool:
    text = ask(world.port(CONTROL), "/status", deadline)
    return text is not None and json.loads(text)["settled"] is True
