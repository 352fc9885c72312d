"""A sandbox of two tiny components and a step between them: `tiny.py ROOT CACHE up|down|share [MOOD …]`.

It stands in for the whole platform where a test is about beginnings and ends, so that these tests take seconds.
Moods: `stuck` (the second component never becomes ready), `broken` (it dies), `unstoppable` (it ignores SIGTERM).
"""

import socket
import sys
from pathlib import Path

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.platform import Platform
from apgms_ops.sandbox.world import World

_SERVER = """
import os, signal, socket, sys, time
port, mood = int(sys.argv[1]), sys.argv[2]
if mood == "broken":
    sys.exit("no luck today")
if mood == "unstoppable":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = socket.create_server(("127.0.0.1", port))
if os.fork() == 0:
    os.setsid()  # a grandchild that gets away from its session
    time.sleep(600)
while True:
    server.accept()[0].close()
"""


class Listener(Component):
    """Listens on a port, and starts a process that leaves its session."""

    def __init__(self, name: str, needs: tuple[str, ...], mood: str) -> None:
        """Take the name, and what is to go wrong."""
        self.name, self.needs, self._mood = name, needs, mood  # type: ignore[misc]  # class variables elsewhere

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing."""

    def start(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — the interface's
        """Start the process."""
        port = world.port(self.name)
        world.spawn(self.name, [sys.executable, "-c", _SERVER, str(port), self._mood])

    def ready(self, world: World, deadline: Deadline) -> None:
        """Wait until it accepts."""
        while True:
            if not world.alive(self.name):
                msg = f"{self.name} died:\n{world.log_tail(self.name)}"
                raise SandboxError(msg)
            try:
                socket.create_connection(("127.0.0.1", world.port(self.name)), 1.0).close()
            except OSError:
                pass
            else:
                if self._mood != "stuck":
                    return
            deadline.pause(0.02, f"{self.name} to accept")


class Step(Component):
    """Has no process: it is done once, at the start."""

    name = "step"
    needs = ("first",)
    lives = False

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing."""

    def start(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — the interface's
        """Do it."""
        world.report("step done")

    def ready(self, world: World, deadline: Deadline) -> None:
        """Be ready."""


def main(root: Path, cache: Path, verb: str, mood: str = "") -> None:
    """Do one thing to the sandbox in `root`, and say what came of it."""
    template = root.parent / "sandbox.toml"
    template.write_text('name = "${cluster}"\n', encoding="utf-8")
    components = (Listener("first", (), ""), Step(), Listener("second", ("step",), mood))
    platform = Platform(root, components, template, cache=cache, report=_say)
    if verb == "up":
        _say("started" if platform.up(Deadline(60)) else "ran already")
    elif verb == "down":
        _say("down" if platform.down() else "nothing there")
    elif verb == "share":
        lease = platform.attach_or_start(Deadline(60))
        try:
            _say("shared started" if lease.started else "shared attached")
            sys.stdin.readline()
        finally:
            lease.release()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
    except SandboxError as error:
        sys.exit(f"error: {error}")
