"""The judgement of the outside view: what is lost before the service counts it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apgms_ops.environment.types import Limit
from apgms_ops.errors import Unobserved
from apgms_ops.probes.outside_view import LENGTHS, Compared, OutsideView, OutsideViews
from apgms_ops.probes.slots import Gap

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
MOST = Limit(value=Decimal("0.01"), source="runbook: Service Overview")
COVERAGE = Limit(value=Decimal("0.99"), source="runbook: Daily Checks, step 4")
SHORT, LONG = LENGTHS
WELL = Compared(length=SHORT, probes=300.0, failing=0.0, business_failing=0.0, ready_failing=0.0)


def view(**changed: object) -> OutsideView:
    """Return an outside view that agrees, with changes of what was seen within the last minutes."""
    return OutsideView(
        service="api-gateway",
        job="blackbox",
        target="http://edge/health/ready",
        at=AT,
        newest=AT,
        gaps=(),
        windows=(replace(WELL, **changed), replace(WELL, length=LONG, probes=86400.0)),  # type: ignore[arg-type]
    )


def test_what_agrees_has_no_findings() -> None:
    """Nothing fails, here or there."""
    assert not view().disagrees(MOST, COVERAGE)


@pytest.mark.parametrize(("failing", "red"), [(0.01, False), (0.011, True), (1.0, True)])
def test_what_fails_outside_alone_is_a_finding_from_the_limit_on(failing: float, *, red: bool) -> None:
    """The load balancer drops now; a day of good probes does not hide it."""
    assert bool(view(failing=failing).disagrees(MOST, COVERAGE)) == red


@pytest.mark.parametrize(("failed", "red"), [(1, False), (2, True)])
def test_one_failed_probe_is_an_accident_and_two_are_not(failed: int, *, red: bool) -> None:
    """A single lost probe wakes nobody, though it is 5 % of the last twenty; the day tells whether it is more."""
    assert bool(view(failing=failed / 20, probes=20.0).disagrees(MOST, COVERAGE)) == red
    often = replace(WELL, length=LONG, probes=5760.0, failing=failed / 20)
    assert replace(view(), windows=(WELL, often)).disagrees(MOST, COVERAGE)


@pytest.mark.parametrize(("probes", "red"), [(1.0, True), (4.0, True), (5.0, False)])
def test_of_very_few_probes_one_that_failed_is_a_finding(probes: float, *, red: bool) -> None:
    """A prober that looks every few minutes sees an outage as one failed probe of one."""
    assert bool(view(failing=1 / probes, probes=probes).disagrees(MOST, COVERAGE)) == red


def test_a_finding_says_both_sides_the_limit_and_its_source() -> None:
    """The sentence at three in the morning."""
    (said,) = view(failing=0.5, business_failing=0.1).disagrees(MOST, COVERAGE)
    for part in ("50.0% of 300 probes of http://edge/health/ready", "5m", "10.0%", "1%", "runbook: Service Overview"):
        assert part in said


@pytest.mark.parametrize("side", ["business_failing", "ready_failing"])
def test_what_the_service_knows_of_is_no_disagreement(side: str) -> None:
    """It fails outside because it fails inside: other checks say so."""
    assert not view(failing=0.5, **{side: 0.5}).disagrees(MOST, COVERAGE)


def test_nothing_probed_lately_is_unknown() -> None:
    """No probe failed, for there was none."""
    with pytest.raises(Unobserved, match="not probed within 5m"):
        view(failing=None, probes=0.0).disagrees(MOST, COVERAGE)


@pytest.mark.parametrize("newest", [None, AT - timedelta(minutes=3)])
def test_a_prober_that_stopped_is_unknown(newest: datetime | None) -> None:
    """Its last good words are not about now."""
    with pytest.raises(Unobserved, match="nothing scrapes it now"):
        replace(view(), newest=newest).disagrees(MOST, COVERAGE)


def test_a_hole_is_unknown_and_a_failure_beside_it_is_still_found() -> None:
    """What was seen to fail has failed, however little was seen."""
    hole = (Gap(AT - timedelta(hours=20), AT - timedelta(hours=10)),)
    with pytest.raises(Unobserved, match="samples cover"):
        replace(view(), gaps=hole).disagrees(MOST, COVERAGE)
    assert replace(view(failing=1.0), gaps=hole).disagrees(MOST, COVERAGE)


@pytest.mark.parametrize("field", ["failing", "probes", "business_failing", "ready_failing"])
def test_what_is_no_number_agrees_with_nothing(field: str) -> None:
    """Every comparison with NaN is false: it must not read as agreement."""
    with pytest.raises(Unobserved, match="no number"):
        view(**{field: float("nan")}).disagrees(MOST, COVERAGE)


def test_a_service_without_an_outside_view_is_unknown() -> None:
    """Nobody says how it is seen from outside."""
    with pytest.raises(Unobserved, match=r"services\.audit\.outside is not declared"):
        OutsideViews({"api-gateway": view()}).of("audit")
