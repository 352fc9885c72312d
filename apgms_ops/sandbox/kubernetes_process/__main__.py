"""Run the API server and its controllers: `python -m apgms_ops.sandbox.kubernetes_process SETTINGS`, until SIGTERM."""

import random
import signal
import sys
import threading
import time
from pathlib import Path

from apgms_ops.sandbox.kubernetes_process import bootstrap
from apgms_ops.sandbox.kubernetes_process.access import User
from apgms_ops.sandbox.kubernetes_process.api import Api, Parts
from apgms_ops.sandbox.kubernetes_process.control import Control
from apgms_ops.sandbox.kubernetes_process.controllers.every import every
from apgms_ops.sandbox.kubernetes_process.controllers.manager import Manager
from apgms_ops.sandbox.kubernetes_process.kubelet import Kubelets
from apgms_ops.sandbox.kubernetes_process.listing import Lists
from apgms_ops.sandbox.kubernetes_process.proxy import Proxy
from apgms_ops.sandbox.kubernetes_process.registry import Registry
from apgms_ops.sandbox.kubernetes_process.settings import Settings
from apgms_ops.sandbox.kubernetes_process.snapshot import Snapshot
from apgms_ops.sandbox.kubernetes_process.store import Store
from apgms_ops.sandbox.kubernetes_process.watching import Watches
from apgms_ops.sandbox.kubernetes_process.web import Server


def main(path: Path) -> None:
    """Run, with the settings in a file, until SIGTERM."""
    asked_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: asked_to_end.set())
    settings = Settings.read(path)
    chance = random.Random()  # noqa: S311 — names and the choice of an endpoint, not secrets
    store = Store()
    registry = Registry(store, time.time, chance)
    snapshot = Snapshot(store, Path(settings.snapshot)) if settings.snapshot else None
    if snapshot is None or not snapshot.load():
        bootstrap.fill(registry, settings.objects, settings.uid)
    users = {token: User.known(name, tuple(groups)) for token, (name, groups) in settings.users.items()}
    parts = Parts(
        registry,
        Lists(store, time.time),
        Watches(store),
        Kubelets(store, settings.kubelet_certificate),
        Proxy(store, chance),
        users,
    )
    manager = Manager(registry, every(registry, settings.node_grace))
    server = Server(settings.port, Api(parts).answer, "api")
    control = Control(store, manager, parts.troubles, parts.lists, parts.watches, server)
    controls = Server(settings.control_port, control.answer, "control")
    threading.Thread(target=manager.run, args=(asked_to_end,), name="controllers", daemon=True).start()
    if snapshot is not None:
        threading.Thread(target=snapshot.keep, args=(asked_to_end,), name="snapshot").start()
    server.open()
    controls.open()
    asked_to_end.wait()
    controls.close()
    server.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
