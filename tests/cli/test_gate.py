"""`apgms-ops gate`: one verdict, from the ledger, and only where the exit of the run agrees with it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.conftest import GREEN, RED, UNKNOWN, GateSite

ABSENT = """
name = "toy"
[services.api-gateway]
deployment = "api-gateway"
replicas = 2
objectives = [{ kind = "availability", target = "99.9%", window = "30d", source = "runbook: Service Overview" }]
[kafka]
absent = "no broker in this estate"
"""
BLIND = '''
def test_reads(lag):
    """It reads."""
    assert lag.value == 1
'''
LAG = '''
@probe()
def lag(kafka) -> Number:
    """It reads Kafka."""
    return Number(kafka.nothing)
'''


def last_line(text: str) -> str:
    """Return what is said last."""
    return text.rstrip().splitlines()[-1]


def test_a_green_release_may_stay(gate_site: GateSite, tmp_path: Path) -> None:
    """All green: exit 0, one run of all three folders, a summary, JUnit, and no advice."""
    done = gate_site.gate("--summary", "s.md", "--junit", "j.xml", "--deadline", "9s")
    assert (done.code, done.err) == (0, "")
    (run,) = gate_site.recorded()
    assert run.plan["release"] == "v1.4.2"
    assert [check["id"].rpartition("/")[0] for check in run.plan["checks"]] == [
        "checks/deployment",
        "smoke",
        "checks/service_levels",
    ]
    assert run.close is not None
    assert last_line(done.out) == "gate: toy v1.4.2: GO (exit 0)"
    summary = (tmp_path / "s.md").read_text()
    assert summary.startswith("## ✅ toy v1.4.2: GO\n\n**3 PASS** (exit 0)\n")
    assert "Roll back" not in summary
    suites = ET.parse(tmp_path / "j.xml").getroot()  # noqa: S314 — our own file
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("3", "0", "0")


def test_a_red_release_is_rolled_back(gate_site: GateSite, tmp_path: Path) -> None:
    """Something FAILED: exit 1, what and why, and what to do."""
    gate_site.folder_of_checks("smoke", RED)
    gate_site.folder_of_checks("checks/deployment", UNKNOWN)
    done = gate_site.gate("--summary", "s.md", "--junit", "j.xml")
    assert done.code == 1
    assert last_line(done.out) == "gate: toy v1.4.2: ROLL BACK (exit 1)"
    assert "- There is no cluster to roll back in (the environment declares none)" in done.out
    assert "one is 1 (limit 2)" in (tmp_path / "s.md").read_text()
    suites = ET.parse(tmp_path / "j.xml").getroot()  # noqa: S314 — our own file
    assert (suites.get("failures"), suites.get("errors")) == ("1", "1")


def test_a_release_over_something_waived_is_no_plain_go(gate_site: GateSite, tmp_path: Path) -> None:
    """A FAIL under a waiver in force is exit 0, and every output says over what; its end makes it a roll back again."""
    gate_site.folder_of_checks("smoke", RED)
    now, day = datetime.now(UTC), timedelta(days=1)
    text = """
        [[waivers]]
        check = "smoke/test_smoke.py::test_sees"
        environments = ["toy"]
        reason = "INC-123: two is on its way"
        owner = "ops"
        approver = "lead"
        issued = {issued}
        expires = {expires}
        link = "https://github.example/apgms/platform/pull/1"
    """
    gate_site.write("environments/waivers.toml", text.format(issued=now - day, expires=now + day))
    done = gate_site.gate("--summary", "s.md")
    assert (done.code, last_line(done.out)) == (0, "gate: toy v1.4.2: GO, over 1 WAIVED (exit 0)")
    assert "gate: WAIVED: It sees two. | FAIL, waived until " in done.out
    assert "two is on its way; owner ops, approved by lead (unproven, https://" in done.out
    assert (tmp_path / "s.md").read_text().startswith("## ⚠️ toy v1.4.2: GO, over 1 WAIVED\n")
    gate_site.write("environments/waivers.toml", text.format(issued=now - 2 * day, expires=now - day))
    assert gate_site.gate().code == 1


def test_what_could_not_be_observed_is_neither(gate_site: GateSite) -> None:
    """Nothing FAILED and something is UNKNOWN: exit 10, and the doctor is named."""
    gate_site.folder_of_checks("smoke", UNKNOWN)
    done = gate_site.gate()
    assert done.code == 10
    assert "apgms-ops doctor --env toy" in done.out
    assert "rollout undo" not in done.out


def test_a_run_of_nothing_but_absent_targets_is_not_green(gate_site: GateSite) -> None:
    """Every check SKIPPED: nothing was seen, so exit 10."""
    gate_site.write("environments/toy.toml", ABSENT)
    gate_site.probes(LAG)
    for folder in ("checks/deployment", "smoke", "checks/service_levels"):
        gate_site.folder_of_checks(folder, BLIND)
    done = gate_site.gate("--junit", "j.xml")
    assert done.code == 10
    assert "COULD NOT TELL | 3 SKIPPED |" in done.out
    assert ET.parse(gate_site.folder / "j.xml").getroot().get("errors") == "1"  # noqa: S314 — our own file


@pytest.mark.parametrize("way", ["os._exit(0)", "os.kill(os.getpid(), 9)"], ids=["exit 0", "killed"])
def test_a_run_that_did_not_close_its_ledger_is_not_green(gate_site: GateSite, way: str) -> None:
    """A process that ends in the middle, with exit 0 or by a signal, could not tell, and says why."""
    ending = f'def test_ends(one):\n    """It ends."""\n    import os\n    {way}\n    assert one.value == 1\n'
    gate_site.folder_of_checks("smoke", GREEN + ending)
    done = gate_site.gate("--summary", "s.md", "--junit", "j.xml")
    assert done.code == 10
    assert "without having closed its ledger: what it saw is not the whole of it" in done.out
    assert "without having closed its ledger" in (gate_site.folder / "s.md").read_text()
    cases = ET.parse(gate_site.folder / "j.xml").getroot().iter("testcase")  # noqa: S314 — our own file
    assert all(case.find("error") is not None for case in cases)


@pytest.mark.parametrize("wanted", [0, 1, 10])
def test_an_exit_that_the_ledger_contradicts_is_not_believed(gate_site: GateSite, wanted: int) -> None:
    """Whatever a process says at its end, where the verdicts of its ledger say otherwise nothing could be told."""
    gate_site.folder_of_checks("smoke", RED if wanted != 1 else GREEN)
    gate_site.write("conftest.py", (gate_site.folder / "conftest.py").read_text() + LYING.format(wanted))
    done = gate_site.gate()
    assert done.code == 10
    assert f"the run ended with exit {wanted}, and its ledger was closed with {0 if wanted == 1 else 1}" in done.out


LYING = """
import atexit, os, sys
def pytest_unconfigure(config):
    sys.stdout.flush()
    atexit.register(os._exit, {})
"""


def test_what_is_deselected_is_not_let_through(gate_site: GateSite) -> None:
    """A folder of which no check was planned makes it exit 10; $PYTEST_ADDOPTS is not handed on."""
    assert gate_site.gate(environ={"PYTEST_ADDOPTS": "-k nothing"}).code == 0
    gate_site.write("pytest.ini", (gate_site.folder / "pytest.ini").read_text().replace("-p no", "-k levels -p no"))
    done = gate_site.gate()
    assert done.code == 10
    assert "no check of smoke was planned" in done.out


def test_pytests_own_exits_are_kept(gate_site: GateSite) -> None:
    """A misspelt fixture is exit 4, as pytest has it, and is no verdict."""
    gate_site.folder_of_checks("smoke", GREEN.replace("(one)", "(two)"))
    done = gate_site.gate()
    assert done.code == 4
    assert last_line(done.out) == "gate: toy v1.4.2: NO DECISION (exit 4) (exit 4)"


@pytest.mark.parametrize("tag", ["1.4.2", "v1.4", "v1.4.2-rc1", "v01.4.2", "v1.4.2\n", "latest", "v1.٤.2", "-x"])
def test_a_release_is_named_by_its_tag(gate_site: GateSite, tag: str) -> None:
    """Anything but vMAJOR.MINOR.PATCH is exit 4, before anything is started."""
    done = gate_site.gate(f"--release={tag}")
    assert done.code == 4
    assert "expected vMAJOR.MINOR.PATCH, such as v1.4.2" in done.err
    assert not (gate_site.folder / "reports").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--env", "prod"], "there are toy"),
        (["--deadline", "9"], "--deadline: expected"),
        (["--soak", "soon"], "--soak: expected"),
        (["--every", "5s"], "say --soak as well"),
        (["--summary", "nowhere/s.md"], "--summary nowhere/s.md cannot be written"),
        (["--junit", "."], "--junit . cannot be written"),
        (["--env", "sandbox"], "the sandbox does not run: `apgms-ops sandbox up`"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_done_is_said_before_anything_starts(gate_site: GateSite, options: list[str], said: str) -> None:
    """A name, a duration or a file that cannot be used is exit 4 with one line, and no run."""
    if "sandbox" in options:
        gate_site.write("environments/sandbox.toml", ABSENT.replace("toy", "sandbox"))
    done = gate_site.gate(*options, environ={"APGMS_SANDBOX": str(gate_site.folder / "none")})
    assert (done.code, done.err.count("\n")) == (4, 1)
    assert said in done.err
    assert not (gate_site.folder / "reports").exists()


def test_a_folder_that_is_not_there_is_named(gate_site: GateSite) -> None:
    """A checkout without smoke tests is not let through without them."""
    (gate_site.folder / "smoke").rename(gate_site.folder / "elsewhere")
    done = gate_site.gate()
    assert done.code == 4
    assert "there is no folder smoke in " in done.err
