"""What evidences the controls, how old that is, and the faults that take it away."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.compliance.supplied import register
from apgms_ops.deadline import Deadline
from apgms_ops.environment.evidence import Evidence
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Environment
from apgms_ops.environment.types import Limit
from apgms_ops.errors import Unobserved
from apgms_ops.evidence.site import Site
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.control_facts import ControlStandings
from apgms_ops.probes.control_standings import control_standings
from apgms_ops.sandbox.faults import compliance_tools as tools
from apgms_ops.sandbox.faults.compliance_controls import FAULTS
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.timestamps import SINCE
from apgms_ops.sandbox.world import World
from tests.reports.recorded import write_run

ROOT = Path(__file__).parents[2]
SANDBOX = load(ROOT / "environments" / "sandbox.toml")
DAY = timedelta(days=1)
NOW = datetime.now(UTC)
CHECKS = '''
import pytest
pytestmark = [pytest.mark.runbook("daily-checks", 3), pytest.mark.control("audit-logging")]

def test_logs(one):
    """They are kept."""

def test_rollout(two, service):
    """It is rolled out."""
'''
LOGS, ROLLOUT = "checks/test_a.py::test_logs", "checks/test_a.py::test_rollout"
SERVICES = tuple(SANDBOX.services)
EACH = (LOGS, *(f"{ROLLOUT}[{service}]" for service in SERVICES))


def declared(fresh: timedelta | None = 7 * DAY, since: datetime | None = None) -> Environment:
    """Return the sandbox with other rules of evidence."""
    limit = None if fresh is None else Limit[timedelta](value=fresh, source="decision: a test")
    return SANDBOX.model_copy(update={"evidence": Evidence(fresh=limit, since=since)})


class Surroundings:
    """A site with two checks of one control, a folder of runs and one of environments."""

    def __init__(self, root: Path) -> None:
        """Make it, without a run."""
        self.root, self.runs, self.environments = root, root / "runs", root / "environments"
        for folder in (self.runs, self.environments, root / "checks"):
            folder.mkdir()
        (root / "checks" / "test_a.py").write_text(CHECKS, encoding="utf-8")

    def run(self, age: timedelta, ids: tuple[str, ...] = EACH, **verdicts: str) -> None:
        """Add a run in which these checks PASSED, but for what is named by a word of its id."""
        plan = [{"id": name, "promise": "It.", "runbook": ["daily-checks", 3], "step_title": ""} for name in ids]
        rest: dict[str, Any] = {"probes": [], "clients": [], "service": None, "absent": None, "controls": []}
        given = {n: verdict for n, name in enumerate(ids) for word, verdict in verdicts.items() if word in name}
        write_run(self.runs, NOW - age, name="sandbox", checks=[one | rest for one in plan], verdicts=given)

    def seen(
        self,
        environment: Environment,
        planned: dict[str, str | None] | None = None,
        *,
        read_only: bool = False,
    ) -> ControlStandings:
        """Return what the probe sees."""
        site = Site(self.root, self.runs, (self.environments,), planned or {})
        facts: ControlStandings = control_standings.function(environment=environment, site=site, read_only=read_only)
        return facts

    def gaps(
        self,
        environment: Environment,
        planned: dict[str, str | None] | None = None,
        *,
        read_only: bool = False,
    ) -> list[str]:
        """Return the gaps of the one control that has checks."""
        found = self.seen(environment, planned, read_only=read_only).without_fresh_evidence(environment)
        return [text.removeprefix("audit-logging: ") for text in found if text.startswith("audit-logging")]


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    """A site without a run."""
    return Surroundings(tmp_path)


def test_what_was_judged_lately_is_fresh(around: Surroundings) -> None:
    """PASS, FAIL and WAIVED were looked at; which is which, their own runs say. The facts survive their recording."""
    around.run(DAY, logs="FAIL", audit="WAIVED")
    facts = around.seen(declared())
    assert around.gaps(declared()) == []
    codec = FactsCodec(control_standings)
    assert codec.decode(codec.encode(facts, str)) == facts


@pytest.mark.parametrize("planned", [{}, dict.fromkeys(EACH)], ids=["not in this run", "in this run"])
def test_without_runs_everything_is_missing_at_once(around: Surroundings, planned: dict[str, str | None]) -> None:
    """A site that says not from when on evidence is asked for is asked at once, and this run is no evidence yet."""
    assert around.gaps(declared(), planned) == [f"not judged by any run of the last 7d: {LOGS}, and 1 more"]
    assert len(around.seen(declared()).without_fresh_evidence(declared())) == 12


def test_what_is_old_is_stale_in_this_run_as_well(around: Surroundings) -> None:
    """Evidence that is too old is missed, also by the run that is about to renew it."""
    around.run(8 * DAY)
    assert len(around.gaps(declared(), dict.fromkeys(EACH))) == 1


def test_a_new_site_is_given_time_and_no_more(around: Surroundings) -> None:
    """As long as evidence may be old; then it is asked for, and a date ahead is no way out."""
    assert around.gaps(declared(since=NOW - 6 * DAY)) == []
    assert len(around.gaps(declared(since=NOW - 8 * DAY))) == 1
    with pytest.raises(Unobserved, match="lies ahead"):
        around.gaps(declared(since=NOW + DAY))


def test_who_does_not_say_how_old_evidence_may_be_is_told_nothing(around: Surroundings) -> None:
    """Without a limit nothing is green."""
    around.run(DAY)
    for environment in (declared(fresh=None), SANDBOX.model_copy(update={"evidence": None})):
        with pytest.raises(Unobserved, match=r"evidence\.fresh is not declared"):
            around.gaps(environment)


def test_what_could_not_be_observed_evidences_nothing(around: Surroundings) -> None:
    """A check that has come to UNKNOWN for longer than evidence may be old is missed, though every run tried."""
    around.run(8 * DAY)
    around.run(DAY, logs="UNKNOWN")
    assert around.gaps(declared(), dict.fromkeys(EACH)) == [f"not judged by any run of the last 7d: {LOGS}"]
    around.run(2 * DAY)
    assert around.gaps(declared()) == []


def test_a_service_that_nobody_looked_at_is_not_hidden_by_the_others(around: Surroundings) -> None:
    """A check that is judged once a service is as fresh as the service that was judged the longest ago."""
    around.run(8 * DAY)
    around.run(DAY, EACH[:-1])
    assert around.gaps(declared()) == [f"not judged by any run of the last 7d: {ROLLOUT}"]


def test_a_check_that_was_added_is_not_missed_by_its_first_run(around: Surroundings) -> None:
    """Nor is a service that was added. By a run that does not judge it, and by the next one, it is."""
    around.run(DAY, EACH[1:-1])
    assert around.gaps(declared(), dict.fromkeys(EACH)) == []
    assert len(around.gaps(declared(), {EACH[1]: None})) == 1
    around.run(DAY / 2, logs="UNKNOWN")
    assert around.gaps(declared(), dict.fromkeys(EACH)) == [f"not judged by any run of the last 7d: {LOGS}"]


def test_what_is_absent_is_no_gap_beside_what_is_there(around: Surroundings) -> None:
    """A check whose target is declared absent is not asked for; a control that has no other has no evidence."""
    around.run(DAY, EACH[1:])
    assert around.gaps(declared(), {LOGS: "[kafka] is absent: none"}) == []
    around.run(DAY / 2, logs="SKIPPED", rollout="SKIPPED")
    assert around.gaps(declared()) == ["what its checks look at is declared absent, and no document is registered"]


def test_what_a_run_leaves_out_is_not_absent(around: Surroundings) -> None:
    """A run with --read-only excuses nothing that it leaves out."""
    around.run(DAY, EACH[1:])
    assert len(around.gaps(declared(), {LOGS: "--read-only: it writes"}, read_only=True)) == 1


def test_a_shorter_limit_than_was_looked_back_is_judged_and_a_longer_one_is_not(around: Surroundings) -> None:
    """A replay with other limits judges what was seen, and nothing that was not looked for."""
    around.run(DAY)
    facts = around.seen(declared())
    assert len(facts.without_fresh_evidence(declared(fresh=DAY / 2))) == 12
    with pytest.raises(Unobserved, match="as far back"):
        facts.without_fresh_evidence(declared(fresh=8 * DAY))
    with pytest.raises(Unobserved, match="as far back"):
        around.seen(declared(since=NOW)).without_fresh_evidence(declared())


def test_a_document_stands_for_a_control_and_is_watched(around: Surroundings) -> None:
    """Registered, it closes the gap; changed or expired, it is a finding; renewed under its title, it is none."""
    environment, policy = declared(), around.root / "policy.txt"
    policy.write_text("Everybody is screened.", encoding="utf-8")
    told = {"control": "personnel-security", "title": "Screening", "owner": "people team"}
    register(around.environments, policy, told, NOW, NOW + DAY)
    facts = around.seen(environment)
    assert not any("personnel-security" in text for text in facts.without_fresh_evidence(environment))
    assert facts.invalid_documents() == ()
    policy.write_text("Nobody is.", encoding="utf-8")
    (found,) = around.seen(environment).invalid_documents()
    assert found.startswith("personnel-security: Screening (owner people team): ../policy.txt is not the file")
    register(around.environments, policy, told, NOW, NOW + DAY)
    assert around.seen(environment).invalid_documents() == ()


def test_a_run_without_surroundings_is_unknown() -> None:
    """A probe that does not know where it is has seen no control."""
    with pytest.raises(Unobserved, match="no surroundings"):
        control_standings.function(environment=declared(), site=Site(), read_only=False)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.id for fault in FAULTS])
def test_a_fault_is_noticed_by_its_check_alone_and_heals(tmp_path: Path, fault: type[Fault]) -> None:
    """On our own checks, as the sandbox has itself filled in: green, red in one way, green."""
    world = World(tmp_path / "sandbox", cache=tmp_path / "cache")
    world.set(SINCE, NOW.isoformat(timespec="seconds"))
    world.folder("timestamps")
    site = Site(ROOT, tmp_path / "runs", (ROOT / "environments", world.root), {})

    def found() -> dict[str, bool]:
        environment = load(ROOT / "environments" / "sandbox.toml", world.values())
        facts: ControlStandings = control_standings.function(environment=environment, site=site, read_only=False)
        return {
            tools.CONTROLS_EVIDENCED: bool(facts.without_fresh_evidence(environment)),
            tools.DOCUMENTS_HOLD: bool(facts.invalid_documents()),
        }

    files, values = sorted(world.root.rglob("*")), world.values()
    assert not any(found().values())
    memo = fault().break_(world, Deadline(5))
    assert {check for check, red in found().items() if red} == set(fault.expected)
    for _ in range(2):
        fault().heal(world, memo, Deadline(5))
    assert not any(found().values())
    assert (sorted(world.root.rglob("*")), world.values()) == (files, values)


def test_evidence_of_all_that_checks_can_give_leaves_what_people_owe(tmp_path: Path) -> None:
    """With every check of ours judged a moment ago, the fault still shows: policies are not checks."""
    environment = declared(since=datetime(2001, 1, 1, tzinfo=UTC))
    site = Site(ROOT, tmp_path, (ROOT / "environments",), {})
    facts: ControlStandings = control_standings.function(environment=environment, site=site, read_only=False)
    fresh = tuple(
        dataclasses.replace(
            one, checks=tuple(dataclasses.replace(check, at=facts.at, verdict="PASS") for check in one.checks)
        )
        for one in facts.controls
    )
    found = dataclasses.replace(facts, controls=fresh).without_fresh_evidence(environment)
    assert "personnel-security: no document is registered, and no check can evidence it" in found
    assert not any("not judged" in text for text in found)
