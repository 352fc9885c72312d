"""How a sandbox is: what of it lives, what is broken on purpose, and whether all is well."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ApgmsOpsError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.world import World


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    """One component as it was found."""

    name: str
    pids: tuple[tuple[str, int], ...]
    """Its processes, by name, as they were started."""
    ports: tuple[tuple[str, int], ...]
    """Its ports on 127.0.0.1, by name."""
    problem: str | None
    """Why it is not well, in one line; None if it is."""


@dataclass(frozen=True, slots=True)
class Status:
    """The whole sandbox as it was found."""

    components: tuple[ComponentStatus, ...]
    faults: tuple[str, ...]
    """Broken on purpose, in that order; followed by "(half-way)" where breaking was interrupted."""

    @property
    def well(self) -> bool:
        """Whether every component works and nothing is broken on purpose."""
        return bool(self.components) and not self.faults and all(c.problem is None for c in self.components)


def inspect(world: World, components: Sequence[Component], deadline: Deadline) -> Status:
    """Look at every component at once: a process that lives and does not answer is not well."""
    found = [_listed(world, component) for component in components]
    answers: dict[str, str] = {}
    threads = []
    for component, status in zip(components, found, strict=True):
        if status.problem is None:
            answers[component.name] = f"did not answer within {deadline.seconds:g} s"
            threads.append(threading.Thread(target=_ask, args=(component, world, deadline, answers), daemon=True))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(deadline.remaining)
    return Status(
        tuple(replace(status, problem=status.problem or answers.get(status.name) or None) for status in found),
        tuple(name if memo is not None else f"{name} (half-way)" for name, memo in world.faults().items()),
    )


def _listed(world: World, component: Component) -> ComponentStatus:
    name = component.name
    identities = world.processes().get(name, {})
    dead = sorted(process for process in identities if not world.alive(name, process=process))
    missing = "was not started" if component.lives and not identities else None
    problem = f"dead: {', '.join(dead)}" if dead else missing
    ports = tuple((port, number) for port, number in world.ports().items() if port.split(".")[0] == name)
    return ComponentStatus(name, tuple((process, i.pid) for process, i in identities.items()), ports, problem)


def _ask(component: Component, world: World, deadline: Deadline, answers: dict[str, str]) -> None:
    try:
        component.ready(world, deadline)
        answers[component.name] = ""
    except (ApgmsOpsError, OSError) as error:
        answers[component.name] = (str(error).splitlines() or [type(error).__name__])[0].rstrip(":")
