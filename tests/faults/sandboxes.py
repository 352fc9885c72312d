"""The sandboxes that the faults are made in, one at a time."""

from pathlib import Path
from typing import Self

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.composition import platform
from apgms_ops.sandbox.world import World
from tests.faults.looking import ROOT, settled


class Sandboxes:
    """One sandbox at a time, and another when that one is of no more use."""

    def __init__(self, folder: Path) -> None:
        """Take the folder under which each has its own."""
        self._folder = folder
        self._started = 0

    def __enter__(self) -> Self:
        """Start the first."""
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the last down."""
        self._lease.release()

    @property
    def world(self) -> World:
        """The sandbox that is there now."""
        return self._lease.world

    def renew(self) -> None:
        """Take it down, and start another."""
        self._lease.release()
        self._start()

    def _start(self) -> None:
        self._started += 1
        root = self._folder / f"sandbox-{self._started}"
        lines: list[str] = []
        self._lease = platform(root, ROOT / "environments" / "sandbox.toml", lines.append).attach_or_start(
            Deadline(600)
        )
        assert settled(self.world) == {}, "the healthy sandbox is not green"
