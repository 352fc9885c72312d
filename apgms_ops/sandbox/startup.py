"""Brings components up in parallel, each as soon as those that it needs are ready."""

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ApgmsOpsError, SandboxError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.world import World

Tick = Callable[[Mapping[str, str], float], None]
_REFRESH = 0.2
"""Seconds between two looks at what is still out."""


def in_order(components: Sequence[Component]) -> None:
    """Check that each component stands behind those it needs, so that none waits for ever.

    Raises:
        SandboxError: One needs what does not stand before it.
    """
    before: set[str] = set()
    for component in components:
        missing = [need for need in component.needs if need not in before]
        if missing:
            msg = f"component {component.name} needs {', '.join(missing)}, which must stand before it"
            raise SandboxError(msg)
        before.add(component.name)


class Startup:
    """One start of some components of a world. Its threads end with the process."""

    def __init__(self, components: Sequence[Component], world: World, deadline: Deadline) -> None:
        """Prepare to start `components`; what they need and is not among them is taken to be ready."""
        self._components = components
        self._world = world
        self._deadline = deadline
        self._ready = {component.name: threading.Event() for component in components}
        self._given_up = threading.Event()
        self._doing = {component.name: "waiting" for component in components}
        self._outcomes: queue.Queue[tuple[str, ApgmsOpsError | None]] = queue.Queue()

    def run(self, tick: Tick) -> None:
        """Start everything and return once all of it is ready. `tick` hears all the while what is still out.

        Raises:
            SandboxError: A component failed; the others are left as they are, for the caller to take down.
        """
        began = time.monotonic()
        for component in self._components:
            threading.Thread(
                target=self._bring_up, args=(component,), name=f"start {component.name}", daemon=True
            ).start()
        try:
            while self._doing:
                tick(self._doing, time.monotonic() - began)
                try:
                    name, failure = self._outcomes.get(timeout=_REFRESH)
                except queue.Empty:
                    continue
                del self._doing[name]
                if failure is not None:
                    raise failure
                self._world.report(f"{name} ready after {time.monotonic() - began:.1f} s")
        finally:
            self._given_up.set()
            tick({}, time.monotonic() - began)

    def _bring_up(self, component: Component) -> None:
        name = component.name
        failure: ApgmsOpsError | None = SandboxError(f"{name}: failed unexpectedly; what it raised stands above")
        try:
            self._doing[name] = "is being installed"
            component.install(self._world, self._deadline)
            for need in component.needs:
                self._doing[name] = f"waits for {need}"
                self._await(need)
            self._doing[name] = "starts"
            component.start(self._world, self._deadline)
            component.ready(self._world, self._deadline)
            self._ready[name].set()
            failure = None
        except ApgmsOpsError as error:
            text = str(error)
            failure = SandboxError(text if name in text else f"{name}: {text}")
        except OSError as error:
            failure = SandboxError(f"{name}: {error}")
        finally:
            self._outcomes.put((name, failure))

    def _await(self, need: str) -> None:
        event = self._ready.get(need)
        while event is not None and not event.wait(_REFRESH):
            if self._given_up.is_set():
                msg = f"{need} did not come up"
                raise SandboxError(msg)
            self._deadline.require(f"waiting for {need}")
