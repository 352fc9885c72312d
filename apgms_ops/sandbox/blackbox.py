"""The component that looks at the platform from outside: Prometheus's blackbox exporter, before the edge."""

import json
from typing import Final
from urllib.parse import urlencode

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.asking import ask
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.debian import program
from apgms_ops.sandbox.edge import READY
from apgms_ops.sandbox.world import World

PACKAGE: Final = "prometheus-blackbox-exporter"
MODULE: Final = "ready"
"""The module that Prometheus asks for: an answer of status 200."""
_POLL: Final = 0.05
_TOO_SLOW: Final = "5s"


class Blackbox(Component):
    """One exporter on 127.0.0.1. It looks when Prometheus asks it to."""

    name = "blackbox"
    needs = ("edge",)

    def install(self, world: World, deadline: Deadline) -> None:
        """See that it is there. The package would start a service of its own: it is unpacked only."""
        program(world, PACKAGE, PACKAGE, deadline, daemon=True)

    def start(self, world: World, deadline: Deadline) -> None:
        """Start it with one module."""
        http = {
            "valid_status_codes": [200],
            "preferred_ip_protocol": "ip4",
            "ip_protocol_fallback": False,
            "follow_redirects": False,  # a login page elsewhere is not readiness
        }
        configuration = {"modules": {MODULE: {"prober": "http", "timeout": _TOO_SLOW, "http": http}}}
        path = world.folder(self.name) / "blackbox.json"
        path.write_text(json.dumps(configuration, indent=1), encoding="utf-8")
        exporter = program(world, PACKAGE, PACKAGE, deadline, daemon=True)
        address = f"127.0.0.1:{world.port(self.name)}"
        world.spawn(
            self.name,
            [
                str(exporter),
                f"--config.file={path}",
                f"--web.listen-address={address}",
                "--timeout-offset=0.1",  # of the second that a scrape may take; half of it, by default
                "--log.level=warn",
            ],
            env={"GOMAXPROCS": "1"},
        )
        world.set("blackbox.address", address)

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once it sees the platform ready from outside."""
        query = urlencode({"module": MODULE, "target": f"{world.get('edge.url')}{READY}"})
        while "\nprobe_success 1\n" not in (ask(world.port(self.name), f"/probe?{query}", deadline) or ""):
            if not world.alive(self.name):
                msg = f"blackbox died:\n{world.log_tail(self.name)}"
                raise SandboxError(msg)
            if deadline.remaining <= _POLL:
                msg = f"blackbox does not see the edge within {deadline.seconds:g} s:\n{world.log_tail(self.name)}"
                raise SandboxError(msg)
            deadline.pause(_POLL, "blackbox to see the edge")
