"""The component that stands before the gateways: a load balancer, which is what the world outside sees."""

import sys
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.asking import ask
from apgms_ops.sandbox.certificates import Authority, crt, key
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.world import World

READY: Final = "/health/ready"
_GATEWAYS: Final = ("api-gateway.1.url", "api-gateway.2.url")
_AUTHORITY: Final = "ca"
_SERVER: Final = "server"
_POLL: Final = 0.05


class Edge(Component):
    """One process on 127.0.0.1, with TLS and without, which hands requests to the gateways in turn."""

    name = "edge"
    needs = ("api-gateway",)

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing: it is our own."""

    def start(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — starting a process takes no time
        """Start it before the gateways."""
        folder = world.folder(self.name)
        certify(folder)
        port, tls, control = (world.port(name) for name in (self.name, "edge.tls", "edge.control"))
        gateways = [world.get(gateway) for gateway in _GATEWAYS]
        ports, as_whom = map(str, (port, tls, control)), map(str, (crt(folder, _SERVER), key(folder, _SERVER)))
        world.spawn(
            self.name,
            [sys.executable, "-m", "apgms_ops.sandbox.edge_process", *ports, *as_whom, *gateways],
            env={"PYTHONUNBUFFERED": "1"},
        )
        world.set("edge.url", f"http://127.0.0.1:{port}")
        world.set("edge.tls.url", f"https://localhost:{tls}")
        world.set("edge.ca_file", str(crt(folder, _AUTHORITY)))
        world.set("edge.control", f"127.0.0.1:{control}")

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once a gateway behind it is ready."""
        while ask(world.port(self.name), READY, deadline) is None:
            if not world.alive(self.name):
                msg = f"edge died:\n{world.log_tail(self.name)}"
                raise SandboxError(msg)
            if deadline.remaining <= _POLL:
                msg = f"edge is not ready within {deadline.seconds:g} s:\n{world.log_tail(self.name)}"
                raise SandboxError(msg)
            deadline.pause(_POLL, "edge to be ready")


def certify(folder: Path) -> None:
    """Make an authority, and the certificate that it gives the load balancer, unless they are there."""
    if not crt(folder, _SERVER).exists():
        Authority(folder, _AUTHORITY).server(_SERVER, ("localhost",), ("127.0.0.1",))
