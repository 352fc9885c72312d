"""A fault is broken once, remembered in the world, and healed from whichever process."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ConfigurationError, SandboxError
from apgms_ops.sandbox.breaking import Breaker
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict


class Unplugged(Fault):
    """A fault that writes down what happens to it."""

    id = "unplugged"
    title = "Somebody tripped over the cable"
    component = "kafka"
    expected: ClassVar[Mapping[str, Verdict]] = {}

    def __init__(self, failure: Exception | None = None) -> None:
        """Take what breaking it fails with."""
        self.failure = failure
        self.healed: list[Mapping[str, Any]] = []

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:  # noqa: ARG002 — the interface's
        """Break, or fail."""
        if self.failure is not None:
            raise self.failure
        return {"socket": 3}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — the interface's
        """Write the memo down."""
        self.healed.append(memo)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Make a world that nobody has used yet."""
    return World(tmp_path / "root", cache=tmp_path / "cache")


def test_a_fault_is_healed_with_what_breaking_it_returned(world: World) -> None:
    """What breaking returned reaches `heal` in another process, once."""
    assert Breaker(world, {"unplugged": Unplugged()}).break_("unplugged", Deadline(5))
    fault = Unplugged()
    later = Breaker(World(world.root, cache=world.cache), {"unplugged": fault})
    assert later.in_force() == ["unplugged"]
    assert later.heal("unplugged", Deadline(5))
    assert fault.healed == [{"socket": 3}]
    assert not later.heal("unplugged", Deadline(5))
    assert later.in_force() == []


def test_a_broken_fault_is_not_broken_again(world: World) -> None:
    """Breaking what is broken does nothing and says so."""
    breaker = Breaker(world, {"unplugged": Unplugged()})
    breaker.break_("unplugged", Deadline(5))
    breaker = Breaker(world, {"unplugged": Unplugged(SandboxError("must not be called"))})
    assert not breaker.break_("unplugged", Deadline(5))


def test_an_unknown_fault_lists_the_known(world: World) -> None:
    """A mistyped fault is told with those there are and the one that was probably meant."""
    with pytest.raises(ConfigurationError, match=r"no fault 'unpluged': there are unplugged; did you mean unplugged\?"):
        Breaker(world, {"unplugged": Unplugged()}).break_("unpluged", Deadline(5))


def test_a_fault_that_was_interrupted_is_not_taken_for_healed(world: World) -> None:
    """A fault whose breaking failed stays in the records, and is not healed by guessing."""
    breaker = Breaker(world, {"unplugged": Unplugged(SandboxError("no broker"))})
    with pytest.raises(SandboxError, match="no broker"):
        breaker.break_("unplugged", Deadline(5))
    assert breaker.in_force() == ["unplugged"]
    with pytest.raises(SandboxError, match="take the sandbox down and up again"):
        breaker.heal("unplugged", Deadline(5))
