"""The waivers of a site: over, astray, or in order. And the faults that make them so."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load
from apgms_ops.errors import EnvironmentInvalid, Unobserved
from apgms_ops.evidence.site import Site
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.site_waivers import SiteWaivers, waivers_in_force
from apgms_ops.sandbox.faults import compliance_tools as tools
from apgms_ops.sandbox.faults.compliance_waivers import FAULTS
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.world import World

ROOT = Path(__file__).parents[2]
SANDBOX = load(ROOT / "environments" / "sandbox.toml")
LAG = "checks/daily/test_consumer_lag.py::test_every_consumer_group_keeps_up"
ROLLED_OUT = "checks/deployment/test_rollout.py::test_the_deployment_is_rolled_out"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
WAIVER = """
[[waivers]]
check = "{check}"
environments = [{environments}]
reason = "INC-123"
owner = "ops"
approver = "lead"
issued = {issued}
expires = {expires}
link = "https://github.com/apgms/platform/pull/123"
"""


def waiver(check: str = LAG, environments: str = '"sandbox"', begins: timedelta = -DAY, ends: timedelta = DAY) -> str:
    """Return an entry of the file."""
    times = {"issued": (NOW + begins).isoformat(), "expires": (NOW + ends).isoformat()}
    return WAIVER.format(check=check, environments=environments, **times)


def seen(folder: Path, *waivers: str, planned: dict[str, str | None] | None = None) -> SiteWaivers:
    """Return what the probe sees of our own checks, with these waivers beside an environment file."""
    (folder / "waivers.toml").write_text("".join(waivers), encoding="utf-8")
    (folder / "sandbox.toml").touch()
    site = Site(ROOT, folder, (folder,), planned or {})
    facts: SiteWaivers = waivers_in_force.function(environment=SANDBOX, site=site)
    return facts


def wrong(facts: SiteWaivers) -> tuple[int, int, int]:
    """Return how many findings there are of each kind."""
    return len(facts.expired()), len(facts.astray()), len(facts.nowhere())


def test_a_waiver_in_force_or_to_come_is_in_order(tmp_path: Path) -> None:
    """What excuses a check that there is, now or from tomorrow, is no finding, whatever this run selected."""
    facts = seen(tmp_path, waiver(), waiver(begins=2 * DAY, ends=3 * DAY), waiver(f"{ROLLED_OUT}[payments]"))
    assert wrong(facts) == (0, 0, 0)
    assert len(facts.waivers) == 3
    codec = FactsCodec(waivers_in_force)
    assert codec.decode(codec.encode(facts, str)) == facts


def test_an_expired_waiver_is_named_with_its_owner(tmp_path: Path) -> None:
    """From the moment on at which it is over."""
    facts = seen(tmp_path, waiver(ends=timedelta()))
    assert wrong(facts) == (1, 0, 0)
    assert "(owner ops) expired at" in facts.expired()[0]


def test_what_is_of_another_environment_is_its_business(tmp_path: Path) -> None:
    """An expired waiver of staging is red in staging's runs."""
    (tmp_path / "staging.toml").touch()
    assert wrong(seen(tmp_path, waiver("gone.py::test_x", '"staging"', ends=timedelta()))) == (0, 0, 0)


def test_an_environment_that_there_is_not_is_everybodys_business(tmp_path: Path) -> None:
    """No run is of an environment that there is not, so each of the others tells; a file of waivers is none."""
    facts = seen(tmp_path, waiver(environments='"stagign", "waivers"'))
    assert wrong(facts) == (0, 0, 2)
    assert "is for stagign, and there is no such environment" in facts.nowhere()[0]


@pytest.mark.parametrize(
    ("check", "planned", "said"),
    [
        (f"{LAG}_again", {}, "there is no such check"),
        ("checks/daily/test_gone.py::test_gone[audit]", {}, "there is no such check"),
        (ROLLED_OUT, {}, "say of which: [api-gateway], [audit]"),
        (f"{ROLLED_OUT}[ledger]", {}, "judged for api-gateway, audit"),
        (f"{LAG}[audit]", {LAG: None}, "has no parameters"),
    ],
)
def test_a_waiver_that_excuses_nothing_is_told(
    tmp_path: Path, check: str, planned: dict[str, str | None], said: str
) -> None:
    """A waiver counts for exactly the id that it names: of another file, of no service or of another it does not."""
    facts = seen(tmp_path, waiver(check), planned=planned)
    assert wrong(facts) == (0, 1, 0)
    assert said in facts.astray()[0]


def test_a_check_that_only_the_plan_knows_is_there(tmp_path: Path) -> None:
    """A check that a file makes when it is imported stands in no line of it."""
    assert wrong(seen(tmp_path, waiver("made.py::test_x"), planned={"made.py::test_x": "absent"})) == (0, 0, 0)
    assert wrong(seen(tmp_path, waiver("made.py::test_x[1]"), planned={"made.py::test_x[2]": None})) == (0, 0, 0)


def test_what_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    """Neither a malformed file nor a run without surroundings is a site without waivers."""
    with pytest.raises(EnvironmentInvalid):
        seen(tmp_path, "[[waivers]]\n")
    with pytest.raises(Unobserved, match="no folder"):
        waivers_in_force.function(environment=SANDBOX, site=Site())


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.id for fault in FAULTS])
def test_a_fault_is_noticed_by_its_check_alone_and_heals(tmp_path: Path, fault: type[Fault]) -> None:
    """In the sandbox's own folder: none of its waivers is wrong, then one in one way, then none."""
    world = World(tmp_path / "sandbox", cache=tmp_path / "cache")
    world.set("kept", "yes")
    site = Site(ROOT, tmp_path, (ROOT / "environments", world.root), {})

    def found() -> dict[str, bool]:
        facts: SiteWaivers = waivers_in_force.function(environment=SANDBOX, site=site)
        return {
            tools.NO_WAIVER_EXPIRED: bool(facts.expired()),
            tools.WAIVERS_NAME_CHECKS: bool(facts.astray()),
            tools.WAIVERS_NAME_ENVIRONMENTS: bool(facts.nowhere()),
        }

    before = sorted(world.root.iterdir())
    assert not any(found().values())
    memo = fault().break_(world, Deadline(5))
    assert {check for check, red in found().items() if red} == set(fault.expected)
    for _ in range(2):
        fault().heal(world, memo, Deadline(5))
    assert not any(found().values())
    assert sorted(world.root.iterdir()) == before
