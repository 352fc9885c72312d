"""A probe: one named read of an estate, whose facts any number of checks judge."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

DEFAULT_DEADLINE = 30.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A registered read: its name is the name of the fixture that yields its facts."""

    name: str
    function: Callable[..., Any]
    deadline: float
    """Seconds, from the moment it starts."""
    writes: bool
    """Whether it changes the estate (a smoke journey): such a probe is never started twice."""
    about_identity: bool
    """Whether its facts are about who answers: another system than the pinned one is then a finding, not UNKNOWN."""
    after: tuple[str, ...] = ()
    """Probes that it waits for, where they are part of the run; these wait for none themselves."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """What it asks for by name: clients, `estate`, `environment`, `deadline`, `recorder`, `release` and more."""
        return tuple(inspect.signature(self.function).parameters)

    @property
    def location(self) -> str:
        """Return `file:line`, for error messages."""
        code = self.function.__code__
        return f"{code.co_filename}:{code.co_firstlineno}"

    @property
    def promise(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]


def probe(
    *,
    deadline: float = DEFAULT_DEADLINE,
    writes: bool = False,
    about_identity: bool = False,
    after: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Probe]:
    """Register the decorated function as a probe of its own name.

    The function asks by name for what it reads through (`kafka`, `prometheus`, …), for `environment`, `deadline` or
    `recorder`; it returns facts: a frozen dataclass, which its return annotation names. It judges nothing and catches
    nothing: any exception makes the checks that need it UNKNOWN.

    Args:
        deadline: Total time it may take, in seconds.
        writes: Whether it changes the estate.
        about_identity: Whether its facts say who answers, so that the environment's pins are for its checks to judge.
        after: Names of probes that must be over first, where the run makes them; it asks for them as `planned`.

    Raises:
        ValueError: The name cannot be a fixture's, or the deadline is not positive.
    """
    if not deadline > 0:
        msg = f"a probe's deadline is a positive number of seconds, not {deadline!r}"
        raise ValueError(msg)

    def register(function: Callable[..., Any]) -> Probe:
        name = function.__name__
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            msg = f"a probe's name is lower case with underscores, not {name!r}"
            raise ValueError(msg)
        return Probe(name, function, deadline, writes, about_identity, after)

    return register
