"""The component: archiving, a full, a differential and an incremental backup at start, and more as time goes on."""

import sys
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.pgbackrest import programs
from apgms_ops.sandbox.pgbackrest.archiving import archive_through, await_archived, await_heartbeat
from apgms_ops.sandbox.postgres import owner_dsn
from apgms_ops.sandbox.postgres import programs as postgres
from apgms_ops.sandbox.state import write_atomically
from apgms_ops.sandbox.world import World

NAME: Final = programs.COMPONENT
_PROGRAM: Final = "apgms_ops.sandbox.pgbackrest_process"
_KINDS: Final = ("full", "diff", "incr")


class Pgbackrest(Component):
    """One process, which takes backups and writes the heartbeats that a restore is looked through for."""

    name = NAME
    needs = ("postgres", "objectstore")
    lost_with = ("objectstore",)

    def install(self, world: World, deadline: Deadline) -> None:
        """See that Debian's pgBackRest is here."""
        programs.find(world, deadline)

    def start(self, world: World, deadline: Deadline) -> None:
        """Have the primary archive, take a backup of each kind, and start the process that goes on with it."""
        programs.configure(world)
        programs.run(world, "stanza-create", deadline=deadline)
        archive_through(world, deadline)
        for kind in _KINDS:
            programs.run(world, "backup", f"--type={kind}", deadline=deadline)
        environment = {"APGMS_DSN": owner_dsn(world), "PYTHONUNBUFFERED": "1"} | programs.environment(world)
        backup = programs.command(world, "backup", deadline=deadline)
        world.spawn(NAME, [sys.executable, "-m", _PROGRAM, *backup], env=environment)
        _publish(world, deadline)

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once a heartbeat that was written after the last backup is archived.

        Raises:
            SandboxError: It is not by the deadline.
        """
        await_heartbeat(world, deadline)
        await_archived(world, deadline)
        if not world.alive(NAME):
            msg = f"{NAME} died:\n{world.log_tail(NAME)}"
            raise SandboxError(msg)


def _publish(world: World, deadline: Deadline) -> None:
    """Say what a restore is rehearsed with."""
    folder = world.folder(NAME)
    scratch = folder / "scratch"
    scratch.mkdir(mode=0o700, exist_ok=True)
    wrapper = folder / "unprivileged"
    libraries = {**postgres.libraries(world), **programs.libraries(world)}
    exports = "".join(f"export {name}='{value}'\n" for name, value in libraries.items())
    prefix = " ".join(postgres.privileges())
    write_atomically(wrapper, f'#!/bin/sh\n{exports}exec {prefix} "$@"\n')
    wrapper.chmod(0o700)
    world.set(f"{NAME}.scratch", str(scratch))
    world.set(f"{NAME}.reader_config", str(programs.config(world, programs.READER)))
    world.set(f"{NAME}.program", str(programs.find(world, deadline)))
    world.set("postgres.programs", str(postgres.find(world, "initdb", deadline).parent))
    world.set("postgres.wrapper", str(wrapper))
