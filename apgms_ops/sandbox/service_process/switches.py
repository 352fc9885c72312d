"""Faults inside a service: switches that are set over the control port, and asked where the fault would happen."""

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from apgms_ops.sandbox.service_process.message import Refused

Value = bool | int | float
HISTOGRAM_FLAGS: Final = (
    "histogram_zero",
    "histogram_bad_bucket",
    "histogram_milliseconds",
    "histogram_no_limit_edge",
)
"""Every service has these: ways in which the histogram of its requests is wrong."""
_LONGEST_DELAY: Final = 60_000.0
_MOST: Final = 1_000_000
_BAD: Final = 400


@dataclass(frozen=True, slots=True)
class Spec:
    """The switches of one service, all off at the start."""

    flags: tuple[str, ...] = ()
    """On or off."""
    shares: tuple[str, ...] = ()
    """From 0 to 1: of how many events."""
    delays: tuple[str, ...] = ()
    """Milliseconds."""
    counts: tuple[str, ...] = ()
    """Of the next so many events."""


COMMON: Final = Spec(flags=(*HISTOGRAM_FLAGS, "old_version"), counts=("skew_seconds",))
"""Every service has these: `/version` tells of an old release, and its clock is so many seconds ahead."""


class Switches:
    """The switches of one process, asked from any thread."""

    def __init__(self, spec: Spec, common: Spec = COMMON) -> None:
        """Begin with all off: those of the one process, and those that it has in common with others."""
        self._spec = Spec(*(getattr(spec, kind) + getattr(common, kind) for kind in Spec.__slots__))
        self._values: dict[str, Value] = (
            dict.fromkeys(self._spec.flags, False)
            | dict.fromkeys(self._spec.shares, 0.0)
            | dict.fromkeys(self._spec.delays, 0.0)
            | dict.fromkeys(self._spec.counts, 0)
        )
        self._owed = dict.fromkeys(self._spec.shares, 0.0)
        self._confirm: dict[str, Callable[[], bool]] = {}
        self._lock = threading.Lock()

    def on(self, flag: str) -> bool:
        """Whether a flag is on."""
        return bool(self._values[flag])

    def number(self, count: str) -> int:
        """Return a count, which stays as it is."""
        return int(self._values[count])

    def seconds(self, delay: str) -> float:
        """Return a delay in seconds."""
        return self._values[delay] / 1000

    def pick(self, share: str) -> bool:
        """Whether the next event is among the share: of 0.25 every fourth one, not one in four on average."""
        with self._lock:
            self._owed[share] += self._values[share]
            if self._owed[share] < 1.0:
                return False
            self._owed[share] -= 1.0
            return True

    def take(self, count: str) -> bool:
        """Whether the next event is among the so many; then there is one fewer to come."""
        with self._lock:
            if self._values[count] <= 0:
                return False
            self._values[count] -= 1
            return True

    def confirm(self, name: str, in_force: Callable[[], bool]) -> None:
        """Let a change of this switch be answered only once `in_force` returned True; False: it did not take effect."""
        self._confirm[name] = in_force

    @property
    def values(self) -> dict[str, Value]:
        """Every switch."""
        with self._lock:
            return dict(self._values)

    def set(self, wanted: Mapping[str, object]) -> None:
        """Set some, all or none of them, and return once they are in force.

        Raises:
            Refused: There is no such switch, the value does not fit, or it did not take effect.
        """
        checked = {name: self._checked(name, value) for name, value in wanted.items()}
        with self._lock:
            self._values |= checked
            for name in checked:
                if name in self._owed:
                    self._owed[name] = 0.0
        for name in checked:
            if name in self._confirm and not self._confirm[name]():
                raise Refused(503, "not_in_force", f"{name} is set, and did not take effect in time")

    def _checked(self, name: str, value: object) -> Value:
        if name not in self._values:
            raise Refused(_BAD, "unknown_switch", f"no switch {name!r}: there are {', '.join(sorted(self._values))}")
        if name in self._spec.flags:
            if not isinstance(value, bool):
                raise Refused(_BAD, "wrong_type", f"{name} must be true or false")
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise Refused(_BAD, "wrong_type", f"{name} must be a number")
        most = 1.0 if name in self._spec.shares else _LONGEST_DELAY if name in self._spec.delays else _MOST
        if not 0 <= value <= most or (name in self._spec.counts and not isinstance(value, int)):
            raise Refused(_BAD, "wrong_type", f"{name} must be from 0 to {most:g}, and a count whole")
        return value if name in self._spec.counts else float(value)
