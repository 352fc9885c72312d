"""Judging what was recorded, without looking anew."""

import json

import pytest

from tests.plugin.conftest import Site

PROBES = '''
@probe()
def reading() -> Number:
    """It reads a file that the test changes."""
    return Number(int(open("value").read()))

@probe()
def refused() -> Number:
    """It is always refused."""
    raise PermissionError("403")
'''
CHECKS = '''
def test_is_small(reading):
    """It is small."""
    assert reading.value < 5
def test_is_tiny(reading):
    """It is tiny."""
    assert reading.value < 2
def test_is_seen(refused):
    """It is seen."""
    assert refused.value == 1
'''


@pytest.fixture
def recorded(site: Site) -> Site:
    """A site with one recorded run, and an estate that has changed since."""
    site.probes(PROBES)
    site.checks(CHECKS)
    site.write("value", "3")
    assert site.run("--env", "toy").verdicts == {
        "test_is_small": "PASS",
        "test_is_tiny": "FAIL",
        "test_is_seen": "UNKNOWN",
    }
    site.write("value", "9")
    return site


def _only_run(site: Site) -> str:
    return min(path.name for path in (site.folder / "reports" / "runs").iterdir())


@pytest.mark.parametrize("arguments", [[], ["-n", "2"], ["--env", "toy"]], ids=["recorded", "workers", "named"])
def test_a_replay_gives_the_same_verdicts_though_the_estate_has_changed(recorded: Site, arguments: list[str]) -> None:
    """--replay judges the recorded observations: same verdicts, same words, same exit code."""
    run = _only_run(recorded)
    finished = recorded.run("--replay", run, *arguments)
    assert finished.verdicts == {"test_is_small": "PASS", "test_is_tiny": "FAIL", "test_is_seen": "UNKNOWN"}
    assert finished.code == 1
    assert finished.run.plan["replay_of"] == run
    assert "403" in finished.seen["test_is_seen"]


def test_a_replay_is_not_the_run_before(recorded: Site) -> None:
    """What changed is told against the last real run, not against a replay of one."""
    run = _only_run(recorded)
    recorded.run("--replay", run)
    finished = recorded.run("--env", "toy")
    assert f"since {run}" in finished.output
    assert "PASS → FAIL  test_checks.py::test_is_small" in finished.output


def test_a_check_whose_probe_was_not_recorded_is_unknown(recorded: Site) -> None:
    """A probe that is newer than the recorded run has no observation there: UNKNOWN, and not made."""
    recorded.probes(PROBES + '\n@probe()\ndef newer() -> Number:\n    """New."""\n    return Number(1)\n')
    recorded.checks(CHECKS + 'def test_newer(newer):\n    """New."""\n    assert newer.value == 1\n')
    finished = recorded.run("--replay", _only_run(recorded))
    assert finished.verdicts["test_newer"] == "UNKNOWN"
    assert "holds no observation of this probe" in finished.seen["test_newer"]


def test_altered_evidence_is_not_judged(recorded: Site) -> None:
    """An altered observation makes its checks UNKNOWN; an altered ledger or environment exits 4."""
    folder = recorded.folder / "reports" / "runs" / _only_run(recorded)
    for file in (folder / "observations").glob("*.json"):
        file.write_text(file.read_text().replace('"value":3', '"value":1'))
    finished = recorded.run("--replay", folder.name)
    assert finished.verdicts["test_is_tiny"] == "UNKNOWN"
    assert "was altered" in finished.seen["test_is_tiny"]

    environment = folder / "environment.json"
    good = environment.read_text()
    environment.write_text(json.dumps(json.loads(good) | {"name": "production"}))
    finished = recorded.run("--replay", folder.name)
    assert finished.code == 4
    assert "was altered" in finished.output
    environment.write_text(good)

    ledger = folder / "ledger.jsonl"
    ledger.write_text(ledger.read_text().replace('"FAIL"', '"PASS"'))
    finished = recorded.run("--replay", folder.name)
    assert finished.code == 4
    assert "its hash does not match its content" in finished.output


def test_a_run_that_does_not_exist_is_refused(site: Site) -> None:
    """--replay with an unknown run exits 4 and says where it was looked for."""
    site.checks('def test_a(one):\n    """A."""\n    assert one\n')
    finished = site.run("--replay", "20200101T000000Z-toy-000000")
    assert finished.code == 4
    assert "no run of that name" in finished.output


def test_facts_of_another_structure_are_not_judged(recorded: Site) -> None:
    """A field that today's facts have and the recorded ones lack is not filled with its default: UNKNOWN."""
    conftest = recorded.folder / "conftest.py"
    conftest.write_text(
        conftest.read_text().replace("    value: int\n", "    value: int\n    broken: tuple[str, ...] = ()\n")
    )
    recorded.checks(CHECKS + 'def test_nothing_broken(reading):\n    """Nothing."""\n    assert not reading.broken\n')
    finished = recorded.run("--replay", _only_run(recorded))
    assert finished.verdicts["test_nothing_broken"] == "UNKNOWN"
    assert "recorded as Number@" in finished.seen["test_nothing_broken"]
