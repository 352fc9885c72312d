"""Waivers: a FAIL that somebody answers for, by name, for a while and for a reason. The check still runs."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from apgms_ops.environment.loading import read_as
from apgms_ops.environment.smoke import HttpsUrl
from apgms_ops.environment.types import Duration, Model, Name, Seq, Text, Zoned, format_duration

FILE: Final = "waivers.toml"
LONGEST: Final = timedelta(days=90)
"""How long a waiver may be in force, unless the file says otherwise; after that it is asked for anew."""
YEAR: Final = timedelta(days=365)
PROVEN: Final = "proven"
"""It was looked up that the approver approved it."""
UNPROVEN: Final = "unproven"
"""It is not known whether the approver approved: the link says where a reader can look."""
REFUSED: Final = "refused"
"""It is known that the approver did not approve it: it excuses nothing."""
_JUDGING: Final = timedelta(seconds=30)
"""What judging a run may take: a waiver that ends meanwhile excuses nothing any more."""


class Waiver(Model):
    """One FAIL that is known."""

    check: Text
    """Node id of the check: `checks/daily/test_consumer_lag.py::test_every_consumer_group_keeps_up`."""
    environments: Annotated[Seq[Name], Field(min_length=1)]
    """Where it is waived."""
    reason: Text
    """Why it may fail for a while."""
    owner: Text
    """Who mends it."""
    approver: Text
    """Who answers for it until then: somebody else."""
    issued: Zoned
    """First moment at which it is in force."""
    expires: Zoned
    """First moment at which it is not any more."""
    link: HttpsUrl
    """Where it was approved: the pull request."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.owner.casefold() == self.approver.casefold():
            msg = "approver: somebody else than the owner"
            raise ValueError(msg)
        if self.issued >= self.expires:
            msg = "expires: later than issued"
            raise ValueError(msg)
        return self

    def in_force(self, at: datetime) -> bool:
        """Whether it is in force at `at` (aware)."""
        return self.issued <= at < self.expires

    def recorded(self) -> dict[str, Any]:
        """Return it as a ledger holds it."""
        return {
            "check": self.check,
            "reason": self.reason,
            "owner": self.owner,
            "approver": self.approver,
            "approval": UNPROVEN,
            "issued": self.issued.isoformat(),
            "expires": self.expires.isoformat(),
            "link": self.link,
        }


class Waivers(Model):
    """The waivers of a site."""

    longest: Duration = LONGEST
    """How long a waiver may be in force: a year at most."""
    waivers: Seq[Waiver] = ()

    @model_validator(mode="after")
    def _not_for_ever(self) -> Self:
        if self.longest > YEAR:
            msg = "longest: a year at most (365d); what lasts longer is no exception"
            raise ValueError(msg)
        for waiver in self.waivers:
            if waiver.expires - waiver.issued > self.longest:
                most = format_duration(self.longest)
                msg = f"expires of {waiver.check}: at most {most} after issued (longest); ask for it anew then"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _one_at_a_time(self) -> Self:
        for one, other in combinations(self.waivers, 2):
            same = one.check == other.check and set(one.environments) & set(other.environments)
            if same and one.issued < other.expires and other.issued < one.expires:
                msg = f"{one.check} is waived twice at the same time: which of the two counts?"
                raise ValueError(msg)
        return self

    def of(self, environment: str) -> tuple[Waiver, ...]:
        """Return those of an environment."""
        return tuple(waiver for waiver in self.waivers if environment in waiver.environments)


def load_waivers(folder: Path) -> Waivers:
    """Return the waivers in a folder of environment files; none where there is no such file.

    Raises:
        EnvironmentInvalid: It is malformed; the text names file, key and what was expected.
    """
    path = folder / FILE
    return read_as(path, Waivers) if path.exists() else Waivers()


def excuse(waivers: Iterable[Mapping[str, Any]], check: str, at: datetime) -> Mapping[str, Any] | None:
    """Return the recorded waiver that excuses a FAIL of a check; None where there is none.

    Args:
        waivers: As a plan records them.
        check: Its node id.
        at: When it is judged; the waiver is in force from now until judging is over.
    """
    for waiver in waivers:
        if (
            waiver["check"] == check
            and waiver["approval"] != REFUSED
            and in_force(waiver, at)
            and in_force(waiver, at + _JUDGING)
        ):
            return waiver
    return None


def in_force(waiver: Mapping[str, Any], at: datetime) -> bool:
    """Whether a recorded waiver is in force at `at` (aware)."""
    return datetime.fromisoformat(waiver["issued"]) <= at < datetime.fromisoformat(waiver["expires"])


def troubles(waivers: Iterable[Mapping[str, Any]], verdicts: Mapping[str, str], at: datetime) -> Iterator[str]:
    """Yield what is to be done about waivers: those that are over, not yet in force, or excuse nothing.

    Args:
        waivers: As a plan records them.
        verdicts: Check → what it came to, of the checks that were planned.
        at: The present.
    """
    for waiver in waivers:
        check = waiver["check"]
        who = f"{check} (owner {waiver['owner']})"
        if at >= datetime.fromisoformat(waiver["expires"]):
            yield f"EXPIRED at {waiver['expires']}: {who}; mend the check or ask for another, and remove it"
        elif at < datetime.fromisoformat(waiver["issued"]):
            yield f"not in force before {waiver['issued']}: {who}"
        elif waiver["approval"] == REFUSED:
            yield f"REFUSED, {waiver['approver']} did not approve it: {who}; see {waiver['link']}"
        elif verdicts.get(check) == "PASS":
            yield f"unused, the check PASSES: {who}; remove it"
