"""The folder of a run."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.ledger import CLOSE, OBSERVATION, VERDICT
from apgms_ops.evidence.run import RunFolder, read_observation, read_run, run_id
from apgms_ops.observation import Failure, Observation, digest

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def observed(value: int) -> Observation:
    """Return an observation of a number."""
    return Observation("lag", "Number@1", AT, AT, 0.5, facts={"value": value})


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """The folder of a run that has its plan."""
    folder = RunFolder(tmp_path / "run")
    folder.ledger.begin({"environment": "toy", "checks": []})
    return folder


def test_a_run_id_sorts_by_time_and_names_the_environment() -> None:
    """Ids of later runs sort after those of earlier ones, and two of one second differ."""
    assert run_id("toy", AT).startswith("20261123T020000.000Z-toy-")
    assert run_id("toy", AT) < run_id("toy", AT + timedelta(milliseconds=1)) < run_id("toy", AT + timedelta(seconds=1))
    assert run_id("toy", AT) != run_id("toy", AT)


def test_of_several_observations_of_a_probe_the_first_stands(folder: RunFolder) -> None:
    """Whoever publishes second gets the first observation back, and leaves no file."""
    assert folder.publish(observed(1)).facts == {"value": 1}
    assert folder.publish(observed(2)).facts == {"value": 1}
    assert folder.result("lag") == observed(1)
    assert len(list(folder.observations.iterdir())) == 1
    assert read_run(folder.path).observation("lag") == observed(1)


def test_publishing_the_same_twice_keeps_the_file(folder: RunFolder) -> None:
    """Two equal observations have one name: the second must not remove the file of the first."""
    folder.publish(observed(1))
    folder.publish(observed(1))
    assert folder.result("lag") == observed(1)


def test_a_failure_is_an_observation(folder: RunFolder) -> None:
    """What could not be read is recorded with its cause, in the file and in the ledger."""
    failed = Observation("lag", "Number@1", AT, AT, 1.0, failure=Failure("Unreachable", "refused"))
    folder.publish(failed)
    assert read_run(folder.path).observation("lag") == failed
    assert b'"failure":"Unreachable: refused"' in folder.ledger.path.read_bytes()


def test_an_altered_observation_is_refused(folder: RunFolder) -> None:
    """A file whose content is not what its name says is an error that names it."""
    folder.publish(observed(1))
    (file,) = folder.observations.iterdir()
    file.write_bytes(file.read_bytes().replace(b"1", b"2"))
    with pytest.raises(EvidenceInvalid, match="was altered"):
        read_observation(folder.observations, file.stem, "lag")


def test_a_missing_observation_is_refused(folder: RunFolder) -> None:
    """A file that the ledger names and the folder lacks is an error, not an absence."""
    folder.publish(observed(1))
    for file in folder.observations.iterdir():
        file.unlink()
    with pytest.raises(EvidenceInvalid, match="cannot be read"):
        read_run(folder.path).observation("lag")


def test_outstanding_are_those_without_a_result(folder: RunFolder) -> None:
    """A probe is out until its observation stands."""
    folder.publish(observed(1))
    assert folder.outstanding(("lag", "budget")) == ("budget",)


def test_an_observation_of_another_probe_is_refused(folder: RunFolder) -> None:
    """A ledger that gives one probe what another saw is an error, though every hash in it is right."""
    folder.publish(observed(1))
    (file,) = folder.observations.iterdir()
    folder.ledger.append(OBSERVATION, {"probe": "budget", "sha256": file.stem, "failure": None})
    with pytest.raises(EvidenceInvalid, match="is what 'lag' saw"):
        read_run(folder.path).observation("budget")


@pytest.mark.parametrize("data", [b"\xff", b"{", b"[" * 100_000], ids=["not UTF-8", "cut", "deep"])
def test_an_observation_that_is_no_json_is_refused(folder: RunFolder, data: bytes) -> None:
    """What cannot be parsed is an error of the evidence, whatever the parser calls it."""
    (folder.observations / f"{digest(data)}.json").write_bytes(data)
    with pytest.raises(EvidenceInvalid, match="not JSON"):
        read_observation(folder.observations, digest(data), "lag")


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([(OBSERVATION, {"probe": "lag", "sha256": "a"}), (OBSERVATION, {"probe": "lag", "sha256": "b"})], "more than"),
        ([(VERDICT, {"check": "a", "verdict": "FAIL"}), (VERDICT, {"check": "a", "verdict": "PASS"})], "more than one"),
        ([(CLOSE, {"exit": 0}), (VERDICT, {"check": "a", "verdict": "PASS"})], "after the run was closed"),
        ([(VERDICT, {"check": ["a"], "verdict": "PASS"})], "lacks 'check'"),
        ([(OBSERVATION, {"probe": "lag"})], "lacks 'sha256'"),
    ],
)
def test_a_ledger_that_says_two_things_is_refused(
    folder: RunFolder, entries: list[tuple[str, dict[str, object]]], why: str
) -> None:
    """Two observations of a probe, two verdicts on a check, or anything after the close: which would count?"""
    for kind, body in entries:
        folder.ledger.append(kind, body)
    with pytest.raises(EvidenceInvalid, match=why):
        read_run(folder.path)
