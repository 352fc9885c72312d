"""The containers of this node: starts and stops them, and hears what becomes of them."""

import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import holds
from apgms_ops.sandbox.node_process import lifecycle
from apgms_ops.sandbox.node_process.images import Image, Images, PullFailedError
from apgms_ops.sandbox.node_process.loop import Loop
from apgms_ops.sandbox.node_process.pod import Container, Pod
from apgms_ops.sandbox.node_process.prober import Finding, Prober
from apgms_ops.sandbox.node_process.reaper import Reaper
from apgms_ops.sandbox.node_process.record import ContainerRecord, PodRecord, Run, Waiting
from apgms_ops.sandbox.node_process.reporter import Reporter
from apgms_ops.sandbox.node_process.runtime import Place, Runtime, unusable
from apgms_ops.sandbox.processes import Identity
from apgms_ops.sandbox.world import World

if TYPE_CHECKING:
    from apgms_ops.sandbox.node_process.machine import Machine

_AGAIN: Final = 1.0
"""Seconds between two looks for what is not there yet: a process that is adopted, a free place."""


class Containers:
    """What the machine does to one container at a time; all of it happens in the loop's thread."""

    node_address: Final = "127.0.0.1"

    def __init__(  # noqa: PLR0913, PLR0917 — its parts
        self,
        world: World,
        runtime: Runtime,
        images: Images,
        reaper: Reaper,
        reporter: Reporter,
        loop: Loop,
        clock: Callable[[], float],
    ) -> None:
        """Take its parts."""
        self._world = world
        self._runtime = runtime
        self._images = images
        self._reaper = reaper
        self._reporter = reporter
        self._loop = loop
        self._clock = clock
        self._probers: dict[str, list[Prober]] = {}
        self.machine: Machine | None = None

    def held(self, now: ContainerRecord) -> bool:
        """Whether the process that ran last in a container is held down."""
        return bool(now.process) and holds.held(self._world, now.process)

    def start(
        self, pod: Pod, wanted: Container, record: PodRecord, others: Sequence[ContainerRecord]
    ) -> tuple[PodRecord, float]:
        """Start a container if that can be done now; return what came of it, and in how many seconds to try again."""
        now = record.container(wanted.name)
        try:
            image = self._image(pod, wanted)
        except PullFailedError as error:
            self._reporter.event(
                pod, "Warning", "Failed", f'Failed to pull image "{wanted.image}": {error}', wanted.name
            )
            failed = lifecycle.not_pulled(now, self._clock(), str(error))
            return record.put(failed), max(_AGAIN / 10, failed.pulls.until - self._clock())
        taken = [Place(c.component, c.process, c.slot) for c in others if c.process]
        place = (
            Place(now.component, now.process, now.slot)
            if now.process
            else self._runtime.place(pod, wanted, image, taken)
        )
        refusal = unusable(image, wanted)
        if place is None or refusal:
            waiting = Waiting("CreateContainerError" if refusal else "ContainerCreating", refusal or "no place is free")
            return record.put(replace(now, waiting=waiting)), _AGAIN
        now = replace(now, component=place.component, process=place.process, slot=place.slot)
        if self.held(now):
            return record.put(now), _AGAIN / 10
        return self._started(pod, wanted, record, now, image, place)

    def stop(self, pod: Pod, now: ContainerRecord, seconds: float) -> ContainerRecord:
        """Ask a container to end, and see that it does."""
        run = now.run
        if run is None:
            return now
        self._quiet(run)
        self._reporter.event(pod, "Normal", "Killing", f"Stopping container {now.name}", now.name)
        self._signal(run, signal.SIGTERM, signal.SIGCONT)
        self._loop.after(seconds, lambda: self._kill(pod.uid, now.name, run))
        return replace(now, stopping=True)

    def wait(self, pod: Pod, now: ContainerRecord, waiting: Waiting) -> ContainerRecord:
        """Let a container wait, and say so in an event."""
        if waiting != now.waiting and waiting.reason.endswith("BackOff"):
            pulling = waiting.reason == "ImagePullBackOff"
            whose = f"container {now.name} in pod {pod.name}_{pod.namespace}({pod.uid})"
            text = waiting.message if pulling else f"Back-off restarting failed {whose}"
            self._reporter.event(pod, "Normal" if pulling else "Warning", "BackOff", text, now.name)
        return replace(now, waiting=waiting)

    def resume(self, pod: Pod, record: PodRecord, now: ContainerRecord) -> None:
        """Take up a container that an earlier process of this node has started."""
        if now.image_id:
            self._images.remember(now.image, now.image_id)
        if now.run is not None:
            self._attend(pod, record, now.name, now.run)

    def forget(self, record: PodRecord) -> None:
        """End what is left of a pod's processes."""
        for container in record.containers:
            if container.run is not None:
                self._quiet(container.run)
            if container.ended is not None and container.owned:
                try:
                    self._runtime.end(Place(container.component, container.process))
                except SandboxError as error:
                    self._world.report(str(error))

    def _image(self, pod: Pod, wanted: Container) -> Image:
        present = self._images.present(wanted.image)
        if present is not None and not wanted.always_pull:
            return present
        if wanted.never_pull:
            msg = f'Container image "{wanted.image}" is not present with pull policy of Never'
            raise PullFailedError(msg)
        self._reporter.event(pod, "Normal", "Pulling", f'Pulling image "{wanted.image}"', wanted.name)
        return self._images.pull(wanted.image)

    def _started(  # noqa: PLR0913, PLR0917 — one container in all its respects
        self, pod: Pod, wanted: Container, record: PodRecord, now: ContainerRecord, image: Image, place: Place
    ) -> tuple[PodRecord, float]:
        try:
            run = self._runtime.start(pod, wanted, image, place, record.address)
        except SandboxError as error:
            self._reporter.event(pod, "Warning", "Failed", f"Error: {error}", wanted.name)
            return record.put(replace(now, waiting=Waiting("RunContainerError", str(error)))), _AGAIN
        if run is None:
            return record.put(
                replace(now, waiting=Waiting("ContainerCreating", f"{place.process} does not run"))
            ), _AGAIN
        if now.ended is not None and run.owned:
            now = replace(now, ended=replace(now.ended, log=str(self._runtime.previous_log(place))))
        begun = lifecycle.started(replace(now, owned=run.owned), run, image.identity)
        if wanted.readiness is None or not run.owned:
            begun = replace(begun, ready=True)
        self._reporter.event(pod, "Normal", "Pulled", f'Container image "{image.identity}" is present', wanted.name)
        self._reporter.event(pod, "Normal", "Created", f"Created container: {wanted.name}", wanted.name)
        self._reporter.event(pod, "Normal", "Started", f"Started container {wanted.name}", wanted.name)
        self._attend(pod, record, wanted.name, run)
        return record.put(begun), 0.0

    def _attend(self, pod: Pod, record: PodRecord, name: str, run: Run) -> None:
        """Hear when a run ends, and probe it as long as it does not."""
        identity = Identity(run.pid, run.started, "")
        self._reaper.watch(identity, lambda code: self._loop.soon(lambda: self._over(pod.uid, name, run, code)))
        wanted = next((container for container in pod.containers if container.name == name), None)
        if wanted is None or not run.owned:
            return
        probers = []
        for kind, probe in (("Readiness", wanted.readiness), ("Liveness", wanted.liveness)):
            if probe is not None:

                def said(finding: Finding, kind: str = kind) -> None:
                    self._loop.soon(lambda: self._probed(pod, name, run, kind, finding))

                readiness = kind == "Readiness"
                prober = Prober(probe, record.address, said, holds=not readiness, eager=readiness)
                prober.start()
                probers.append(prober)
        self._probers[run.identity] = probers

    def _probed(self, pod: Pod, name: str, run: Run, kind: str, finding: Finding) -> None:
        if finding.trouble:
            self._reporter.event(pod, "Warning", "Unhealthy", f"{kind} probe failed: {finding.trouble}", name)

        def change(pod: Pod, now: ContainerRecord) -> ContainerRecord:
            if now.run is None or now.run.identity != run.identity or now.stopping:
                return now
            if kind == "Readiness":
                return replace(now, ready=finding.holds)
            return now if finding.holds else self.stop(pod, now, pod.grace)

        if finding.changed and self.machine is not None:
            self.machine.put(pod.uid, name, change)

    def _over(self, uid: str, name: str, run: Run, code: int | None) -> None:
        self._quiet(run)

        def change(_pod: Pod, now: ContainerRecord) -> ContainerRecord:
            same = now.run is not None and now.run.identity == run.identity
            starved = holds.starved(self._world, now.process)
            return lifecycle.ended(now, code, self._clock(), starved=starved) if same else now

        if self.machine is not None:
            self.machine.put(uid, name, change)

    def _kill(self, uid: str, name: str, run: Run) -> None:
        def change(_pod: Pod, now: ContainerRecord) -> ContainerRecord:
            if now.run is not None and now.run.identity == run.identity:
                self._signal(run, signal.SIGKILL)
            return now

        if self.machine is not None:
            self.machine.put(uid, name, change)

    def _signal(self, run: Run, *numbers: signal.Signals) -> None:
        for number in numbers:
            try:
                self._world.signal(run.component, number, process=run.process)
            except SandboxError:  # it has ended meanwhile
                return

    def _quiet(self, run: Run) -> None:
        for prober in self._probers.pop(run.identity, ()):
            prober.stop()
