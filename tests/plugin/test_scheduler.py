"""How one process makes observations together with others, some of which die."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.environment.model import Environment
from apgms_ops.evidence.run import RunFolder
from apgms_ops.observation import Identity, Recorder
from apgms_ops.plugin.scheduler import Reading, Scheduler
from apgms_ops.probes import Probe, probe
from apgms_ops.probes.codec import FactsCodec

ENVIRONMENT = {
    "name": "toy",
    "identities": {"kafka": "cluster-1"},
    "services": {
        "api-gateway": {
            "deployment": "api-gateway",
            "replicas": 1,
            "objectives": [{"kind": "availability", "target": "99.9%", "window": "30d", "source": "test"}],
        }
    },
    "kafka": {
        "bootstrap": ["127.0.0.1:9"],
        "topics": [{"name": "audit.log", "partitions": 3}],
        "groups": [{"name": "audit-writer", "topics": ["audit.log"]}],
    },
}
# Claims a probe as a worker would, says so, and lives until it is killed.
OTHER_WORKER = """
import sys, time
from pathlib import Path
from apgms_ops.evidence.run import RunFolder
folder = RunFolder(Path(sys.argv[1]))
claim = folder.claim("reading")
folder.mark_started("reading")
print("claimed", flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Number:
    """Facts of these tests."""

    value: int


def registered(function: Callable[..., Any], **options: Any) -> Probe:  # noqa: ANN401 — the decorator's options
    """Register a function as the probe `reading`."""
    function.__name__ = "reading"
    return probe(**options)(function)


def one() -> Number:
    """One."""
    return Number(1)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """The folder of a run that has its plan."""
    folder = RunFolder(tmp_path / "run")
    folder.ledger.begin({"environment": "toy", "checks": []})
    return folder


def started(folder: RunFolder, reading: Probe) -> Scheduler:
    """Start the probe."""
    scheduler = Scheduler(folder, Reading(Environment.model_validate(ENVIRONMENT), {}, None, None))
    scheduler.start({"reading": (reading, FactsCodec(reading))})
    return scheduler


@contextmanager
def other_worker(folder: RunFolder) -> Iterator["subprocess.Popen[str]"]:
    """Another process of the run, which holds the claim on the probe."""
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_WORKER, str(folder.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "claimed\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_worker_that_dies_with_a_claim_is_replaced(folder: RunFolder) -> None:
    """The kernel frees the claim of a process that was killed, and the probe is made after all."""
    with other_worker(folder) as process:
        scheduler = started(folder, registered(one, deadline=30))
        process.kill()
        observation = scheduler.wait("reading")
    assert (observation.facts, observation.failure) == ({"value": 1}, None)


def test_what_writes_is_not_started_again(folder: RunFolder) -> None:
    """A probe that changes the estate, and whose worker died, is UNKNOWN: nobody knows how far it came."""
    with other_worker(folder) as process:
        scheduler = started(folder, registered(one, deadline=30, writes=True))
        process.kill()
        observation = scheduler.wait("reading")
    assert observation.failure is not None
    assert "never started twice" in observation.failure.cause


def test_a_worker_that_never_delivers_is_not_waited_for_for_ever(folder: RunFolder) -> None:
    """Who waits for another process gives up a little after the deadline."""
    with other_worker(folder):
        observation = started(folder, registered(one, deadline=0.1)).wait("reading")
    assert observation.failure is not None
    assert "has not delivered it" in observation.failure.cause


def test_what_another_worker_observed_is_taken(folder: RunFolder) -> None:
    """An observation that stands is not made again."""
    first = started(folder, registered(one, deadline=30)).wait("reading")

    def never() -> Number:
        """It would fail."""
        msg = "made twice"
        raise RuntimeError(msg)

    second = started(folder, registered(never, deadline=30)).wait("reading")
    assert (second.facts, second.started_at) == (first.facts, first.started_at)


def answers_as(*identities: str) -> Probe:
    """Return a probe that reads Kafka and is told these identities."""

    def reading(kafka: object, recorder: Recorder) -> Number:  # noqa: ARG001 — that it asks for it is what counts
        """Read."""
        for identity in identities:
            recorder.identify("kafka", identity)
        return Number(1)

    return probe(deadline=30)(reading)


@pytest.mark.parametrize(
    ("identities", "cause"),
    [
        (["cluster-1"], None),
        (["cluster-2"], "kafka is not the pinned 'cluster-1': cluster-2"),
        (["cluster-1", "cluster-2"], "kafka is not the pinned 'cluster-1': cluster-1, cluster-2"),
        ([], "kafka is not the pinned 'cluster-1': it did not identify itself"),
    ],
)
def test_right_answers_from_the_wrong_system_are_no_answers(
    folder: RunFolder, identities: list[str], cause: str | None
) -> None:
    """Facts from a system that is not the pinned one, or that does not say who it is, are dropped."""
    observation = started(folder, answers_as(*identities)).wait("reading")
    assert (observation.facts is None) is (cause is not None)
    assert (observation.failure and observation.failure.cause) == cause
    assert observation.identities == tuple(Identity("kafka", identity) for identity in identities)


def test_facts_of_another_type_than_promised_are_a_failure(folder: RunFolder) -> None:
    """A probe that returns something else than its annotation says has observed nothing."""

    def lies() -> Number:
        """Lie."""
        return {"value": 1}  # type: ignore[return-value]

    observation = started(folder, registered(lies, deadline=30)).wait("reading")
    assert observation.failure is not None
    assert observation.failure.cause == "promised Number, returned dict"


def test_a_folder_that_cannot_be_written_is_a_failure_and_no_hang(folder: RunFolder) -> None:
    """When an observation cannot be recorded, its checks are UNKNOWN with the cause."""
    (folder.path / "observations").rmdir()
    observation = started(folder, registered(one, deadline=30)).wait("reading")
    assert observation.failure is not None
    assert observation.failure.kind == "FileNotFoundError"
