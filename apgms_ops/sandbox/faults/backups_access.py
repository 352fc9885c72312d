"""A repository that cannot be opened, or that has another beside it which is not what it should be."""

from collections.abc import Mapping
from typing import Any, ClassVar

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import backups_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.pgbackrest import NAME, programs
from apgms_ops.sandbox.pgbackrest.archiving import await_failing
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict


class _Configured(Fault):
    """pgBackRest is told something else."""

    component = NAME
    reach = tools.FOLDER

    def changed(self, options: str) -> str:
        """Return the configuration with the fault in it."""
        raise NotImplementedError

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Change the configuration."""
        memo = {"before": tools.with_options(world, self.changed)}
        self.settle(world, deadline)
        return memo

    def settle(self, world: World, deadline: Deadline) -> None:
        """Wait until it shows."""
        await_failing(world, deadline)

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Change it back."""
        tools.restore_options(world, memo["before"], deadline)


class WrongPass(_Configured):
    """The key of the cipher was lost, or another was written down."""

    id = "pgbackrest-wrong-cipher-pass"
    title = "The repository's cipher pass is not the one that it was encrypted with."
    expected: ClassVar[Mapping[str, Verdict]] = dict.fromkeys(tools.DATABASE, Verdict.UNKNOWN)

    def changed(self, options: str) -> str:
        """Name another pass."""
        return options.replace("repo1-cipher-pass=", "repo1-cipher-pass=another-")


def _second(options: str, path: str, **other: str) -> str:
    """Return a configuration with a second repository beside the first, in the same bucket."""
    first = [line for line in options.splitlines() if line.startswith("repo1-")]
    second = dict(line.replace("repo1-", "repo2-", 1).split("=", 1) for line in first)
    second |= {"repo2-path": path} | {f"repo2-{name}": value for name, value in other.items()}
    if second.get("repo2-cipher-type") == "none":
        del second["repo2-cipher-pass"]
    lines = "\n".join(f"{name}={value}" for name, value in second.items())
    return options.replace("[global]\n", f"[global]\n{lines}\n", 1)


class Mixed(_Configured):
    """A second repository was declared, and never made; of the two, the one is well."""

    id = "pgbackrest-repositories-mixed"
    title = "Of the two repositories that pgBackRest is told of, one is missing."
    references = ("B1.5",)
    # What cannot be put into both is put into none.
    expected: ClassVar[Mapping[str, Verdict]] = {tools.WELL: Verdict.FAIL, tools.ARCHIVED: Verdict.FAIL}

    def changed(self, options: str) -> str:
        """Add one that is not there."""
        return _second(options, "/pgbackrest-missing")


class NotEncrypted(_Configured):
    """A second repository, made in a hurry."""

    id = "pgbackrest-second-repository-not-encrypted"
    title = "A second repository is not encrypted, and holds no backup."
    expected: ClassVar[Mapping[str, Verdict]] = {tools.ENCRYPTED: Verdict.FAIL, tools.WELL: Verdict.FAIL}

    def changed(self, options: str) -> str:
        """Add one without a cipher."""
        return _second(options, "/pgbackrest-plain", **{"cipher-type": "none"})

    def settle(self, world: World, deadline: Deadline) -> None:
        """Make it."""
        programs.run(world, "stanza-create", deadline=deadline)


FAULTS: tuple[type[Fault], ...] = (WrongPass, Mixed, NotEncrypted)
