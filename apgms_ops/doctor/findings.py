"""What an examination comes to: for every target and every aspect a finding, each cross with its remedy. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from apgms_ops.errors import AccessDenied, Unobserved, Unreachable, WrongTarget
from apgms_ops.verdict import Verdict

CLOCK_LIMIT: Final = timedelta(seconds=5)
"""By which a target's clock may differ from ours: the settling times that the checks allow are tens of seconds."""


class Aspect(StrEnum):
    """What is asked of every target, in this order: one that is refuted leaves those behind it open."""

    REACHABLE = "reachable"
    AUTHENTICATED = "authenticated"
    PERMITTED = "permitted"
    VERSION = "version"
    IDENTITY = "identity"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Permission:
    """One right that the checks need."""

    what: str
    """As one would ask for it: "SELECT on audit_log"."""
    granted: bool
    grant: str
    """What to do where it is missing."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a target said of itself; None is what its kind does not tell."""

    version: str | None = None
    identity: str | None = None
    skew: timedelta | None = None
    """Its clock, less ours."""
    permissions: tuple[Permission, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a target must be."""

    pinned: str | None
    """The identity that the environment pins; None where it pins none."""
    pin: str
    """The key that pins it: "identities.kafka"."""
    oldest: tuple[int, ...] = ()
    """The oldest version that the checks were tried with."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One aspect of one target."""

    verdict: Verdict
    said: str
    """What was seen, in a word or two."""
    remedy: str = ""
    """What to do about it; empty where there is nothing to do."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One target, examined."""

    target: str
    where: str
    """Its address, for people."""
    findings: dict[Aspect, Finding]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What its aspects came to; those that its kind does not tell are SKIPPED."""
        return tuple(finding.verdict for finding in self.findings.values())


_OPEN: Final = Finding(Verdict.UNKNOWN, "?")
_UNTOLD: Final = Finding(Verdict.SKIPPED, "-")
_YES: Final = Finding(Verdict.PASS, "yes")


def of_told(target: str, where: str, told: Told, wanted: Wanted) -> Diagnosis:
    """Judge what a target said of itself."""
    findings = {
        Aspect.REACHABLE: _YES,
        Aspect.AUTHENTICATED: _YES,
        Aspect.PERMITTED: _permitted(told.permissions),
        Aspect.VERSION: _version(told.version, wanted),
        Aspect.IDENTITY: _identity(told.identity, wanted),
        Aspect.CLOCK: _clock(told.skew),
    }
    return Diagnosis(target, where, findings)


def of_error(target: str, where: str, error: Unobserved) -> Diagnosis:
    """Say how far an examination came that ended in an error."""
    text = str(error)
    if isinstance(error, AccessDenied):
        remedy = f"{text}; see that the credentials named in the environment file are this target's, and still valid"
        known = {Aspect.REACHABLE: _YES, Aspect.AUTHENTICATED: Finding(Verdict.FAIL, "NO", remedy)}
    elif isinstance(error, Unreachable):
        remedy = f"{text}; see that it runs, and that its address can be reached from here"
        known = {Aspect.REACHABLE: Finding(Verdict.UNKNOWN, "NO", remedy)}
    elif isinstance(error, WrongTarget):
        known = {Aspect.REACHABLE: _YES, Aspect.IDENTITY: Finding(Verdict.FAIL, "NO", text)}
    else:
        remedy = f"{text}; see that what listens there is the target, and is not starting or overloaded"
        known = {Aspect.REACHABLE: Finding(Verdict.UNKNOWN, "?", remedy)}
    return Diagnosis(target, where, {aspect: known.get(aspect, _OPEN) for aspect in Aspect})


def _permitted(permissions: Iterable[Permission]) -> Finding:
    asked = tuple(permissions)
    if not asked:
        return _UNTOLD
    missing = [permission for permission in asked if not permission.granted]
    if not missing:
        return _YES
    remedy = "; ".join(f"no {permission.what}: {permission.grant}" for permission in missing)
    return Finding(Verdict.FAIL, "NO", remedy)


def _version(version: str | None, wanted: Wanted) -> Finding:
    if version is None:
        return _UNTOLD
    if not wanted.oldest:
        return Finding(Verdict.PASS, version)
    numbers = _numbers(version)
    needed = ".".join(map(str, wanted.oldest))
    if not numbers:
        return Finding(Verdict.UNKNOWN, version, f"{version} is no version that can be compared with {needed}")
    if numbers < wanted.oldest:
        return Finding(
            Verdict.UNKNOWN, version, f"{version} is older than {needed}, the oldest that was tried: upgrade"
        )
    return Finding(Verdict.PASS, version)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of `2.42.0+ds`, `v1.31.2` or `15.18 (Debian …)`."""
    numbers = []
    for part in version.removeprefix("v").split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)


def _identity(identity: str | None, wanted: Wanted) -> Finding:
    if wanted.pinned is None:
        if identity is None:
            return _UNTOLD
        remedy = f"not pinned, so whatever answers is believed: once you know that it is the right one, {wanted.pin} = "
        return Finding(Verdict.PASS, "not pinned", f'{remedy}"{identity}"')
    if identity is None:
        return Finding(Verdict.UNKNOWN, "?", f"it does not say which it is, and {wanted.pin} pins {wanted.pinned}")
    if identity != wanted.pinned:
        remedy = f"this is {identity}, and {wanted.pin} pins {wanted.pinned}: see where its address leads"
        return Finding(Verdict.FAIL, "NO", remedy)
    return _YES


def _clock(skew: timedelta | None) -> Finding:
    if skew is None:
        return _UNTOLD
    seconds = skew.total_seconds()
    said = f"{seconds:+.1f} s"
    if abs(skew) > CLOCK_LIMIT:
        remedy = f"its clock is {abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} ours: see to NTP on both"
        return Finding(Verdict.FAIL, said, remedy)
    return Finding(Verdict.PASS, said)
