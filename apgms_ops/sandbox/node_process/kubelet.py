"""What a node is asked for by an API server: the log of a run of a container, and a command in one."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from apgms_ops.sandbox.node_process.commands import Command, resolve
from apgms_ops.sandbox.node_process.images import Images
from apgms_ops.sandbox.node_process.pod import Pod
from apgms_ops.sandbox.node_process.record import ContainerRecord, PodRecord
from apgms_ops.sandbox.node_process.runtime import Place, Runtime
from apgms_ops.sandbox.processes import environment
from apgms_ops.sandbox.world import World

BAD: Final = 400
NOT_FOUND: Final = 404
_NOT_DONE: Final = 501

Found = tuple[Pod, PodRecord, ContainerRecord]


class RefusedError(Exception):
    """An answer that is none of the wanted."""

    def __init__(self, status: int, text: str) -> None:
        """Take the HTTP status, and what to say."""
        super().__init__(text)
        self.status = status


class Kubelet:
    """What it knows, and what it runs."""

    def __init__(
        self, world: World, runtime: Runtime, images: Images, find: Callable[[str, str, str], Found | None]
    ) -> None:
        """Take what finds a container by namespace, pod and name."""
        self._world = world
        self._runtime = runtime
        self._images = images
        self._find = find

    def log(self, namespace: str, pod: str, container: str, query: Mapping[str, str]) -> tuple[Path, datetime]:
        """Return the file of a run's log, and when that run began.

        Raises:
            RefusedError: There is no such container, or no such run of it.
        """
        now = self._container(namespace, pod, container)[2]
        if query.get("follow") in {"1", "true"}:
            raise RefusedError(_NOT_DONE, "the sandbox's node does not follow logs")
        place = Place(now.component, now.process)
        ended = now.ended or now.last
        if query.get("previous") in {"1", "true"}:
            over = now.last if now.run is not None or now.waiting is None else ended
            if over is None:
                raise RefusedError(BAD, f'previous terminated container "{container}" in pod "{pod}" not found')
            return Path(over.log or self._runtime.log(place)), datetime.fromtimestamp(over.began, UTC)
        if now.run is not None:
            return self._runtime.log(place), datetime.fromtimestamp(now.run.began, UTC)
        if ended is not None:
            return Path(ended.log or self._runtime.log(place)), datetime.fromtimestamp(ended.began, UTC)
        why = now.waiting.reason if now.waiting is not None else "ContainerCreating"
        pulls = why in {"ErrImagePull", "ImagePullBackOff"}
        text = "trying and failing to pull image" if pulls else why
        raise RefusedError(BAD, f'container "{container}" in pod "{pod}" is waiting to start: {text}')

    def command(self, namespace: str, pod: str, container: str, asked: list[str]) -> tuple[Command, Mapping[str, str]]:
        """Return what to run for a command, and in which environment.

        Raises:
            RefusedError: There is no such container, or it does not run.
            CommandRefusedError: It is none of the sandbox's own.
        """
        found, _, now = self._container(namespace, pod, container)
        image = self._images.present(next(c.image for c in found.containers if c.name == container))
        if now.run is None or image is None:
            raise RefusedError(NOT_FOUND, f'container not found ("{container}")')
        command = resolve(self._world, now.process, image.manifest, asked)
        part = f"{now.component}/exec"
        return command, environment(self._world.root, part, os.environ, command.environment)

    def _container(self, namespace: str, pod: str, container: str) -> Found:
        found = self._find(namespace, pod, container)
        if found is None:
            raise RefusedError(NOT_FOUND, f'pod "{pod}" with container "{container}" does not run on this node')
        return found
