"""Which Kubernetes answers: the stand-in, unless somebody asks for the real control plane."""

import os
from collections.abc import Mapping
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.kubernetes.component import Kubernetes
from apgms_ops.sandbox.kubernetes.credentials import NAME
from apgms_ops.sandbox.kubernetes.twin import RealKubernetes
from apgms_ops.sandbox.world import World

CHOICE: Final = "APGMS_SANDBOX_KUBERNETES"
"""Environment variable: `real` takes the real control plane, building it if need be; `stand-in`, the default, ours."""
REAL: Final = "real"
_STAND_IN: Final = "stand-in"
_KIND: Final = "kubernetes.kind"


class ControlPlane(Component):
    """The stand-in, which starts in a second, or etcd and the servers of a Kubernetes release.

    The choice is made once, in `install`, and holds for the life of the sandbox; `kubernetes.kind` says what it was.
    """

    name = NAME
    needs = Kubernetes.needs

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Take the process's environment variables."""
        self._choice = environ.get(CHOICE, "")
        self._kinds: dict[str, Component] = {_STAND_IN: Kubernetes(), REAL: RealKubernetes()}

    def install(self, world: World, deadline: Deadline) -> None:
        """Install what was chosen.

        Raises:
            SandboxError: It cannot be had, the sandbox runs on the other one, or the variable names neither.
        """
        if self._choice and self._choice not in self._kinds:
            msg = f"{CHOICE} is {self._choice!r}; expected one of: {', '.join(self._kinds)}"
            raise SandboxError(msg)
        kind = world.get(_KIND, "") or self._choice or _STAND_IN
        if self._choice == REAL:
            require_real(world)
        self._kinds[kind].install(world, deadline)
        world.set(_KIND, kind)

    def start(self, world: World, deadline: Deadline) -> None:
        """Start what was installed."""
        self._chosen(world).start(world, deadline)

    def ready(self, world: World, deadline: Deadline) -> None:
        """Wait for what was started."""
        self._chosen(world).ready(world, deadline)

    def _chosen(self, world: World) -> Component:
        return self._kinds[world.get(_KIND)]


def require_real(world: World) -> None:
    """Go on only if a sandbox that there is already runs on the real control plane.

    Raises:
        SandboxError: It runs on the stand-in.
    """
    if world.get(_KIND, REAL) != REAL:
        msg = f"the sandbox in {world.root} runs on the stand-in of Kubernetes; take it down first"
        raise SandboxError(msg)
