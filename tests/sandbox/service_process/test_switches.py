"""Switches take what fits them, say no to all else, and are asked evenly."""

import pytest

from apgms_ops.sandbox.service_process.message import Refused
from apgms_ops.sandbox.service_process.switches import COMMON, Spec, Switches

SPEC = Spec(flags=("hold",), shares=("fail_share",), delays=("delay_ms",), counts=("lose",))


def test_every_switch_is_off_at_the_start() -> None:
    """A service that was told nothing is healthy."""
    off = {"hold": False, "fail_share": 0.0, "delay_ms": 0.0, "lose": 0, "skew_seconds": 0} | dict.fromkeys(
        COMMON.flags, False
    )
    assert Switches(SPEC).values == off


@pytest.mark.parametrize(
    "wanted",
    [
        {"nonsense": True},
        {"hold": 1},
        {"fail_share": 1.5},
        {"fail_share": True},
        {"delay_ms": -1},
        {"delay_ms": float("nan")},
        {"lose": 1.5},
        {"lose": "3"},
        {"hold": True, "lose": -1},
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_changes_nothing(wanted: dict[str, object]) -> None:
    """All of an order is carried out, or none."""
    switches = Switches(SPEC)
    before = switches.values
    with pytest.raises(Refused) as refused:
        switches.set(wanted)
    assert refused.value.status == 400
    assert switches.values == before


@pytest.mark.parametrize(("share", "picked"), [(0.0, 0), (0.001, 1), (0.25, 250), (1.0, 1000)])
def test_a_share_is_met_evenly(share: float, picked: int) -> None:
    """A share picks as many as it says."""
    switches = Switches(SPEC)
    switches.set({"fail_share": share})
    assert sum(switches.pick("fail_share") for _ in range(1000)) == pytest.approx(picked, abs=1)


def test_a_count_is_used_up() -> None:
    """Of the next two events both are taken, and the third is not."""
    switches = Switches(SPEC)
    switches.set({"lose": 2})
    assert [switches.take("lose") for _ in range(3)] == [True, True, False]
    assert switches.values["lose"] == 0


def test_a_change_that_does_not_take_effect_is_refused() -> None:
    """Whoever sets a switch hears of it when the service does not follow."""
    switches = Switches(SPEC)
    switches.confirm("hold", lambda: False)
    with pytest.raises(Refused) as refused:
        switches.set({"hold": True})
    assert refused.value.status == 503


def test_a_delay_is_told_in_seconds() -> None:
    """Milliseconds are for the one who sets them."""
    switches = Switches(SPEC)
    switches.set({"delay_ms": 250})
    assert switches.seconds("delay_ms") == 0.25
