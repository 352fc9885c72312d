"""Ways to break the sandbox on purpose, each reversible, each naming the checks that must notice."""

from collections.abc import Mapping, Sequence

from apgms_ops.sandbox.faults import (
    kafka_broker,
    kafka_groups,
    kafka_lag,
    kafka_members,
    kafka_offsets,
    kafka_topics,
    prometheus_server,
    prometheus_stores,
)
from apgms_ops.sandbox.faults.fault import Fault

__all__ = ["FAULTS", "Fault", "by_id"]

FAULTS: tuple[type[Fault], ...] = (
    *kafka_groups.FAULTS,
    *kafka_members.FAULTS,
    *kafka_lag.FAULTS,
    *kafka_offsets.FAULTS,
    *kafka_topics.FAULTS,
    *kafka_broker.FAULTS,
    *prometheus_server.FAULTS,
    *prometheus_stores.FAULTS,
)
"""Every fault, those of one component together."""


def by_id(faults: Sequence[type[Fault]] = FAULTS) -> Mapping[str, Fault]:
    """Return the faults by the id that is typed after `sandbox break`."""
    return {fault.id: fault() for fault in faults}
