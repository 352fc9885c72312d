"""Verdicts and exit codes."""

import itertools

import pytest

from apgms_ops.verdict import Verdict, exit_code, worst

ALL = tuple(Verdict)


def test_only_pass_is_green() -> None:
    """PASS alone lets an engineer go back to sleep."""
    assert [verdict for verdict in ALL if verdict.green] == [Verdict.PASS]
    assert [verdict for verdict in ALL if verdict.neutral] == [Verdict.SKIPPED]


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], 5),
        ([Verdict.PASS], 0),
        ([Verdict.PASS, Verdict.SKIPPED], 0),
        ([Verdict.WAIVED, Verdict.PASS], 0),
        ([Verdict.SKIPPED], 10),
        ([Verdict.UNKNOWN, Verdict.PASS], 10),
        ([Verdict.UNKNOWN, Verdict.FAIL], 1),
    ],
)
def test_exit_codes_are_as_documented(verdicts: list[Verdict], code: int) -> None:
    """0 all green, 1 something FAILED, 10 something UNKNOWN or all SKIPPED, 5 nothing selected."""
    assert exit_code(verdicts) == code


@pytest.mark.parametrize("verdicts", [set(c) for n in range(1, 6) for c in itertools.combinations(ALL, n)])
def test_no_run_with_a_fail_or_an_unknown_exits_zero(verdicts: set[Verdict]) -> None:
    """No combination that holds a FAIL or an UNKNOWN comes to exit code 0."""
    assert (exit_code(verdicts) == 0) == (
        not verdicts & {Verdict.FAIL, Verdict.UNKNOWN} and verdicts != {Verdict.SKIPPED}
    )


def test_the_worst_of_several_verdicts_counts() -> None:
    """A check that was reported more than once comes to the worst of it, and to UNKNOWN where it never was."""
    assert worst([Verdict.PASS, Verdict.UNKNOWN]) is Verdict.UNKNOWN
    assert worst([Verdict.UNKNOWN, Verdict.FAIL, Verdict.PASS]) is Verdict.FAIL
    assert worst([]) is Verdict.UNKNOWN
