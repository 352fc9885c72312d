"""Runs every benchmark, one after another; each says what it measured, and exits 1 where a bound is missed."""

import sys

from benchmarks import (
    audit_persistence,
    diagnostics,
    evidence_verify,
    kafka_lag,
    kubernetes_pods,
    object_listing,
    probes_at_once,
    sandbox_start,
)


def main() -> int:
    """Return how many benchmarks missed their bound."""
    missed = 0
    for benchmark in (
        probes_at_once,
        kafka_lag,
        kubernetes_pods,
        object_listing,
        audit_persistence,
        diagnostics,
        evidence_verify,
        sandbox_start,
    ):
        print(f"== {benchmark.__name__.rpartition('.')[2]}", flush=True)
        missed += bool(benchmark.main())
    return missed


if __name__ == "__main__":
    sys.exit(main())
