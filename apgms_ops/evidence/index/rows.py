"""From artifacts to the rows of the index: which file stands for which control, and what is wrong with it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from apgms_ops.environment.github import Github
from apgms_ops.evidence.index.artifacts import Artifact
from apgms_ops.evidence.index.kinds import AUDIT, LOAD, SBOM, SCAN, Finding

if TYPE_CHECKING:
    from pathlib import Path

YEAR: Final = timedelta(days=365)
_SKEW: Final = timedelta(minutes=5)
_SEVERITIES: Final = ("INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL")
_LISTED: Final = 3
"""Findings that are named."""


@dataclass(frozen=True, slots=True)
class Asks:
    """One row that the index has."""

    control: str
    title: str
    kind: str
    always: bool = True
    """Whether the row is there without an artifact too, as pending."""


ROWS: Final = (
    Asks("Supply Chain Security", "Software Bill of Materials (SBOM)", SBOM),
    Asks("Vulnerability Management", "Security Scan Log", SCAN),
    Asks("Performance & Resilience", "k6 Load Test Report", LOAD),
    Asks("Audit Logging", "Audit Event Sample", AUDIT, always=False),
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What artifacts are held to."""

    now: datetime
    commit: str | None
    """The release's; None where nobody said: then nothing is tied to it."""
    oldest: timedelta
    """How old an artifact may be."""
    highest: str = "MEDIUM"
    """The worst severity of a finding that needs no acceptance."""
    accepted: Mapping[str, str] = field(default_factory=dict)
    """Finding → until when it is accepted, of those that are."""

    @classmethod
    def of(cls, github: Github | None, now: datetime, commit: str | None, oldest: timedelta) -> "Rules":
        """Take what an environment accepts of a scanner; without one, no finding above MEDIUM."""
        if github is None:
            return cls(now, commit, oldest)
        accepted = {one.name: one.expires.isoformat() for one in github.accepted_vulnerabilities if one.in_force(now)}
        return cls(now, commit, oldest, github.highest_accepted_severity, accepted)


@dataclass(frozen=True, slots=True)
class Row:
    """One row."""

    asks: Asks
    artifact: Artifact | None
    """What is linked; None: pending."""
    problems: tuple[str, ...]
    """Why it is no good evidence; empty where it is."""

    @property
    def state(self) -> str:
        """In a word or two."""
        return "ok" if not self.problems else "pending" if self.artifact is None else "NOT OK"


def rows(artifacts: Sequence[Artifact], rules: Rules) -> tuple[Row, ...]:
    """Return the rows; a file stands in one of them at most."""
    used: set[Path] = set()
    made: list[Row] = []
    for asks in ROWS:
        of_kind = [a for a in artifacts if a.understood is not None and a.understood.kind == asks.kind]
        row = _row(asks, [a for a in of_kind if a.path not in used], rules)
        if row.artifact is not None:
            used.add(row.artifact.path)
        if asks.always or of_kind:
            made.append(row)
    return tuple(made)


def strays(artifacts: Sequence[Artifact]) -> Iterator[str]:
    """Yield what lies in the folder and is no evidence: quarantined, damaged, empty or of no kind."""
    yield from (f"{a.name}: {a.trouble}" for a in artifacts if a.trouble)


def _row(asks: Asks, found: Sequence[Artifact], rules: Rules) -> Row:
    # Events of the audit log are those of a time, not of a release.
    whole = rules.commit is None or asks.kind == AUDIT
    own = list(found) if whole else [a for a in found if rules.commit in a.commits]
    foreign = [f"{a.name} is of another commit, {a.commits[0][:12]}" for a in found if a not in own and a.commits]
    untied = [f"{a.name} does not say which commit it is of" for a in found if not a.commits]
    if not own:
        return Row(asks, None, tuple(foreign + untied) or ("nothing of that kind was found",))
    # Every one of them counts: the best of three scans would hide the worst.
    problems = [f"{a.name}: {problem}" for a in own for problem in _problems(a, rules)]
    newest = max(own, key=lambda a: (a.at is not None, a.at.timestamp() if a.at else 0.0, a.name))
    return Row(asks, newest, tuple(problems + foreign + ([] if whole else untied)))


def _problems(artifact: Artifact, rules: Rules) -> Iterator[str]:
    if artifact.understood is None:
        return
    yield from artifact.understood.faults
    if artifact.at is None:
        yield "undated: neither its content nor a provenance beside it says when it was made"
    elif artifact.at > rules.now + _SKEW:
        yield f"dated in the future, {artifact.at.isoformat()}"
    elif rules.now - artifact.at > rules.oldest:
        yield f"old, of {artifact.at:%Y-%m-%d}: at most {rules.oldest.days} days are accepted"
    if artifact.expires is not None and artifact.expires - rules.now < YEAR:
        yield f"kept until {artifact.expires:%Y-%m-%d} only: evidence is kept for 12 months at least"
    worse = [one for one in artifact.understood.findings if _too_bad(one, rules)]
    if worse:
        named = ", ".join(f"{one.id} ({one.severity})" for one in worse[:_LISTED])
        more = f" and {len(worse) - _LISTED} more" if len(worse) > _LISTED else ""
        yield f"{len(worse)} findings above {rules.highest} that nobody accepted: {named}{more}"


def _too_bad(finding: Finding, rules: Rules) -> bool:
    if finding.id in rules.accepted:
        return False
    return finding.severity not in _SEVERITIES or (
        _SEVERITIES.index(finding.severity) > _SEVERITIES.index(rules.highest)
    )
