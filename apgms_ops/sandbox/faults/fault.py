"""What a fault promises: broken in one way, noticed by named checks, healed without a trace."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

DEPLOYMENT: Final = "checks/deployment/"
"""The only checks that ask GitHub, or the cluster's API."""


class Fault(ABC):
    """One way in which the estate really fails."""

    id: ClassVar[str]
    """As typed after `sandbox break`: kafka-group-empty."""
    title: ClassVar[str]
    """What happened, in one sentence."""
    component: ClassVar[str]
    """The part of the sandbox that it touches; the proofs are grouped by it."""
    references: ClassVar[tuple[str, ...]] = ()
    """The lines of the fault catalogue that it reproduces: D3.2."""
    expected: ClassVar[Mapping[str, Verdict]]
    """Node id of a check (without parameters, or with them) → the verdict it must give. Every other check must PASS."""
    reach: ClassVar[str] = "checks/"
    """The checks that its proof runs, folders with spaces between them: fewer where no others ask what it changes."""
    told: ClassVar[bool] = False
    """Whether the checks are told which release they are to find, as after a deploy: what runs cannot say it now."""
    asked_for: ClassVar[str | None] = None
    """The tag of another release that the checks are told to find instead: of one that was never built, say."""
    may_notice: ClassVar[frozenset[str]] = frozenset()
    """Checks that may come to any verdict meanwhile, because the fault touches what they look at as well."""

    @abstractmethod
    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Break it, return once the fault is in place, and return as JSON what `heal` must know to undo it."""

    @abstractmethod
    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Undo it, and return once the estate is healthy again. Healing twice is harmless."""
