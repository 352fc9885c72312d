"""What a run tells its probes of its surroundings: the checks of the compliance section, on sites that tests write."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.plugin.conftest import ENVIRONMENT, Site

CHECKS = Path(__file__).parents[2] / "checks" / "compliance"
EVIDENCE = """
[evidence]
fresh = {{ value = "1d", source = "decision: a test" }}
since = {since}
"""
WAIVER = """
[[waivers]]
check = "{check}"
environments = ["toy"]
reason = "INC-123"
owner = "ops"
approver = "lead"
issued = 2026-01-01T00:00:00Z
expires = {expires}
link = "https://github.com/apgms/platform/pull/123"
"""
FRESH, HELD = "test_every_control_has_fresh_evidence", "test_every_document_holds"
EXPIRED, NAMED = "test_no_waiver_has_expired", "test_every_waiver_names_a_check"


def settled(site: Site, *, since: datetime, waivers: str = 'longest = "365d"\n') -> None:
    """Give a site those checks of our own compliance section that ask no system, and rules of evidence."""
    others = shutil.ignore_patterns("__pycache__", "test_retention.py", "test_evidence_index.py")
    shutil.copytree(CHECKS, site.folder / "checks" / "compliance", ignore=others)
    site.write("environments/toy.toml", ENVIRONMENT + EVIDENCE.format(since=since.isoformat(timespec="seconds")))
    site.write("environments/waivers.toml", waivers)


def test_a_new_site_is_green_and_an_old_one_without_evidence_is_not(site: Site) -> None:
    """Each is told so by runs of its own, of which the second changes nothing: policies are still to be supplied."""
    settled(site, since=datetime.now(UTC))
    first = site.run("checks", "--env", "toy")
    assert (first.code, set(first.verdicts.values())) == (0, {"PASS"}), first.output
    site.write("environments/toy.toml", ENVIRONMENT + EVIDENCE.format(since="2026-01-01T00:00:00Z"))
    for _ in range(2):
        old = site.run("checks", "--env", "toy")
        assert (old.code, old.verdicts[FRESH], old.verdicts[HELD]) == (1, "FAIL", "PASS")
        assert "personnel-security: no document is registered" in old.seen[FRESH]


def test_a_waiver_of_a_check_that_was_not_selected_is_no_finding(site: Site) -> None:
    """Which checks there are does not depend on which of them this run judges; under workers neither."""
    now = datetime.now(UTC)
    ends = (now + timedelta(days=1)).isoformat(timespec="seconds")
    known = WAIVER.format(check=f"checks/compliance/test_controls.py::{FRESH}", expires=ends)
    settled(site, since=now, waivers='longest = "365d"\n' + known)
    for more in ((), ("-n", "2")):
        seen = site.run("checks", "--env", "toy", "-k", "waiver", *more)
        assert (seen.code, seen.verdicts[NAMED]) == (0, "PASS"), seen.output
    over = WAIVER.format(check="checks/test_gone.py::test_it", expires=(now - timedelta(days=1)).isoformat())
    site.write("environments/waivers.toml", 'longest = "365d"\n' + over)
    seen = site.run("checks", "--env", "toy", "-k", "waiver")
    assert (seen.code, seen.verdicts[NAMED], seen.verdicts[EXPIRED]) == (1, "FAIL", "FAIL")


def test_a_replay_judges_what_was_seen_then(site: Site) -> None:
    """The site may look different by now: the recorded waivers are judged by the recorded time."""
    settled(site, since=datetime.now(UTC))
    first = site.run("checks", "--env", "toy")
    ends = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")
    site.write("environments/waivers.toml", 'longest = "365d"\n' + WAIVER.format(check="gone", expires=ends))
    again = site.run("checks", "--replay", first.run.path.name)
    assert (again.code, again.verdicts) == (0, first.verdicts)
