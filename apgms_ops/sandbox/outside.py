"""The component of the outside world: stand-ins of the bank and of the Australian Business Register."""

from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import replicas
from apgms_ops.sandbox.services import ServiceComponent, await_ready
from apgms_ops.sandbox.world import World

_STAND_INS: Final = ("bank", "abr")


class Outside(ServiceComponent):
    """One process a stand-in, on the ports `outside.bank`, `outside.bank.control` and so on."""

    name = "outside"
    needs = ("platform-source",)
    lost_with = ()
    uses_database = False
    uses_kafka = False

    def start(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — starting a process takes no time
        """Start every stand-in that does not run, and say where each is."""
        for stand_in in _STAND_INS:
            if not world.alive(self.name, process=stand_in):
                place = f"outside.{stand_in}"
                told = self.settings(world, service=stand_in, instance=stand_in, place=place, publish=stand_in)
                replicas.start(world, self.name, told)

    def stop(self, world: World, deadline: Deadline) -> None:
        """Stop them; they are no pods."""
        world.stop(self.name, deadline)

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once each answers."""
        for stand_in in _STAND_INS:
            await_ready(world, self.name, stand_in, f"outside.{stand_in}", deadline)

    def files(self, world: World) -> dict[str, str]:
        """Return where the bank keeps its book, which it still knows after a restart."""
        return {"book": str(world.folder(self.name) / "bank.sqlite")}
