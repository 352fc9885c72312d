"""The tenants have numbers of their own, those of journeys in plenty."""

from itertools import chain

from apgms_ops.sandbox.service_process.abn import valid
from apgms_ops.sandbox.service_process.tenants import ABNS, CUSTOMERS, SMOKE, SMOKE_OTHER, SYNTHETIC


def test_no_number_belongs_to_two_tenants() -> None:
    """Every number passes the check and is one tenant's alone."""
    numbers = list(chain.from_iterable(ABNS.values()))
    assert len(numbers) == len(set(numbers))
    assert all(map(valid, numbers))


def test_fifty_journeys_can_be_walked_at_once() -> None:
    """There are more synthetic numbers than that, and none of them is a customer's."""
    assert len(ABNS[SMOKE]) == 64
    assert set(ABNS[SMOKE]) | set(ABNS[SMOKE_OTHER]) == SYNTHETIC
    assert not SYNTHETIC & set(CUSTOMERS)
    assert set(CUSTOMERS) | SYNTHETIC == set(chain.from_iterable(ABNS.values()))
