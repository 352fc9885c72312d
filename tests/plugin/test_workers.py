"""What holds however the checks are spread, and whatever happens to a process."""

from pathlib import Path

import pytest

from apgms_ops.evidence.run import RunFolder
from tests.plugin.conftest import Site

COUNTING = '''
@probe(deadline=20)
def counted() -> Number:
    """It notes that it was made."""
    with open("made", "a") as file:
        file.write("x")
    return Number(1)
'''
SIX = "".join(
    f'''
def test_{number}(counted):
    """Check {number}."""
    assert counted.value == 1
'''
    for number in range(6)
)


@pytest.mark.parametrize("workers", [[], ["-n", "2"], ["-n", "3", "--dist", "each"]], ids=["one", "two", "each"])
def test_each_probe_is_made_once_a_run(site: Site, workers: list[str]) -> None:
    """However many checks and workers use it, a probe reads the estate once."""
    site.probes(COUNTING)
    site.checks(SIX)
    finished = site.run("--env", "toy", *workers)
    assert finished.code == 0, finished.output
    assert (site.folder / "made").read_text() == "x"
    assert set(finished.verdicts.values()) == {"PASS"}


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_after_x_the_rest_of_the_plan_is_unknown(site: Site, workers: list[str]) -> None:
    """With -x every planned check still has a verdict: those that did not run are UNKNOWN; exit 1 for the FAIL."""
    site.checks('''
        def test_a(one):
            """It fails."""
            assert one.value == 2
        @pytest.mark.parametrize("number", range(30))
        def test_b(one, number):
            """It would pass."""
            assert one.value == 1
    ''')
    finished = site.run("--env", "toy", "-x", *workers)
    assert finished.code == 1, finished.output
    assert len(finished.verdicts) == 31
    assert finished.verdicts["test_a"] == "FAIL"
    assert finished.verdicts["test_b[29]"] == "UNKNOWN"
    assert "stopping after 1 failures" in finished.seen["test_b[29]"]


def test_last_failed_plans_what_it_runs(site: Site) -> None:
    """--lf runs what was red, and its plan is just that."""
    site.write("pytest.ini", (site.folder / "pytest.ini").read_text().replace("-p no:cacheprovider", ""))
    site.checks('''
        def test_a(one):
            """It fails."""
            assert one.value == 2
        def test_b(one):
            """It passes."""
            assert one.value == 1
    ''')
    assert site.run("--env", "toy").code == 1
    again = site.run("--env", "toy", "--lf")
    assert (again.code, again.verdicts) == (1, {"test_a": "FAIL"})


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_ctrl_c_leaves_a_verdict_for_every_planned_check(site: Site, workers: list[str]) -> None:
    """Interrupted while a probe hangs, the run exits 2, its ledger is closed, and the checks are UNKNOWN."""
    site.probes('''
        import threading
        @probe(deadline=60)
        def hung() -> Number:
            """It hangs."""
            open("hanging", "w").close()
            threading.Event().wait()
    ''')
    site.checks('''
        def test_waits(hung):
            """It waits."""
            assert hung.value == 1
    ''')
    finished = site.interrupt_when((site.folder / "hanging").exists, "--env", "toy", *workers)
    assert finished.code == 2, finished.output
    assert finished.verdicts == {"test_waits": "UNKNOWN"}
    assert finished.run.close is not None


def test_a_crashed_worker_loses_no_check(site: Site) -> None:
    """A check that kills its worker is UNKNOWN, the others keep their verdicts, the report shows both; exit 10."""
    site.checks('''
        import os
        def test_dies(one):
            """It dies."""
            os._exit(3)
            assert one.value == 1
        def test_a(one):
            """It passes."""
            assert one.value == 1
        def test_b(one):
            """It passes."""
            assert one.value == 1
    ''')
    finished = site.run("--env", "toy", "-n", "2")
    assert finished.verdicts == {"test_dies": "UNKNOWN", "test_a": "PASS", "test_b": "PASS"}
    assert finished.code == 10, finished.output
    assert {result["status"] for result in finished.allure() if "dies" in result["name"]} == {"broken"}


def test_the_plan_is_written_before_the_first_probe_starts(site: Site) -> None:
    """A probe that looks finds the plan in the ledger."""
    site.probes('''
        import glob
        @probe()
        def looks() -> Number:
            """It reads the ledger."""
            return Number(sum('"type":"plan"' in open(f).read() for f in glob.glob("reports/runs/*/ledger.jsonl")))
    ''')
    site.checks('''
        def test_plan_first(looks):
            """The plan is there."""
            assert looks.value == 1
    ''')
    assert site.run("--env", "toy").code == 0
    assert not list(site.folder.glob("reports/runs/*/.probes")), "what a run needs only while it goes on is gone"


def test_a_claim_is_held_by_one_and_freed_by_its_release(tmp_path: Path) -> None:
    """A claim excludes every other holder until it is released."""
    folder = RunFolder(tmp_path / "run")
    first = folder.claim("lag")
    assert first is not None
    assert folder.claim("lag") is None
    first.release()
    second = folder.claim("lag")
    assert second is not None
    second.release()
