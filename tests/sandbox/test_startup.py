"""Components start as soon as those that they need are ready, and one that fails ends the start."""

import threading
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.startup import Startup, in_order
from apgms_ops.sandbox.world import World


class Part(Component):
    """A component that writes down what it does."""

    def __init__(self, name: str, needs: tuple[str, ...], diary: list[str], failure: Exception | None = None) -> None:
        """Take the name, the needs, and what to fail with."""
        self.name, self.needs = name, needs  # type: ignore[misc]  # class variables elsewhere
        self.diary = diary
        self.failure = failure
        self.wait_for: threading.Event | None = None

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing."""

    def start(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — the interface's
        """Write it down."""
        self.diary.append(f"{self.name} starts")

    def ready(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — the interface's
        """Be ready, or fail."""
        if self.failure is not None:
            raise self.failure
        if self.wait_for is not None:
            self.wait_for.wait(10)
        self.diary.append(f"{self.name} ready")


@pytest.fixture
def lines() -> list[str]:
    """Collect what the world reports."""
    return []


@pytest.fixture
def world(tmp_path: Path, lines: list[str]) -> World:
    """Make a world that nobody has used yet."""
    return World(tmp_path / "root", cache=tmp_path / "cache", report=lines.append)


def ignore(_doing: object, _seconds: float) -> None:
    """Be no terminal."""


def test_a_component_starts_after_those_it_needs(world: World, lines: list[str]) -> None:
    """A component starts once all that it needs is ready, and each is reported as it becomes ready."""
    diary: list[str] = []
    parts = [Part("kafka", (), diary), Part("traffic", ("kafka",), diary), Part("prometheus", ("traffic",), diary)]
    Startup(parts, world, Deadline(20)).run(ignore)
    assert diary == [f"{name} {what}" for name in ("kafka", "traffic", "prometheus") for what in ("starts", "ready")]
    assert [line.split()[0] for line in lines] == ["kafka", "traffic", "prometheus"]


def test_independent_components_start_side_by_side(world: World) -> None:
    """A component does not wait for one that it does not need."""
    diary: list[str] = []
    slow, quick = Part("slow", (), diary), Part("quick", (), diary)
    slow.wait_for = threading.Event()

    def tick(doing: object, _seconds: float) -> None:
        if doing and "quick ready" in diary and slow.wait_for is not None:
            slow.wait_for.set()

    Startup([slow, quick], world, Deadline(20)).run(tick)
    assert diary[-1] == "slow ready"


def test_the_live_line_says_what_is_still_out(world: World) -> None:
    """What is still out is told with what it is doing, and nothing is out at the end."""
    seen: list[dict[str, str]] = []
    Startup([Part("kafka", (), [])], world, Deadline(20)).run(lambda doing, _seconds: seen.append(dict(doing)))
    assert list(seen[0]) == ["kafka"]
    assert seen[-1] == {}


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (SandboxError("no Java"), "kafka: no Java"),
        (SandboxError("kafka died:\nlog"), "kafka died:\nlog"),
        (OSError(28, "No space left on device"), "kafka: .*No space left on device"),
    ],
)
def test_a_failure_names_the_component(world: World, failure: Exception, text: str) -> None:
    """A component that fails ends the start with its name and its reason, and those that need it never start."""
    diary: list[str] = []
    parts = [Part("kafka", (), diary, failure), Part("traffic", ("kafka",), diary)]
    with pytest.raises(SandboxError, match=text):
        Startup(parts, world, Deadline(20)).run(ignore)
    assert "traffic starts" not in diary


def test_what_is_not_started_now_is_taken_to_be_ready(world: World) -> None:
    """One component of a running sandbox is started again without those that it needs."""
    diary: list[str] = []
    Startup([Part("traffic", ("kafka",), diary)], world, Deadline(20)).run(ignore)
    assert diary == ["traffic starts", "traffic ready"]


def test_a_need_must_stand_before(world: World) -> None:
    """A component that stands before what it needs, or needs what there is not, is refused."""
    assert not world.exists()
    with pytest.raises(SandboxError, match="component traffic needs kafka, which must stand before it"):
        in_order([Part("traffic", ("kafka",), []), Part("kafka", (), [])])
