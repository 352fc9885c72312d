"""Ten thousand sealed runs of sixty checks: what verifying them costs a ledger entry, and what adding one more costs.

CPU, not the clock. Memory is what the process grew by while it verified all of them.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from apgms_ops.evidence.folder import verify_chain
from apgms_ops.evidence.verify import Proof
from tests.evidence.making import Forge

RUNS = 10_000
CHECKS = 60
LIMIT_MS = 1.0
"""Milliseconds of CPU a ledger entry."""
LIMIT_MB = 32
LIMIT_GROWTH = 1.5
"""Times that one of the last runs may cost what one of the first did."""
SAMPLE = 200


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(runs: int = RUNS) -> int:
    """Print what was measured; return 1 where a bound is missed."""
    with tempfile.TemporaryDirectory() as name:
        forge = Forge(Path(name))
        forge.authority = None
        costs = []
        for _ in range(runs):
            folder = forge.record(("PASS",) * CHECKS)
            costs.append(_cpu(partial(forge.seal, folder)))
        first, last = (sum(sorted(part)[: SAMPLE // 2]) for part in (costs[:SAMPLE], costs[-SAMPLE:]))
        entries = 0
        small = 0.0

        def count(proof: Proof) -> None:
            nonlocal entries, small
            entries += proof.entries
            if small == 0.0 and entries > SAMPLE * CHECKS:
                small = _peak()

        cpu = _cpu(lambda: verify_chain(forge.runs, forge.chain, forge.trust, None, count))
        grown = _peak() - small
    each = cpu / entries * 1000
    print(f"{runs} runs of {CHECKS} checks, {entries} ledger entries")
    print(f"verifying  {cpu:.1f} s of CPU: {each:.3f} ms an entry (limit {LIMIT_MS})")
    print(f"memory     {grown:.0f} MB more at the end than after {SAMPLE} runs (limit {LIMIT_MB})")
    print(f"adding     one of the last costs {last / first:.2f} times one of the first (limit {LIMIT_GROWTH})")
    return int(each > LIMIT_MS or grown > LIMIT_MB or last / first > LIMIT_GROWTH)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS))
