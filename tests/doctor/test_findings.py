"""What targets say of themselves, and what is made of it."""

from datetime import timedelta

import pytest

from apgms_ops.doctor.findings import Aspect, Diagnosis, Permission, Told, Wanted, of_error, of_told
from apgms_ops.doctor.table import lines
from apgms_ops.errors import AccessDenied, BadAnswer, DeadlineExceeded, Unobserved, Unreachable
from apgms_ops.verdict import Verdict

PINNED = Wanted("abc", "identities.kafka", (2, 42))


def told(**said: object) -> Diagnosis:
    """Return the diagnosis of a target that says all is well, but for what is given."""
    well: dict[str, object] = {"version": "2.53.0", "identity": "abc", "skew": timedelta()}
    return of_told("it", "here", Told(**(well | said)), PINNED)  # type: ignore[arg-type]  # what a test gives


def test_a_target_that_is_what_it_should_be_has_no_cross() -> None:
    """Every aspect that its kind tells passes, and nothing is left to do."""
    diagnosis = told(permissions=(Permission("SELECT on ledger", granted=True, grant=""),))
    assert set(diagnosis.verdicts) == {Verdict.PASS}
    assert not [finding.remedy for finding in diagnosis.findings.values() if finding.remedy]


@pytest.mark.parametrize(
    ("said", "aspect", "verdict", "word"),
    [
        ({"identity": "xyz"}, Aspect.IDENTITY, Verdict.FAIL, "this is xyz"),
        ({"identity": None}, Aspect.IDENTITY, Verdict.UNKNOWN, "does not say"),
        ({"version": "2.9.1"}, Aspect.VERSION, Verdict.UNKNOWN, "older than 2.42"),
        ({"version": "nightly"}, Aspect.VERSION, Verdict.UNKNOWN, "no version"),
        ({"skew": timedelta(seconds=5.1)}, Aspect.CLOCK, Verdict.FAIL, "5.1 s ahead of ours"),
        ({"skew": timedelta(seconds=-60)}, Aspect.CLOCK, Verdict.FAIL, "60.0 s behind ours"),
        (
            {"permissions": (Permission("SELECT on ledger", granted=False, grant="GRANT SELECT ON ledger"),)},
            Aspect.PERMITTED,
            Verdict.FAIL,
            "no SELECT on ledger: GRANT SELECT ON ledger",
        ),
    ],
)
def test_a_cross_says_what_to_do(said: dict[str, object], aspect: Aspect, verdict: Verdict, word: str) -> None:
    """What is not as it must be is the only finding with a remedy."""
    findings = told(**said).findings
    assert (findings[aspect].verdict, word in findings[aspect].remedy) == (verdict, True), findings[aspect]
    assert [name for name, finding in findings.items() if finding.remedy] == [aspect]


@pytest.mark.parametrize("version", ["2.42.0", "v2.42", "2.100.0+ds-1", "3.0.0-rc.0"])
def test_versions_are_compared_as_numbers(version: str) -> None:
    """2.100 is newer than 2.42, whatever is written around the numbers."""
    assert told(version=version).findings[Aspect.VERSION].verdict is Verdict.PASS


def test_an_identity_that_nobody_pinned_is_shown_to_be_pinned() -> None:
    """It passes, as the checks would, and the remedy is the line to write."""
    finding = of_told("it", "here", Told(identity="abc"), Wanted(None, "identities.kafka")).findings[Aspect.IDENTITY]
    assert finding.verdict is Verdict.PASS
    assert finding.remedy.endswith('identities.kafka = "abc"')


@pytest.mark.parametrize(
    ("error", "aspect", "verdict"),
    [
        (Unreachable("nobody there"), Aspect.REACHABLE, Verdict.UNKNOWN),
        (AccessDenied("401"), Aspect.AUTHENTICATED, Verdict.FAIL),
        (DeadlineExceeded("no answer within 20 s"), Aspect.REACHABLE, Verdict.UNKNOWN),
        (BadAnswer("not JSON"), Aspect.REACHABLE, Verdict.UNKNOWN),
    ],
)
def test_an_examination_that_broke_off_leaves_the_rest_open(
    error: Unobserved, aspect: Aspect, verdict: Verdict
) -> None:
    """The cause stands at the aspect that it is about; what was not asked is never yes."""
    findings = of_error("it", "here", error).findings
    assert (findings[aspect].verdict, str(error) in findings[aspect].remedy) == (verdict, True)
    order = list(Aspect)
    assert {findings[later].verdict for later in order[order.index(aspect) + 1 :]} == {Verdict.UNKNOWN}


def test_the_table_ends_with_what_to_do() -> None:
    """A row a target, columns under their heads, then a line for each cross."""
    found = [told(), of_error("there", "http://there", Unreachable("nobody there"))]
    head, well, ill, absent, gap, remedy = lines(found, [("kafka", "none in this region")])
    assert well.index("yes") == head.index("reachable") == ill.index("NO")
    assert absent == "kafka: absent: none in this region"
    assert (gap, remedy.split(":")[0]) == ("", "UNKNOWN there, reachable")
