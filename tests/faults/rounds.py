"""Which faults can be in force at once, each still showing by itself: what halves the time that the proofs take.

Two faults share a round where neither touches what the other needs in order to break, to be seen or to heal, and where
no check is named by both: each red check then speaks of one fault alone.
"""

import os
from collections.abc import Iterable, Sequence
from typing import Final

from apgms_ops.sandbox import github
from apgms_ops.sandbox.faults import FAULTS, Fault
from apgms_ops.sandbox.faults.github_tools import PIPELINE
from tests.faults.looking import function_of

Round = tuple[type[Fault], ...]

ALONE: Final = "APGMS_PROOFS_ALONE"
"""Environment variable: set, every fault is proven by itself, which takes twice as long."""

LANES: Final = {
    "api-gateway": "gateway",
    "payments": "payments",
    "registries": "registries",
    "prometheus": "metrics",
    "deployment": "metrics",
    "kafka": "broker",
    "kafka-snapshots": "snapshots",
    "audit": "database",
    "postgres": "database",
    "github": "release",
    "kubernetes": "cluster",
    "objectstore": "archive",
    "backups-bucket": "backups-bucket",
    "timestamps": "site",
    "pgbackrest": "backups",
    "backups-drills": "drills",
    "pagerduty": "people",
    "incidents": "incidents",
}
"""Component → what its faults share with those of others: at most one fault of a lane in a round."""
_UPON_METRICS: Final = frozenset({"gateway", "payments", "registries"})
"""Lanes whose faults are seen through Prometheus, which those of `metrics` start anew or whose pods they replace."""
_SCRAPED: Final = frozenset({"audit-emission-swallowed", "kafka-group-set-back", "kafka-reset-to-latest"})
"""Faults of other lanes that are seen through it as well, so that no other may give it another past meanwhile."""
_STEPS: Final = "steps"
_OF_STEPS: Final = "smoke-"
"""What changes one answer to the customer's journey: as many in a round as are named by different checks."""
_AWAY: Final = (
    "audit-writer-dead",
    "edge-drops-requests",  # no customer comes through, and what customers do is what most faults of payments wait for
    "kafka-broker-",
    "kubernetes-",
    "payments-quiet-night",  # nobody pays, and dead letters are payments that failed
    "postgres-",
    "registries-other-environment",
    "service-",
)
"""What takes away a system or a service that others need in order to heal: alone, but for what only GitHub is about."""


def rounds(faults: Iterable[type[Fault]]) -> list[Round]:
    """Return the faults in rounds; in a round, in the order in which they are broken.

    Args:
        faults: Which, in the order in which they are wanted, where that makes no difference.
    """
    made: list[list[type[Fault]]] = []
    for fault in sorted(faults, key=lambda fault: -len(_named(fault))):
        fitting = (others for others in made if all(_apart(fault, other) for other in others))
        found = next(fitting, None)
        if found is None:
            made.append([fault])
        else:
            found.append(fault)
    return [tuple(round_) for round_ in made]


def _apart(one: type[Fault], other: type[Fault]) -> bool:
    lanes = {_lane(one), _lane(other)}
    if (len(lanes) == 1 and lanes != {_STEPS}) or (one.told, one.asked_for) != (other.told, other.asked_for):
        return False
    if _walked(one) is not _walked(
        other
    ):  # the journey of the one would notice the other, whose proof knows no journey
        return False
    if {one.id, other.id} & _SCRAPED and lanes & {"metrics", *_UPON_METRICS}:
        return False
    if "metrics" in lanes and lanes & _UPON_METRICS:
        return False
    if "release" not in lanes and (one.id.startswith(_AWAY) or other.id.startswith(_AWAY)):
        return False
    return not _meet(_named(one), _named(other))


def _walked(fault: type[Fault]) -> bool:
    return "smoke/" in fault.reach.split()


def _lane(fault: type[Fault]) -> str:
    return _STEPS if fault.id.startswith(_OF_STEPS) else LANES[fault.component]


def _named(fault: type[Fault]) -> frozenset[str]:
    return frozenset(fault.expected) | fault.may_notice


def _meet(some: frozenset[str], others: frozenset[str]) -> bool:
    """Whether a check is in both, where an id without parameters stands for all of them."""
    return bool(some & others or _bare(some) & others or some & _bare(others))


def _bare(checks: frozenset[str]) -> frozenset[str]:
    return frozenset(map(function_of, checks))


def reach(round_: Sequence[type[Fault]]) -> tuple[str, ...]:
    """Return the checks that a round's proof runs: all that any of its faults is proven with."""
    wanted = {part for fault in round_ for part in fault.reach.split()}
    within = {part for part in wanted if any(part != other and part.startswith(other) for other in wanted)}
    return tuple(sorted(wanted - within))


def _noticed_elsewhere(fault: type[Fault]) -> bool:
    """Whether other checks notice than those that ask GitHub alone: tests/sandbox/github_process proves the rest."""
    return fault.component != github.NAME or not set(fault.expected) <= set(PIPELINE)


ROUNDS: Final = [(fault,) for fault in FAULTS] if os.environ.get(ALONE) else rounds(filter(_noticed_elsewhere, FAULTS))
"""What is proven, in this order."""
