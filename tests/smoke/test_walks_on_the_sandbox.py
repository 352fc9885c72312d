"""Walks on a living sandbox: killed at random steps, and fifty at once."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Environment, Smoke
from apgms_ops.environment.types import Limit
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.journey.facts import Journey
from apgms_ops.probes.journey.rules import smoke_of
from apgms_ops.sandbox.composition import platform
from apgms_ops.sandbox.faults.payments_tools import tables
from apgms_ops.sandbox.faults.smoke_tools import left
from apgms_ops.sandbox.world import World
from tests.smoke.walking import walk

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).parents[2]
KILLS = 10
AT_ONCE = 50
BUSY = "503 unavailable"
"""What the platform says where two cores are too few for fifty walks: UNKNOWN for that reason is right."""
MOST = 40
"""Walks of them that must be green."""
_UNBALANCED = (
    "SELECT l.abn, l.tax_type, l.period FROM ledger l WHERE l.abn LIKE '%9999999__'"
    " GROUP BY 1, 2, 3 HAVING sum(l.amount_cents) <> 0"
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A sandbox of this module."""
    root = tmp_path_factory.mktemp("walks") / "sandbox"
    up = platform(root, ROOT / "environments" / "sandbox.toml", lambda _: None)
    lease = up.attach_or_start(Deadline(300))
    try:
        yield lease.world
    finally:
        lease.release()


@pytest.fixture(scope="module")
def environment(world: World) -> Environment:
    """What the sandbox says of itself, with as much time for each step as fifty walks at once may take."""
    found = load(ROOT / "environments" / "sandbox.toml", world.values())
    slow = Limit[timedelta](value=timedelta(minutes=2), source="test: two cores")
    names = ("duration", "step_limit", "acknowledgement", "audit")
    return found.model_copy(update={"smoke": smoke_of(found).model_copy(update=dict.fromkeys(names, slow))})


def unbalanced(world: World) -> list[tuple[object, ...]]:
    """Return the periods of synthetic employers in which anything is left."""
    with tables(world, Deadline(20)) as connection:
        return connection.execute(_UNBALANCED).fetchall()


def wrong(seen: Journey, rules: Smoke) -> Findings:
    """Return everything that a check would find; raises where one would be UNKNOWN."""
    return Findings(
        (
            *seen.access.without_token(),
            *seen.access.forged(),
            *seen.access.without_second_factor(),
            *seen.access.token_wrong(rules),
            *seen.access.not_explained(),
            *seen.lookups.active_wrong(),
            *seen.lookups.cancelled_wrong(),
            *seen.lookups.invalid_taken(),
            *seen.calculations.paygw_wrong(),
            *seen.calculations.gst_wrong(),
            *seen.books.employer_wrong(),
            *seen.books.deposits_wrong(),
            *seen.books.paid_too_early(),
            *seen.books.closing_wrong(),
            *seen.books.payment_wrong(rules),
            *seen.books.replay_wrong(),
            *seen.books.other_body_taken(),
            *seen.books.not_acknowledged(rules),
            *seen.books.ledger_wrong(),
            *seen.trail.missing(rules),
            *seen.trail.altered(),
            *seen.isolation.seen_by_others(),
            *seen.timing.clocks_off(rules),
            *seen.leftovers.residue(rules),
        )
    )


def ended(seen: Journey, rules: Smoke) -> str | None:
    """Return why a walk could not be judged whole, None where it could: then nothing may be wrong with it."""
    try:
        assert not wrong(seen, rules)
    except Unobserved as error:
        return str(error)
    return None


def killed(file: Path, runs: Path, run: str, after: int) -> bool:
    """Begin a walk, kill it once it has noted so many lines; return whether it was killed in its middle."""
    command = [sys.executable, "-m", "tests.smoke.walking", str(file), str(runs), run]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            journals = list((runs / run).glob("walk-*.jsonl"))
            if journals and journals[0].read_bytes().count(b"\n") >= after:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.002)
        process.wait(60)
        return process.returncode == -signal.SIGKILL


def test_what_killed_walks_left_is_gone_after_the_next(world: World, tmp_path: Path) -> None:
    """Ten walks are killed at random steps; after the next one no employer is left, and no ledger out of balance."""
    file, runs = world.root / "sandbox.toml", tmp_path / "runs"
    kills = sum(killed(file, runs, f"run-{n:02d}", random.randint(1, 110)) for n in range(KILLS))  # noqa: S311
    assert kills >= KILLS - 2, "most walks must die in their middle"
    rules = smoke_of(load(file))
    seen = walk(load(file), runs, "run-99")
    assert not wrong(seen, rules)
    assert left(world, Deadline(20)) == []
    assert unbalanced(world) == []
    assert not list(runs.glob("*/walk-*.jsonl"))


def test_fifty_walks_at_once_do_not_disturb_each_other(world: World, environment: Environment, tmp_path: Path) -> None:
    """Of fifty walks at once each sees what it did alone; the most are green, and what is not was refused: 503."""
    runs, rules = tmp_path / "runs", smoke_of(environment)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        walks = [pool.submit(walk, environment, runs, f"run-{number:02d}", 400.0) for number in range(AT_ONCE)]
        seen = [future.result() for future in walks]
    said = [ended(one, rules) for one in seen]
    assert [why for why in said if why is not None and BUSY not in why] == []
    assert said.count(None) >= MOST
    assert all(one.written is not None for one, why in zip(seen, said, strict=True) if why is None)
    assert left(world, Deadline(20)) == []
    assert unbalanced(world) == []
    events = Counter(event.seq for one in seen for found in one.events.values() for event in found)
    assert max(events.values()) == 1, "an event belongs to one walk alone"
