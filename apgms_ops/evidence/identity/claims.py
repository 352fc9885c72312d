"""What an identity token claims, and whether that is what a run expects of it. Pure.

The claims are those of GitHub Actions. What cannot be found out (the commit of a checkout without git) proves nothing,
and refutes nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.redact import printable

PROVEN: Final = "proven"
CLAIMED: Final = "claimed"
"""Nobody vouches for what the machine says of itself."""
REFUSED: Final = "refused"
"""There is a token, and it is not the right one."""
TOLD: Final = (
    "repository",
    "ref",
    "sha",
    "workflow",
    "job_workflow_ref",
    "job_workflow_sha",
    "run_id",
    "run_attempt",
    "actor",
    "event_name",
)
"""What an auditor asks. The rest stands in what the run keeps of the token."""
_MUST: Final = frozenset(TOLD) - {"job_workflow_ref", "job_workflow_sha"}
"""What no token lacks; those two are needed of a workflow that another repository calls."""
_SKEW: Final = timedelta(minutes=1)
"""How far the issuer's clock may be from this machine's."""
_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LONGEST: Final = 300
"""Characters of a claim that is told."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say to prove who ran a run."""

    issuer: str
    audience: str
    repository: str
    """Of the checks: `owner/name`."""
    callers: tuple[str, ...]
    """Repositories whose pipelines may call workflows of it."""
    checks_at: Mapping[str, Any]
    """`commit` and `dirty` of the checkout, as the closing entry has them."""
    at: datetime
    """When it must be valid (aware)."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of it."""

    state: str
    why: str = ""
    """Why it is not proven."""


def audience(run: str, head: str | None = None) -> str:
    """Return whom a token is for: one run, and what its ledger holds before its closing entry.

    A token for another run, or for this one with another content, is another token; and nobody else takes one for this.

    Args:
        run: Its id.
        head: Hash of the ledger's last entry; None before there is a ledger.
    """
    return f"apgms-ops-evidence:{run}" if head is None else f"apgms-ops-evidence:{run}:{head}"


def told(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return what the closing entry tells of a token.

    Raises:
        EvidenceInvalid: A claim is missing, or of another kind.
    """
    found = {name: _text(claims, name) for name in TOLD if name in _MUST or name in claims}
    times = {"issued": _time(claims, "iat"), "expires": _time(claims, "exp")}
    return found | {name: at.strftime("%Y-%m-%dT%H:%M:%SZ") for name, at in times.items()}


def judged(claims: Mapping[str, Any], expected: Expected) -> Judgement:
    """Return what a token whose signature verifies proves of a run.

    Raises:
        EvidenceInvalid: A claim is missing, or of another kind.
    """
    for why in _wrong(claims, expected):
        return Judgement(REFUSED, printable(why, limit=_LONGEST))
    commit, dirty = expected.checks_at.get("commit"), expected.checks_at.get("dirty")
    if not isinstance(commit, str) or not _SHA.fullmatch(commit) or not isinstance(dirty, bool):
        return Judgement(CLAIMED, "the token holds, and the commit of the checks is not known here")
    if dirty:
        return Judgement(REFUSED, f"the checkout of the checks differs from its commit, {commit[:12]}")
    vouched = _vouched(claims, expected)
    if commit != vouched:
        return Judgement(
            REFUSED, f"the token is of a job at commit {vouched[:12]}, and the checks are at {commit[:12]}"
        )
    return Judgement(PROVEN)


def _wrong(claims: Mapping[str, Any], expected: Expected) -> Iterator[str]:
    if _text(claims, "iss") != expected.issuer:
        yield f"the token is issued by {_text(claims, 'iss')}, not by {expected.issuer}"
    if _text(claims, "aud") != expected.audience:
        yield f"the token is for {_text(claims, 'aud')}, not for {expected.audience}"
    issued, begins, ends = (_time(claims, name) for name in ("iat", "nbf", "exp"))
    if expected.at < max(issued, begins) - _SKEW:
        yield f"the token is not valid before {max(issued, begins).isoformat()}"
    if expected.at >= ends + _SKEW:
        yield f"the token expired at {ends.isoformat()}"
    repository = _text(claims, "repository")
    own = _same(repository, expected.repository)
    if not own and not any(_same(repository, caller) for caller in expected.callers):
        yield f"the token is of a job of {repository}, and the environment names {expected.repository}"
    if not own and not _of_checks(claims, expected):
        yield f"the job of {repository} does not run a workflow of {expected.repository}"


def _vouched(claims: Mapping[str, Any], expected: Expected) -> str:
    """Return the commit of the checks that the token vouches for."""
    own = _same(_text(claims, "repository"), expected.repository)
    # A pipeline that calls a workflow of the checks is on a commit of its own repository.
    return _text(claims, "sha" if own else "job_workflow_sha")


def _of_checks(claims: Mapping[str, Any], expected: Expected) -> bool:
    owner, _, rest = _text(claims, "job_workflow_ref").partition("/")
    name, _, file = rest.partition("/")
    return _same(f"{owner}/{name}", expected.repository) and file.startswith(".github/workflows/")


def _same(one: str, other: str) -> bool:
    """Whether two names of repositories are one: GitHub does not tell upper from lower case."""
    return one.casefold() == other.casefold()


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    if not isinstance(found, str) or not found or len(found) > _LONGEST or printable(found) != found:
        msg = f"the token's claim {name!r} is missing, or no line of text"
        raise EvidenceInvalid(msg)
    return found


def _time(claims: Mapping[str, Any], name: str) -> datetime:
    found = claims.get(name)
    try:
        if type(found) is not int:
            raise TypeError  # noqa: TRY301 — said below, with what arithmetic raises
        return datetime.fromtimestamp(found, UTC) + timedelta(0)
    except (TypeError, ValueError, OverflowError, OSError):
        msg = f"the token's claim {name!r} is missing, or no time"
        raise EvidenceInvalid(msg) from None
