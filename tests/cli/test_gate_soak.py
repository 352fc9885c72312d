"""`apgms-ops gate --soak`: real runs, on a clock that the test moves."""

from pathlib import Path

import pytest

from apgms_ops.cli.gate import FOLDERS, Gate
from apgms_ops.environment.loading import load
from apgms_ops.releases.gate_child import Child
from apgms_ops.releases.gate_soak import Window, repeat
from tests.cli.conftest import GREEN, GateSite

TURNS_RED = '''
def test_counts(counted):
    """It counts to less than three."""
    assert counted.value < 3
'''
COUNTED = '''
import pathlib
@probe()
def counted() -> Number:
    """How many runs there were."""
    file = pathlib.Path("count")
    number = int(file.read_text()) + 1 if file.exists() else 1
    file.write_text(str(number))
    return Number(number)
'''


class Clock:
    """A clock that goes on only while somebody waits, and by what a round takes."""

    def __init__(self, round_takes: float = 0.0) -> None:
        """Begin anywhere."""
        self.now = 1000.0
        self.round_takes = round_takes
        self.begun: list[float] = []

    def __call__(self) -> float:
        """Say what time it is."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def round(self, number: int) -> int:
        """Take as long as a round does."""
        self.begun.append(self.now - 1000.0)
        self.now += self.round_takes
        return number


def begun(window: Window, round_takes: float, red: int = 0) -> list[float]:
    """Return when each round of a soak began, in seconds."""
    clock = Clock(round_takes)
    rounds = repeat(clock.round, window, green=lambda n: n != red, clock=clock, wait=clock.wait)
    assert list(rounds) == list(range(1, len(clock.begun) + 1))
    return clock.begun


@pytest.mark.parametrize(
    ("window", "round_takes", "expected"),
    [
        (Window(0, 60), 10, [0]),
        (Window(150, 60), 10, [0, 60, 120, 150]),
        (Window(120, 60), 10, [0, 60, 120]),
        (Window(100, 60), 70, [0, 70, 140]),
        (Window(30, 60), 10, [0, 30]),
        (Window(30, 60), 45, [0, 45]),
    ],
    ids=["one round", "cut to the window", "to the second", "slower than every", "short window", "one long round"],
)
def test_the_last_round_begins_when_the_window_is_over(
    window: Window, round_takes: float, expected: list[float]
) -> None:
    """The first round begins at once, the last one at the window's end or just after it, and is a whole one."""
    assert begun(window, round_takes) == expected


def test_the_first_round_that_is_not_green_is_the_last() -> None:
    """Nothing is repeated that is not green."""
    assert begun(Window(600, 60), 10, red=3) == [0, 60, 120]


def gate_of(site: GateSite, clock: Clock, window: Window) -> Gate:
    """Return a gate over a site, on a clock of the test's."""
    environment = site.folder / "environments" / "toy.toml"
    child = Child(site.folder, FOLDERS, (f"--env={environment}", "--release=v1.4.2"), {"PATH": "/usr/bin"})
    return Gate(load(environment), "v1.4.2", child, window, "2m", clock=clock, sleep=clock.wait)


def test_a_round_that_turns_red_ends_the_soak(gate_site: GateSite, capfd: pytest.CaptureFixture[str]) -> None:
    """Each round reads anew, says its verdict at once, and the one that is red decides."""
    gate_site.probes(COUNTED)
    gate_site.folder_of_checks("smoke", GREEN + TURNS_RED)
    result = gate_of(gate_site, Clock(), Window(600, 60)).go("toy")
    assert (result.code, [told.code for told in result.rounds]) == (1, [0, 0, 1])
    assert len({told.run for told in result.rounds}) == 3
    said = [line for line in capfd.readouterr().out.splitlines() if line.startswith("gate: ")]
    assert [line.partition(" | ")[0] for line in said] == [
        "gate: round 1: GO",
        "gate: the next round begins in 60 s (soak 2m)",
        "gate: round 2: GO",
        "gate: the next round begins in 60 s (soak 2m)",
        "gate: round 3: ROLL BACK",
    ]


def test_a_soak_that_stays_green_lets_the_release_through(gate_site: GateSite) -> None:
    """The window over and all rounds green: exit 0."""
    result = gate_of(gate_site, Clock(), Window(60, 60)).go("toy")
    assert (result.code, len(result.rounds), result.interrupted) == (0, 2, False)


def test_an_interrupt_between_two_rounds_is_not_green(gate_site: GateSite, tmp_path: Path) -> None:
    """Ctrl-C while the next round is waited for: exit 2, though every round was green."""
    clock = Clock()

    def interrupted(_seconds: float) -> None:
        gate.interrupts._take(2, None)

    gate = gate_of(gate_site, clock, Window(600, 60))
    gate.sleep = interrupted
    result = gate.go("toy")
    assert (result.code, [told.code for told in result.rounds], result.interrupted) == (2, [0], True)
    assert not (tmp_path / "count").exists()
