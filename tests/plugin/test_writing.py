"""Probes that write: after what they wait for, left out with --read-only, and cleaning up when they are interrupted."""

import pytest

from tests.plugin.conftest import Site

WRITING = """
import threading
from pathlib import Path

from apgms_ops.probes.planned import Planned

@dataclass(frozen=True, slots=True)
class Walked:
    saw: str
    read_only: bool

@probe(deadline=20, writes=True, after=("one",))
def walk(planned: Planned, read_only: bool, interrupted: threading.Event) -> Walked:
    \"\"\"A walk.\"\"\"
    return Walked(repr(planned.facts("one")), read_only)

@probe(deadline=20, writes=True)
def unaware() -> Number:
    \"\"\"It writes, and knows nothing of --read-only.\"\"\"
    Path("written").write_text("1")
    return Number(1)

@probe(deadline=60, writes=True)
def patient(interrupted: threading.Event) -> Number:
    \"\"\"It writes until it is interrupted, and cleans up.\"\"\"
    Path("writing").write_text("1")
    interrupted.wait(50)
    Path("cleaned").write_text("1")
    return Number(1)
"""


@pytest.fixture
def writing(site: Site) -> Site:
    """A site with probes that write."""
    site.probes(WRITING)
    return site


def test_it_begins_once_what_it_waits_for_is_over(writing: Site) -> None:
    """A probe is given the facts of the probes that it waits for, where the run makes them."""
    writing.checks(
        """
        def test_walk(one, walk):
            \"\"\"It saw what was seen before it.\"\"\"
            assert walk.saw == repr(one)
        """
    )
    assert writing.run("--env", "toy").verdicts == {"test_walk": "PASS"}


def test_where_it_is_not_made_nothing_is_waited_for(writing: Site) -> None:
    """A probe that it would wait for, and that no check needs, is not made for its sake."""
    writing.checks(
        """
        def test_walk(walk):
            \"\"\"It saw nothing.\"\"\"
            assert walk.saw == "None"
        """
    )
    finished = writing.run("--env", "toy")
    assert finished.verdicts == {"test_walk": "PASS"}
    assert "one" not in finished.run.observations


READ_ONLY = """
@pytest.mark.writes
def test_written(walk):
    \"\"\"What only writing shows.\"\"\"
    assert not walk.read_only

def test_looked(walk):
    \"\"\"What looking shows.\"\"\"
    assert walk.read_only

def test_unaware(unaware):
    \"\"\"What a probe shows that cannot leave its writing out.\"\"\"
    assert unaware.value == 1
"""


def test_read_only_leaves_out_what_writes(writing: Site) -> None:
    """With --read-only, what is shown by writing alone is SKIPPED with that reason, and nothing is written."""
    writing.checks(READ_ONLY)
    finished = writing.run("--env", "toy", "--read-only")
    assert finished.verdicts == {"test_written": "SKIPPED", "test_looked": "PASS", "test_unaware": "SKIPPED"}
    assert finished.seen["test_written"] == "--read-only: what this check judges is shown by writing alone"
    assert finished.seen["test_unaware"] == "--read-only: the probe unaware writes"
    assert finished.code == 0
    assert not (writing.folder / "written").exists()


def test_workers_leave_it_out_as_well(writing: Site) -> None:
    """Under pytest -n, the workers know of --read-only."""
    writing.checks(READ_ONLY)
    finished = writing.run("--env", "toy", "--read-only", "-n", "2")
    assert finished.verdicts == {"test_written": "SKIPPED", "test_looked": "PASS", "test_unaware": "SKIPPED"}


def test_a_replay_leaves_out_what_was_left_out(writing: Site) -> None:
    """A replay of a run that wrote nothing skips the same checks, without being told to."""
    writing.checks(READ_ONLY)
    run = writing.run("--env", "toy", "--read-only").run.path.name
    again = writing.run("--env", "toy", "--replay", run)
    assert again.verdicts == {"test_written": "SKIPPED", "test_looked": "PASS", "test_unaware": "SKIPPED"}


def test_a_run_of_nothing_else_is_not_green(writing: Site) -> None:
    """A run in which everything was left out exits 10."""
    writing.checks(READ_ONLY)
    assert writing.run("--env", "toy", "--read-only", "-k", "written or unaware").code == 10


def test_the_marker_takes_no_arguments(writing: Site) -> None:
    """`writes` with an argument stops the run."""
    writing.checks(READ_ONLY.replace("mark.writes", 'mark.writes("much")'))
    finished = writing.run("--env", "toy")
    assert finished.code == 4
    assert "marker 'writes'" in finished.output


def test_interrupted_it_cleans_up(writing: Site) -> None:
    """Ctrl-C while a probe writes is waited for until it has cleaned up, and said."""
    writing.checks(
        """
        def test_patient(patient):
            \"\"\"It is patient.\"\"\"
            assert patient.value == 1
        """
    )
    finished = writing.interrupt_when((writing.folder / "writing").exists, "--env", "toy")
    assert (writing.folder / "cleaned").exists()
    assert "interrupted: patient cleans up after itself" in finished.output
    assert finished.verdicts == {"test_patient": "UNKNOWN"}
    assert finished.code == 2
