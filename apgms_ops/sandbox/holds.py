"""Processes that are held down: the node, which starts again what has died, leaves them as they are."""

import signal
from collections.abc import Iterable
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.world import World

PREFIX: Final = "hold."
"""Published, before the name of a process: `1` as long as it must not be started."""
STARVED: Final = "starved."
"""Published, before the name of a process: `1` where its next end by SIGKILL is for lack of memory."""
_HELD: Final = "1"


def held(world: World, process: str) -> bool:
    """Whether a process is held down."""
    return world.get(f"{PREFIX}{process}", "") == _HELD


def starved(world: World, process: str) -> bool:
    """Whether the kernel kills a process for lack of memory, as the node is to tell it."""
    return bool(process) and world.get(f"{STARVED}{process}", "") == _HELD


def hold(world: World, *processes: str) -> None:
    """Hold processes down; those that live go on until somebody ends them."""
    for process in processes:
        world.set(f"{PREFIX}{process}", _HELD)


def release(world: World, processes: Iterable[str]) -> None:
    """Hold processes down no longer."""
    for process in processes:
        if held(world, process):
            world.set(f"{PREFIX}{process}", "")


def kill(world: World, component: str, *, process: str | None = None) -> None:
    """Kill a process of a component, or all of them, and see that nobody starts it again.

    Raises:
        SandboxError: Nothing of the kind lives.
    """
    hold(world, *_named(world, component, process))
    world.signal(component, signal.SIGKILL, process=process)


def stop(world: World, component: str, deadline: Deadline, *, process: str | None = None) -> None:
    """End a process of a component, or all of them, and see that nobody starts it again. Harmless if none lives.

    Raises:
        SandboxError: Something outlived SIGKILL.
    """
    hold(world, *_named(world, component, process))
    world.stop(component, deadline, process=process)


def _named(world: World, component: str, process: str | None) -> list[str]:
    return [process] if process is not None else list(world.processes().get(component, {}))
