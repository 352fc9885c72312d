"""The step that has the commands of apgms-ops do once what a runbook has done every week, so that there is a record."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import fill
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import errands
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.platform import FILLED, TEMPLATE
from apgms_ops.sandbox.state import write_atomically
from apgms_ops.sandbox.world import World

NAME: Final = "verified-backups"
VERIFY: Final = ("backups", "verify")
_COMMAND: Final = "import sys; from apgms_ops.cli import main; sys.exit(main())"


class VerifiedBackups(Component):
    """Every file of the repository is read once, and the record of it is kept in the archive; it has no process."""

    name = NAME
    needs = ("pgbackrest", "cluster-objects", "timestamps", "objectstore")
    lives = False
    lost_with = ("objectstore",)

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing."""

    def start(self, world: World, deadline: Deadline) -> None:
        """Verify, and keep the record.

        Raises:
            SandboxError: It could not be carried out, even when it was tried again.
        """
        at_last(lambda: operate(world, VERIFY, deadline))

    def ready(self, world: World, deadline: Deadline) -> None:
        """Need nothing more: the command has said that it is recorded."""


def at_last(work: Callable[[], object]) -> None:
    """Do what a start ends with; once more where a busy machine had it fail.

    Raises:
        SandboxError: It failed twice.
    """
    try:
        work()
    except SandboxError:
        work()


def operate(
    world: World,
    arguments: tuple[str, ...],
    deadline: Deadline,
    *,
    codes: tuple[int, ...] = (0,),
    component: str = NAME,
) -> str:
    """Run a command of apgms-ops on this sandbox, and return what it said.

    Args:
        world: The sandbox.
        arguments: The command; the environment is added.
        deadline: For all of it.
        codes: The exit codes that are expected.
        component: Whose folder it is done in.

    Raises:
        SandboxError: It ended in another way.
    """
    template = Path(world.get(TEMPLATE))
    file = world.folder(component) / FILLED
    write_atomically(file, fill(template.read_text(encoding="utf-8"), world.values(), template.name))
    command = [sys.executable, "-c", _COMMAND, *arguments, "--env", str(file)]
    here = {"APGMS_SANDBOX": str(world.root)}  # not the sandbox of whoever else runs one as this user
    done = errands.run(world, component, command, deadline, env=here, name=f"apgms-ops {' '.join(arguments)}")
    if done.returncode not in codes:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["it said nothing"]
        msg = f"apgms-ops {' '.join(arguments)} ended with {done.returncode}: {' '.join(said[-3:])}"
        raise SandboxError(msg)
    return done.stdout
