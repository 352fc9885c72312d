"""What the manager knows of a controller."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from apgms_ops.sandbox.kubernetes_process.registry import Registry
from apgms_ops.sandbox.kubernetes_process.store import Change

Key = tuple[str, str]
"""Namespace and name."""


class Controller(ABC):
    """Brings objects nearer to what they shall be."""

    name: ClassVar[str]

    def __init__(self, registry: Registry) -> None:
        """Take through what it reads and writes."""
        self.registry = registry
        self.store = registry.store

    @abstractmethod
    def concerns(self, change: Change) -> Iterable[Key]:
        """Return the keys to look at because of a change."""

    @abstractmethod
    def sync(self, key: Key) -> float | None:
        """Look at one object, under the store's lock; return after how many seconds to look again, if at all."""
