"""What the program said, frozen."""

from dataclasses import dataclass

NOTHING = ("no-op",)
"""The actions of a resource that stays as it is."""
READ = ("read",)
"""The actions of a data source that is read again."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a plan has for one resource."""

    address: str
    actions: tuple[str, ...]
    """As they come: `("update",)`, `("delete", "create")` for a replacement."""
    regions: tuple[str, ...] = ()
    """The values that it will have under keys called `region`, wherever they stand."""

    @property
    def changes(self) -> bool:
        """Whether anything happens to it."""
        return self.actions not in {NOTHING, READ}

    @property
    def destroys(self) -> bool:
        """Whether what is there goes away, be it to come again, or is forgotten."""
        return bool({"delete", "forget"} & set(self.actions))


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan."""

    version: str
    """Of the program that made it."""
    errored: bool
    changes: tuple[Change, ...]
    """Every resource that it speaks of, those that stay as they are as well."""
    digest: str
    """SHA-256 of its file."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a plan that was applied."""

    exit_code: int
    done: tuple[str, ...]
    """The addresses of which it said that they are done, in order."""
    failed: tuple[str, ...]
    """The addresses of which it said that they failed."""
    begun: tuple[str, ...]
    """The addresses that it began with and said no more of."""
    errors: tuple[str, ...]
    """Its messages, masked."""
    whole: bool
    """Whether it said at its end that all was applied."""
