"""Breaks a running sandbox on purpose and heals it again, from whichever process."""

import difflib
from collections.abc import Mapping

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ConfigurationError, SandboxError
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.world import World


class Breaker:
    """The faults of one world. What heals each is written down in the world."""

    def __init__(self, world: World, faults: Mapping[str, Fault]) -> None:
        """Take the world, and the faults that are known, by id."""
        self._world = world
        self._faults = faults

    def find(self, fault: str) -> Fault:
        """Return the fault of that id.

        Raises:
            ConfigurationError: There is none; the text lists those there are.
        """
        if fault not in self._faults:
            near = difflib.get_close_matches(fault, self._faults, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            msg = f"no fault {fault!r}: there are {', '.join(self._faults)}{hint}"
            raise ConfigurationError(msg)
        return self._faults[fault]

    def in_force(self) -> list[str]:
        """Return the ids of the faults in force, in the order in which they were broken."""
        return list(self._world.faults())

    def break_(self, fault: str, deadline: Deadline) -> bool:
        """Break the sandbox in one way; return False if it is broken in that way already.

        Raises:
            ConfigurationError: There is no such fault.
            SandboxError: It could not be broken, or that was interrupted; the world remembers it as half-way.
        """
        found = self.find(fault)
        if fault in self._world.faults():
            return False
        self._world.set_fault(fault, None)
        self._world.set_fault(fault, found.break_(self._world, deadline))
        return True

    def heal(self, fault: str, deadline: Deadline) -> bool:
        """Undo a fault; return False if it is not in force.

        Raises:
            ConfigurationError: There is no such fault.
            SandboxError: It could not be healed, or breaking it was interrupted, so that nobody knows what to undo.
        """
        found = self.find(fault)
        in_force = self._world.faults()
        if fault not in in_force:
            return False
        memo = in_force[fault]
        if memo is None:
            msg = f"{fault} was interrupted while it was being broken: take the sandbox down and up again"
            raise SandboxError(msg)
        found.heal(self._world, memo, deadline)
        self._world.clear_fault(fault)
        return True
