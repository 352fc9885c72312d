"""The sandboxes that the faults are made in, one at a time."""

from pathlib import Path
from typing import Self

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.composition import platform
from apgms_ops.sandbox.world import World
from tests.faults.looking import ROOT, settled

_ATTEMPTS = 3
"""Sandboxes that are started until one is green."""


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
        """Start one that is green: one that is not, on a machine that is busy with others, is given up for another."""
        found: dict[str, str] = {}
        for attempt in range(_ATTEMPTS):
            self._started += 1
            root = self._folder / f"sandbox-{self._started}"
            lines: list[str] = []
            up = platform(root, ROOT / "environments" / "sandbox.toml", lines.append)
            self._lease = up.attach_or_start(Deadline(600))
            found = settled(self.world)
            if not found:
                return
            if attempt + 1 < _ATTEMPTS:
                self._lease.release()
        assert found == {}, "the healthy sandbox is not green"
