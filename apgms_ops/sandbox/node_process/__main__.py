"""Run the node: `python -m apgms_ops.sandbox.node_process SETTINGS`, until SIGTERM. What it has started goes on."""

import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from apgms_ops.sandbox.cluster import access
from apgms_ops.sandbox.cluster.api import Api
from apgms_ops.sandbox.cluster.following import Follower
from apgms_ops.sandbox.node_process.containers import Containers
from apgms_ops.sandbox.node_process.images import Images
from apgms_ops.sandbox.node_process.kubelet import Found, Kubelet
from apgms_ops.sandbox.node_process.kubelet_server import serve
from apgms_ops.sandbox.node_process.loop import Loop
from apgms_ops.sandbox.node_process.machine import Machine
from apgms_ops.sandbox.node_process.reaper import Reaper
from apgms_ops.sandbox.node_process.registration import Registration
from apgms_ops.sandbox.node_process.reporter import Reporter
from apgms_ops.sandbox.node_process.runtime import Runtime
from apgms_ops.sandbox.node_process.settings import Settings
from apgms_ops.sandbox.node_process.shelf import Shelf
from apgms_ops.sandbox.processes import ProcessTable
from apgms_ops.sandbox.world import World

_PATIENCE = 5.0
"""Seconds that a question of the kubelet's API waits for the loop."""


def _note(text: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {text}\n")
    sys.stdout.flush()


def main(path: Path) -> None:
    """Run, with the settings in a file, until SIGTERM."""
    stopping = threading.Event()
    loop = Loop()

    def end(_number: int, _frame: object) -> None:
        stopping.set()
        loop.stop()

    signal.signal(signal.SIGTERM, end)
    settings = Settings.read(path)
    world = World(Path(settings.root), cache=Path(settings.cache), report=_note)
    api = Api(access.read(Path(settings.kubeconfig), settings.context))
    runtime, images, reaper = Runtime(world), Images(Path(settings.registry)), Reaper(ProcessTable())
    reporter = Reporter(api, settings.node, time.time, _note)
    containers = Containers(world, runtime, images, reaper, reporter, loop, time.time)
    machine = Machine(loop, containers, reporter, Shelf(path.with_name("pods.json")), settings, time.time)
    containers.machine = machine

    def find(namespace: str, pod: str, container: str) -> Found | None:
        return loop.ask(lambda: machine.find(namespace, pod, container), _PATIENCE)

    kubelet = Kubelet(world, runtime, images, find)
    authority = Path(settings.authority) if settings.authority else None
    server = serve(settings.port, Path(settings.certificate), Path(settings.key), authority, kubelet)
    registration = Registration(api, settings.node, Containers.node_address, settings.port, time.time)
    follower = Follower(
        api,
        "/api/v1/pods",
        {"fieldSelector": f"spec.nodeName={settings.node}"},
        lambda found: loop.soon(lambda: machine.listed(found)),
        lambda kind, found: loop.soon(lambda: machine.changed(kind, found)),
    )
    reaper.start()
    for work in (
        reporter.run,
        server.serve_forever,
        lambda: registration.run(stopping, _note),
        lambda: follower.run(stopping, _note),
    ):
        threading.Thread(target=work, daemon=True).start()
    _note("started")
    loop.run()
    _note("ended")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
