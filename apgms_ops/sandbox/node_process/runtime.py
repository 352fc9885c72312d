"""How a container becomes a process of the sandbox: a service in one of its places, a program, or what runs already."""

import re
import secrets
import shutil
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import replicas
from apgms_ops.sandbox.node_process.images import Image
from apgms_ops.sandbox.node_process.pod import Container, Pod
from apgms_ops.sandbox.node_process.record import Run
from apgms_ops.sandbox.processes import Identity
from apgms_ops.sandbox.world import World

PODS: Final = "pods"
"""The component of what belongs to no service: programs of tests, jobs."""
_STOP: Final = 5.0
_ORDINAL: Final = re.compile(r".*-(\d+)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a container runs."""

    component: str
    process: str
    slot: int = 0
    """Of a service's places; 0 for everything else."""


class Runtime:
    """Starts processes in the world."""

    def __init__(self, world: World, clock: Callable[[], float] = time.time) -> None:
        """Take the world."""
        self._world = world
        self._clock = clock

    def place(self, pod: Pod, wanted: Container, image: Image, taken: Collection[Place]) -> Place | None:
        """Return where a container is to run; None as long as everything where it could is taken.

        Args:
            pod: Whose it is.
            wanted: The container.
            image: Its image.
            taken: Places of other pods.
        """
        manifest = image.manifest
        adopted = manifest.get("adopts")
        if adopted:
            match = _ORDINAL.fullmatch(pod.name)
            number = int(match[1]) if match is not None else 0
            component, _, process = str(adopted[min(number, len(adopted) - 1)]).partition("/")
            return Place(component, process)
        if manifest.get("program"):
            return Place(PODS, f"{pod.name}.{wanted.name}")
        service = str(manifest["service"])
        busy = {place.slot for place in taken if place.component == service}
        free = [number for number in replicas.places(self._world, service) if number not in busy]
        return Place(service, f"{service}-{free[0]}", free[0]) if free else None

    def start(self, pod: Pod, wanted: Container, image: Image, place: Place, address: str) -> Run | None:
        """Start a container, or find what it adopts; None as long as that does not run.

        Raises:
            SandboxError: It cannot be started.
        """
        if image.manifest.get("adopts"):
            return self._adopted(place)
        self._clear(place)
        environment = {**wanted.environment, "POD_NAME": pod.name, "POD_IP": address}
        if place.slot:
            template = replicas.places(self._world, place.component)[place.slot]
            manifest = image.manifest
            settings = replace(
                template,
                version=manifest["version"],
                git_sha=manifest["git_sha"],
                built_at=manifest["built_at"],
                pod_address=f"{address}:{next(iter(wanted.ports.values()))}" if wanted.ports else "",
            )
            pid = replicas.start(self._world, place.component, settings, environment)
        else:
            argv = _argv(wanted, image)
            pid = self._world.spawn(place.component, argv, env=environment, process=place.process)
        identity = self._world.processes()[place.component][place.process]
        return self._run(place, replace(identity, pid=pid), owned=True)

    def end(self, place: Place) -> None:
        """End what is left of a container that has ended, and forget it.

        Raises:
            SandboxError: Something outlived SIGKILL.
        """
        self._world.stop(place.component, Deadline(_STOP), process=place.process)

    def previous_log(self, place: Place) -> Path:
        """Return where the log of the run before is put."""
        return self._world.root / place.component / "previous" / f"{place.process}.log"

    def log(self, place: Place) -> Path:
        """Return where a run's log is."""
        return self._world.root / place.component / f"{place.process}.log"

    def _clear(self, place: Place) -> None:
        """End what a crash has left, and put its log aside."""
        if place.process in self._world.processes().get(place.component, {}):
            self.end(place)
        log, aside = self.log(place), self.previous_log(place)
        if log.exists():
            aside.parent.mkdir(mode=0o700, exist_ok=True)
            shutil.move(log, aside)

    def _adopted(self, place: Place) -> Run | None:
        identity = self._world.processes().get(place.component, {}).get(place.process)
        if identity is None or not self._world.alive(place.component, process=place.process):
            return None
        return self._run(place, identity, owned=False)

    def _run(self, place: Place, identity: Identity, *, owned: bool) -> Run:
        return Run(
            identity=f"sandbox://{secrets.token_hex(32)}",
            component=place.component,
            process=place.process,
            pid=identity.pid,
            started=identity.started,
            began=self._clock(),
            owned=owned,
        )


def _argv(wanted: Container, image: Image) -> list[str]:
    """Return what to run: as the pod says, or else the image; a command that the image holds is found by its name."""
    asked = [*(wanted.arguments or image.manifest["program"])]
    own = image.manifest.get("commands") or {}
    return [*own.get(PurePosixPath(asked[0]).name, asked[:1]), *asked[1:]]


def unusable(image: Image, wanted: Container) -> str:
    """Say why an image cannot be run as a container wants it; mostly nothing.

    A service is started as its component says, so a command of the pod's own would be a lie.
    """
    if wanted.arguments and not image.manifest.get("program"):
        return f"the sandbox runs {image.repository} as it is, without command or args of the pod's"
    return ""
