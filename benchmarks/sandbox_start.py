"""How long the whole sandbox takes to come up, and how much memory it holds.

It is started `RUNS` times in a folder of its own, from the command line and with caches that are warm, and taken down
again. Prints when each component was ready in the fastest start, the resident memory of each then, and the sums; memory
that processes share is counted once (proportional set size). Exits with 1 if the fastest start takes longer than
`SECONDS`, or if all of it holds more than `MEGABYTES`.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from apgms_ops.sandbox.processes import PART, ProcessTable

ROOT = Path(__file__).parents[1]
RUNS, SECONDS, MEGABYTES, SETTLE = 3, 20.0, 1500.0, 10.0


def command(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `apgms-ops sandbox …` on the sandbox in `root`."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from apgms_ops.cli import main; sys.exit(main())", "sandbox", *arguments],
        cwd=ROOT,
        env=os.environ | {"APGMS_SANDBOX": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return done


def memory(root: Path) -> dict[str, float]:
    """Return the memory of each component's processes, in megabytes."""
    found: Counter[str] = Counter()
    for entry in ProcessTable().marked(root):
        folder = Path("/proc") / str(entry.pid)
        try:
            environment = dict(part.partition("=")[::2] for part in (folder / "environ").read_text().split("\0"))
            rollup = (folder / "smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile: a worker of the database
            continue
        kilobytes = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        found[environment[PART].partition("/")[0]] += kilobytes
    return {component: kilobytes / 1024 for component, kilobytes in found.most_common()}


def processor(root: Path) -> float:
    """Return the processor time that the sandbox's processes have used, in seconds."""
    ticks = 0
    for entry in ProcessTable().marked(root):
        try:
            fields = (Path("/proc") / str(entry.pid) / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Measure, print, and return whether a bound was missed."""
    starts: list[tuple[float, list[str]]] = []
    held: dict[str, float] = {}
    idle = 0.0
    with tempfile.TemporaryDirectory(prefix="apgms-ops-bench-") as folder:
        root = Path(folder) / "sandbox"
        for run in range(RUNS):
            try:
                began = time.perf_counter()
                up = command(root, "up")
                seconds = time.perf_counter() - began
                starts.append((seconds, [line for line in up.stderr.splitlines() if " ready after " in line]))
                if run == RUNS - 1:
                    time.sleep(SETTLE)
                    used = processor(root)
                    time.sleep(SETTLE)
                    idle = (processor(root) - used) / SETTLE
                    held = memory(root)
            finally:
                command(root, "down")
    best, lines = min(starts)
    total = sum(held.values())
    print(*lines, sep="\n")
    print(f"up after {best:.1f} s, the fastest of {', '.join(f'{seconds:.1f}' for seconds, _ in starts)} s")
    print(f"the bound is {SECONDS:g} s")
    print(", ".join(f"{component} {megabytes:.0f} MB" for component, megabytes in held.items()))
    print(f"{total:.0f} MB in all, of {MEGABYTES:g} MB allowed; left alone it takes {idle:.0%} of one core")
    return int(best > SECONDS or total > MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
