"""Which broker answers: the real one wherever it can be had."""

import os
from collections.abc import Mapping
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.kafka.apache import ApacheKafka
from apgms_ops.sandbox.noida import StandInBroker
from apgms_ops.sandbox.world import World

CHOICE: Final = "APGMS_SANDBOX_BROKER"
"""Environment variable: `stand-in` takes the stand-in where the real one could be had, `apache` never takes it."""
_KIND: Final = "kafka.kind"


class Broker(Component):
    """Apache Kafka, or the stand-in where no Java or no Maven repository can be had.

    The choice is made once, in `install`, and holds for the life of the sandbox; `kafka.broker` says who answers.
    """

    name = "kafka"

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Take the process's environment variables."""
        self._choice = environ.get(CHOICE, "")
        self._kinds: dict[str, Component] = {"apache": ApacheKafka(), "stand-in": StandInBroker()}

    def install(self, world: World, deadline: Deadline) -> None:
        """Install the real broker; if that cannot be done, the stand-in, and say so.

        Raises:
            SandboxError: Neither can be had, or the environment variable names no broker.
        """
        if self._choice and self._choice not in self._kinds:
            msg = f"{CHOICE} is {self._choice!r}; expected one of: {', '.join(self._kinds)}"
            raise SandboxError(msg)
        kind = self._choice or world.get(_KIND, "apache")
        try:
            self._kinds[kind].install(world, deadline)
        except SandboxError as error:
            if self._choice or kind != "apache":
                raise
            world.report(f"Apache Kafka cannot be had ({error}); a stand-in broker takes its place")
            try:
                self._kinds["stand-in"].install(world, deadline)
            except SandboxError as second:
                msg = f"no broker can be had: {error}; {second}"
                raise SandboxError(msg) from second
            kind = "stand-in"
        world.set(_KIND, kind)

    def start(self, world: World, deadline: Deadline) -> None:
        """Start the broker that was installed."""
        self._chosen(world).start(world, deadline)

    def ready(self, world: World, deadline: Deadline) -> None:
        """Wait for the broker that was started."""
        self._chosen(world).ready(world, deadline)

    def _chosen(self, world: World) -> Component:
        return self._kinds[world.get(_KIND)]
