"""The component that takes Prometheus's alerts: Alertmanager, which tells nobody, for nobody is on call here."""

import json
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.asking import ask
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.debian import program
from apgms_ops.sandbox.world import World

PACKAGE: Final = "prometheus-alertmanager"
_POLL: Final = 0.05


class Alertmanager(Component):
    """One server on 127.0.0.1, without gossip."""

    name = "alertmanager"

    def install(self, world: World, deadline: Deadline) -> None:
        """See that the server is there.

        Debian's build reads its templates from /usr/share, so the package is installed: unpacked, it does not run.
        Its own service, which systemd would start with it, is another server on other ports.
        """
        program(world, "prometheus-alertmanager", PACKAGE, deadline)

    def start(self, world: World, deadline: Deadline) -> None:
        """Start it with one receiver, which sends nothing."""
        folder = world.folder(self.name)
        configuration = {
            "route": {"receiver": "nobody", "group_by": ["alertname"], "group_wait": "1s", "group_interval": "5s"},
            "receivers": [{"name": "nobody"}],
        }
        path = folder / "alertmanager.json"
        path.write_text(json.dumps(configuration, indent=1), encoding="utf-8")
        server = program(world, "prometheus-alertmanager", PACKAGE, deadline)
        world.spawn(
            self.name,
            [
                str(server),
                f"--config.file={path}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{world.port(self.name)}",
                "--cluster.listen-address=",  # alone: gossip would listen on every interface
                "--log.level=warn",
            ],
        )

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once it is ready."""
        port = world.port(self.name)
        while ask(port, "/-/ready", deadline) is None:
            if not world.alive(self.name):
                msg = f"alertmanager died:\n{world.log_tail(self.name)}"
                raise SandboxError(msg)
            if deadline.remaining <= _POLL:
                msg = f"alertmanager is not ready within {deadline.seconds:g} s:\n{world.log_tail(self.name)}"
                raise SandboxError(msg)
            deadline.pause(_POLL, "alertmanager to be ready")
        world.set("alertmanager.url", f"http://127.0.0.1:{port}")
