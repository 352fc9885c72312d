"""What a part of the sandbox promises: installed, started, ready, stopped."""

from abc import ABC, abstractmethod
from typing import ClassVar

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.world import World


class Component(ABC):
    """One system of the embedded estate. It keeps nothing in itself: all its state is in the world."""

    name: ClassVar[str]
    """Its folder, its log and its line in `sandbox status`."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Components that must be ready before it starts."""
    lives: ClassVar[bool] = True
    """Whether it has processes. One without is a step of the start; it is well as long as `ready` says so."""

    lost_with: ClassVar[tuple[str, ...]] = ()
    """Components whose death takes with it what this one has done, so that it is started again as well."""

    @abstractmethod
    def install(self, world: World, deadline: Deadline) -> None:
        """See that everything it runs is on this machine, fetching what a package registry holds into the cache.

        Raises:
            SandboxError: Something cannot be had; the text names it, and the command that would install it.
        """

    @abstractmethod
    def start(self, world: World, deadline: Deadline) -> None:
        """Start its processes with `world.spawn`, on ports from `world.port`, bound to 127.0.0.1."""

    @abstractmethod
    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once it does its work (not merely listens), and publish with `world.set` what others need to know.

        Raises:
            SandboxError: It died, or was not ready by the deadline; the text ends with the tail of its log.
        """

    def stop(self, world: World, deadline: Deadline) -> None:
        """Stop its processes; nothing that it started is left."""
        world.stop(self.name, deadline)
