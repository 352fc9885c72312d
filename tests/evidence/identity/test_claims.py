"""What a token must claim to prove who ran a run: any other claim is refused, what is not known proves nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.identity import claims
from apgms_ops.evidence.identity.claims import CLAIMED, PROVEN, REFUSED, Expected
from tests.evidence.identity.issuing import REPOSITORY, SHA, claims_of

ISSUER = "https://issuer.example"
AUDIENCE = claims.audience("20261126T172647.460Z-production-ba0ba7", "a" * 64)
NOW = datetime.now(UTC)
PIPELINE = {"repository": "apgms/platform", "sha": "d" * 40}


def judged(changed: dict[str, Any] | None = None, **expected: Any) -> claims.Judgement:  # noqa: ANN401 — JSON
    """Judge a token that is as it should be, but for what is changed."""
    usual: dict[str, Any] = {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "repository": REPOSITORY,
        "callers": ("apgms/platform",),
        "checks_at": {"commit": SHA, "dirty": False},
        "at": NOW,
    }
    issued = int(NOW.timestamp())  # as long ago as NOW, however long the tests before this one take
    times = {"iat": issued, "nbf": issued - 5, "exp": issued + 300}
    return claims.judged(claims_of(ISSUER, AUDIENCE, **(times | (changed or {}))), Expected(**(usual | expected)))


def test_a_token_of_the_job_proves() -> None:
    """Issuer, audience, time, repository and commit as expected: proven."""
    assert judged() == claims.Judgement(PROVEN)


def test_names_of_repositories_are_told_apart_as_github_does() -> None:
    """GitHub does not tell upper from lower case in them."""
    assert judged({"repository": "APGMS/apgms-OPS"}).state == PROVEN


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"iss": "https://issuer.example/"}, "issued by"),
        ({"iss": "https://elsewhere.example"}, "issued by"),
        ({"aud": claims.audience("20261126T172647.460Z-production-ba0ba7", "b" * 64)}, "is for"),
        ({"aud": claims.audience("20261126T172647.460Z-production-ba0ba7")}, "is for"),
        ({"aud": "sts.amazonaws.com"}, "is for"),
        ({"exp": int(NOW.timestamp()) - 61}, "expired at"),
        ({"exp": 0}, "expired at"),
        ({"nbf": int(NOW.timestamp()) + 120}, "not valid before"),
        ({"iat": int(NOW.timestamp()) + 120}, "not valid before"),
        ({"repository": "apgms/platform-x"}, "is of a job of apgms/platform-x"),
        ({"repository": "apgms/apgms-ops.git"}, "is of a job of"),
        ({"sha": "b" * 40}, "at commit bbbbbbbbbbbb"),
        ({"sha": SHA[:12]}, "at commit"),
        (PIPELINE | {"job_workflow_ref": "apgms/platform/.github/workflows/x.yaml@refs/heads/main"}, "does not run"),
        (PIPELINE | {"job_workflow_ref": f"{REPOSITORY}-x/.github/workflows/x.yaml@main"}, "does not run"),
        (PIPELINE | {"job_workflow_ref": f"{REPOSITORY}/x.yaml@main"}, "does not run"),
        (PIPELINE | {"job_workflow_sha": "d" * 40}, "at commit dddddddddddd"),
    ],
    ids=str,
)
def test_a_token_that_is_not_of_this_run_is_refused(changed: dict[str, Any], words: str) -> None:
    """Another issuer, audience, time, repository, commit or workflow is said, and proves nothing."""
    found = judged(changed)
    assert found.state == REFUSED
    assert words in found.why


def test_a_pipeline_that_calls_the_checks_proves_by_their_workflow() -> None:
    """A declared caller is on a commit of its own: what counts is the commit of the workflow that it calls."""
    assert judged(PIPELINE).state == PROVEN
    assert judged(PIPELINE, callers=()).state == REFUSED


@pytest.mark.parametrize("name", ["job_workflow_ref", "job_workflow_sha"])
def test_the_called_workflow_matters_where_one_is_called(name: str) -> None:
    """A job of the checks' own repository is proven without naming it; one of a caller's is not."""
    assert judged({name: None}).state == PROVEN
    assert claims.told(claims_of(ISSUER, AUDIENCE, **{name: None}))["actor"] == "jo"
    with pytest.raises(EvidenceInvalid, match=f"claim '{name}'"):
        judged(PIPELINE | {name: None})


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({"commit": SHA, "dirty": True}, REFUSED),
        ({"commit": SHA, "dirty": "unknown"}, CLAIMED),
        ({"commit": "unknown", "dirty": "unknown"}, CLAIMED),
        ({}, CLAIMED),
        ({"commit": SHA, "dirty": None}, CLAIMED),
        ({"commit": SHA, "dirty": 0}, CLAIMED),
    ],
    ids=str,
)
def test_a_checkout_that_is_changed_or_not_known_is_not_proven(changed: dict[str, Any], state: str) -> None:
    """Checks that are not those of their commit are refused; where the commit is not known, nothing is proven."""
    assert judged(checks_at=changed).state == state


@pytest.mark.parametrize("name", [*sorted(claims._MUST), "iss", "aud", "iat", "nbf", "exp"])
@pytest.mark.parametrize("value", [None, "", 1.5, ["x"], "a\u202eb", "x" * 301, True], ids=repr)
def test_a_claim_that_is_missing_or_of_another_kind_proves_nothing(name: str, value: object) -> None:
    """Without a claim, or with one of another kind, a token is invalid, or refused; never proven."""
    made = claims_of(ISSUER, AUDIENCE, **{name: value})
    expected = Expected(ISSUER, AUDIENCE, REPOSITORY, (), {"commit": SHA, "dirty": False}, NOW)

    def both() -> None:
        # What is told and what is judged are taken together, wherever a token is judged.
        claims.judged(made, expected)
        claims.told(made)

    with pytest.raises(EvidenceInvalid, match=f"claim '{name}'"):
        both()


def test_an_unimaginable_time_is_none() -> None:
    """A time beyond all calendars is refused, and raises nothing else."""
    for value in (10**30, -(10**30), 2**63):
        with pytest.raises(EvidenceInvalid, match="no time"):
            judged({"exp": value})


def test_clocks_may_differ_by_a_minute() -> None:
    """A token that was issued some seconds in our future, or ended some seconds ago, is taken."""
    assert judged(at=NOW - timedelta(seconds=50)).state == PROVEN
    assert judged(at=NOW + timedelta(seconds=350)).state == PROVEN
    assert judged(at=NOW + timedelta(seconds=370)).state == REFUSED
