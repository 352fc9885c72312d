"""The embedded platform as a whole: up, down, and shared between the runs that use it."""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import fill
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.startup import Startup, Tick, in_order
from apgms_ops.sandbox.state import locked, open_lock, try_lock, write_atomically
from apgms_ops.sandbox.world import World, user_cache

PHASE: Final = "phase"
"""Published: `starting`, then `up`. A sandbox found otherwise by who holds its lock was left half-made."""
KEPT: Final = "kept"
"""Published: `yes` until `down`, or `no`, as long as a run uses it."""
TEMPLATE: Final = "environment.template"
"""Published: the template of the environment file, for components that need its inventory."""
FILLED: Final = "sandbox.toml"
"""The environment file of the running sandbox, in its root."""
_TAKE_DOWN: Final = 20.0
"""Seconds for ending every process with SIGKILL, whatever is left of the caller's deadline."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A run's share in a running sandbox: until it is released, no other run takes the sandbox down."""

    world: World
    started: bool
    """Whether this run started it."""
    _platform: "Platform" = field(repr=False)
    _descriptor: int = field(repr=False)

    def release(self) -> None:
        """Give the share back; take the sandbox down if a run started it and this was the last one to use it.

        Releasing twice is harmless.
        """
        self._platform.release(self._descriptor)


class Platform:
    """One sandbox, running or not: its components, and the folder that their world is kept in."""

    def __init__(
        self,
        root: Path,
        components: Sequence[Component],
        template: Path,
        *,
        cache: Path | None = None,
        report: Callable[[str], None],
    ) -> None:
        """Describe a sandbox; nothing is touched yet.

        Args:
            root: Its state folder.
            components: What it consists of, each behind those it needs.
            template: The environment file's template.
            cache: Where downloads and locks live; by default the user's cache folder.
            report: Takes a line of progress.

        Raises:
            SandboxError: A component stands before one that it needs.
        """
        in_order(components)
        self.root = root.expanduser().absolute()
        self.components = tuple(components)
        self._template = template
        self._cache = cache or user_cache()
        self._report = report
        self._leased: set[int] = set()
        self._digest = digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:16]
        # Outside the root, which `down` removes: two who lock a removed file and a new one would both have their lock.
        self._lock = self._cache / "locks" / f"{digest}.lock"
        self._users = self._cache / "locks" / f"{digest}.users"

    def world(self) -> World:
        """Open the world as it is now."""
        return World(self.root, cache=self._cache, report=self._report)

    def up(self, deadline: Deadline, tick: Tick = lambda _doing, _seconds: None) -> bool:
        """Bring the sandbox up to stay, start again what died in it, and return whether there was anything to start.

        Raises:
            SandboxError: It cannot be brought up; nothing of it is left running.
        """
        with self.exclusive():
            world = self._found()
            if world is None:
                self._start(deadline, tick, kept=True)
                return True
            world.set(KEPT, "yes")
            return self._revive(world, deadline, tick)

    def attach_or_start(self, deadline: Deadline, tick: Tick = lambda _doing, _seconds: None) -> Lease:
        """Share the running sandbox as it is, faults and all, or start one that lives as long as runs use it.

        Raises:
            SandboxError: It cannot be brought up; nothing of it is left running.
        """
        with self.exclusive():
            world = self._found()
            started = world is None
            if world is None:
                world = self._start(deadline, tick, kept=False)
            descriptor = open_lock(self._users)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            self._leased.add(descriptor)
        return Lease(world, started, self, descriptor)

    def release(self, descriptor: int) -> None:
        """Give back a lease, see `Lease.release`."""
        if descriptor not in self._leased:
            return
        with self.exclusive():
            self._leased.discard(descriptor)
            os.close(descriptor)
            world = self.world()
            if world.exists() and world.get(KEPT, "yes") == "no" and not self._in_use():
                world.destroy(Deadline(_TAKE_DOWN))

    def down(self) -> bool:
        """Take everything down and remove the state; return whether there was a sandbox.

        Raises:
            SandboxError: A process outlived SIGKILL, or the folder cannot be removed.
        """
        with self.exclusive():
            world = self.world()
            there = world.exists()
            world.destroy(Deadline(_TAKE_DOWN))
            return there

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Be the only one who changes this sandbox; whoever else wants to waits, and says so."""
        with locked(self._lock, lambda: self._report("another command is changing this sandbox: waiting for it")):
            yield

    def _found(self) -> World | None:
        """Return the running world, once what cannot be used any more is cleared away."""
        world = self.world()
        if not world.exists():
            self._require_free()
            if world.leftovers():
                self._report("processes of an earlier sandbox are left: ending them")
                world.destroy(Deadline(_TAKE_DOWN))
            return None
        unusable = self._unusable(world)
        if unusable is None:
            return world
        self._report(f"{unusable}: clearing it away")
        world.destroy(Deadline(_TAKE_DOWN))
        return None

    def _unusable(self, world: World) -> str | None:
        if world.get(PHASE, "") != "up":
            return "an earlier start was broken off half-way"
        if not any(world.alive(component) for component in world.processes()):
            return "nothing of the earlier sandbox runs any more"
        if world.get(KEPT, "yes") == "no" and not self._in_use():
            return "the run that an earlier sandbox was started for is gone"
        return None

    def _require_free(self) -> None:
        try:
            found = [
                path.name for path in self.root.iterdir() if not path.name.startswith(("world.lock", ".world.json"))
            ]
        except FileNotFoundError:
            return
        except OSError as error:
            msg = f"{self.root} cannot be used: {error.strerror}"
            raise SandboxError(msg) from error
        if found:
            msg = f"{self.root} holds {found[0]} and no sandbox: name an empty folder in APGMS_SANDBOX"
            raise SandboxError(msg)

    def _in_use(self) -> bool:
        descriptor = open_lock(self._users)
        try:
            return not try_lock(descriptor)
        finally:
            os.close(descriptor)

    def _start(self, deadline: Deadline, tick: Tick, *, kept: bool) -> World:
        world = self.world()
        complete = False
        try:
            world.set(PHASE, "starting")
            world.set(KEPT, "yes" if kept else "no")
            world.set(TEMPLATE, str(self._template))
            world.set("cluster", f"{self.root.name}-{self._digest[:6]}")
            Startup(self.components, world, deadline).run(tick)
            for component in self.components:  # again: one that watches the others may only now have all in view
                component.ready(world, deadline)
            self._fill(world)
            world.set(PHASE, "up")
            complete = True
        finally:
            if not complete:
                self._report("taking everything down")
                world.destroy(Deadline(_TAKE_DOWN))
        return world

    def _revive(self, world: World, deadline: Deadline, tick: Tick) -> bool:
        dead = [component for component in self.components if component.lives and not world.alive(component.name)]
        broken = world.faults()
        if dead and broken:
            self._report(f"broken on purpose: {', '.join(broken)}; nothing is started again before they are healed")
            return False
        for component in dead:
            self._report(f"{component.name} has died: starting it again")
            component.stop(world, deadline)
        if dead:
            gone = {component.name for component in dead}
            again = [component for component in self.components if component in dead or gone & set(component.lost_with)]
            Startup(again, world, deadline).run(tick)
            self._fill(world)
        return bool(dead)

    def _fill(self, world: World) -> None:
        try:
            text = fill(self._template.read_text(encoding="utf-8"), world.values(), str(self._template))
            write_atomically(world.root / FILLED, text)
        except OSError as error:
            msg = f"{error.filename}: {error.strerror}; name the folder of sandbox.toml in APGMS_ENVIRONMENTS"
            raise SandboxError(msg) from error
