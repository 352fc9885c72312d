"""A waiver in force turns a FAIL into WAIVED, in the exit code alone; everything else stays as it was seen."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from apgms_ops.evidence.adjudication import adjudicate
from apgms_ops.evidence.ledger import CLOSE, VERDICT, verify
from tests.clients.conftest import WireServer
from tests.clients.github.test_client import HERE, NOT_FOUND, answer
from tests.clients.github.test_pulls import content, pull, review
from tests.plugin.conftest import Finished, Site

CHECKS = '''
def test_red(one):
    """It is two."""
    assert one.value == 2, "one is 1 (limit 2)"

def test_green(one):
    """It is one."""
    assert one.value == 1
'''
RED = "test_checks.py::test_red"
DAY = timedelta(days=1)


def waive(site: Site, check: str = RED, begins: timedelta = -DAY, ends: timedelta = DAY) -> None:
    """Waive a check, from and until a time from now."""
    now = datetime.now(UTC)
    site.write(
        "environments/waivers.toml",
        f"""
        [[waivers]]
        check = "{check}"
        environments = ["toy"]
        reason = "INC-123: two is on its way"
        owner = "ops"
        approver = "lead"
        issued = {(now + begins).isoformat()}
        expires = {(now + ends).isoformat()}
        link = "https://github.example/apgms/platform/pull/1"
        """,
    )


def run(site: Site, *arguments: str) -> Finished:
    """Run the checks."""
    site.checks(CHECKS)
    return site.run("--env", "toy", *arguments)


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "workers"])
def test_a_waived_fail_is_green_in_the_exit_code_alone(site: Site, workers: list[str]) -> None:
    """Exit 0; terminal, ledger and report show what was seen, until when it is waived, and who answers for it."""
    waive(site)
    finished = run(site, *workers)
    assert finished.code == 0
    assert finished.verdicts == {"test_red": "WAIVED", "test_green": "PASS"}
    assert "WAIVED  It is two. | one is 1 (limit 2)" in finished.output
    assert "INC-123: two is on its way; owner ops, approved by lead (unproven, https://" in finished.output
    assert "green, but for what is WAIVED (exit 0)" in finished.output
    assert "all green" not in finished.output
    entries = verify((finished.run.path / "ledger.jsonl").read_bytes().splitlines())
    verdicts = adjudicate(entries)
    assert verdicts[RED]["raw"] == "FAIL"
    assert verdicts[RED]["waiver"] == entries[0].body["waivers"][0]
    assert entries[-1].body["waivers"] == entries[0].body["waivers"]
    (result,) = [one for one in finished.allure() if one["fullName"].endswith("test_red")]
    assert (result["status"], result["statusDetails"]["message"]) == ("failed", "WAIVED: one is 1 (limit 2)")


@pytest.mark.parametrize(
    ("begins", "ends", "told"),
    [(-2 * DAY, -DAY, "EXPIRED at"), (DAY, 2 * DAY, "not in force before")],
    ids=["expired", "not yet"],
)
def test_a_waiver_out_of_force_excuses_nothing(site: Site, begins: timedelta, ends: timedelta, told: str) -> None:
    """The FAIL stays one, exit 1, and the terminal says what became of the waiver."""
    waive(site, begins=begins, ends=ends)
    finished = run(site)
    assert finished.code == 1
    assert finished.verdicts["test_red"] == "FAIL"
    assert told in finished.output


def test_what_could_not_be_observed_is_not_waived(site: Site) -> None:
    """An UNKNOWN under a waiver stays UNKNOWN: exit 10."""
    waive(site)
    site.checks('def test_red(one):\n    """It is blind."""\n    raise OSError\n    assert one.value\n')
    finished = site.run("--env", "toy")
    assert (finished.code, finished.verdicts["test_red"]) == (10, "UNKNOWN")


def test_a_waiver_that_nothing_needs_is_told(site: Site) -> None:
    """A check that PASSES under a waiver is PASS, and the waiver is to be removed."""
    waive(site, "test_checks.py::test_green")
    finished = run(site, "-k", "green")
    assert (finished.code, finished.verdicts) == (0, {"test_green": "PASS"})
    assert "unused, the check PASSES: test_checks.py::test_green" in finished.output


def test_a_waiver_of_one_check_leaves_another_red(site: Site) -> None:
    """A second FAIL beside the waived one is exit 1."""
    waive(site)
    site.checks(CHECKS.replace("one.value == 1", "one.value == 3"))
    finished = site.run("--env", "toy")
    assert (finished.code, finished.verdicts) == (1, {"test_red": "WAIVED", "test_green": "FAIL"})


def test_something_wrong_beside_a_waived_fail_is_not_green(site: Site) -> None:
    """A module that cannot be collected is not covered by the waiver of another."""
    waive(site)
    site.write("test_broken.py", "import nothing_of_that_name\n")
    finished = run(site, "--continue-on-collection-errors")
    assert finished.code not in (0, 1)


def test_a_malformed_waiver_stops_the_run(site: Site) -> None:
    """Exit 4 before anything is looked at, with file and key."""
    waive(site, ends=200 * DAY)
    finished = run(site)
    assert finished.code == 4
    assert "waivers.toml" in finished.output
    assert "at most 90d after issued" in finished.output


def test_a_replay_waives_what_was_waived_then(site: Site) -> None:
    """The recorded waivers count, by the time of the recorded run, whatever the file says by now."""
    waive(site)
    recorded = run(site).run
    (site.folder / "environments" / "waivers.toml").unlink()
    finished = site.run(f"--replay={recorded.path}")
    assert (finished.code, finished.verdicts["test_red"]) == (0, "WAIVED")
    entries = verify((finished.run.path / "ledger.jsonl").read_bytes().splitlines())
    assert [e.body["verdict"] for e in entries if e.type == VERDICT and e.body["check"] == RED] == ["WAIVED"]
    assert entries[-1].type == CLOSE


def test_a_waiver_that_spells_a_secret_out_is_refused(site: Site) -> None:
    """What a run records must hold no secret of it; the value is not repeated."""
    site.write(
        "environments/toy.toml",
        (site.folder / "environments" / "toy.toml").read_text()
        + '\n[prometheus]\nurl = "http://127.0.0.1:9"\ntoken = "env:TOKEN"\nidentity_label = "cluster"\n',
    )
    waive(site)
    file = site.folder / "environments" / "waivers.toml"
    file.write_text(file.read_text().replace("two is on its way", "hunter2hunter2"))
    site.probes('@probe()\ndef seen(prometheus) -> Number:\n    """It."""\n    return Number(1)\n')
    site.checks('def test_red(seen):\n    """It."""\n    assert seen.value == 1\n')
    finished = site.run("--env", "toy", environ={"TOKEN": "hunter2hunter2"})
    assert finished.code == 4
    assert "a waiver spells a secret out" in finished.output
    assert "hunter2hunter2" not in finished.output


GITHUB = """
[github]
url = "{url}"
owner = "acme"
repository = "platform"
token = "env:TOKEN"
required_checks = ["test"]
required_jobs = ["publish"]
"""


@pytest.fixture
def server() -> Iterator[WireServer]:
    """A wire server for one test."""
    it = WireServer()
    yield it
    it.close()


def approved_site(site: Site, server: WireServer) -> str:
    """Give the site a waiver whose link is a pull request on the server; return the file as it was approved."""
    toy = site.folder / "environments" / "toy.toml"
    toy.write_text(toy.read_text() + GITHUB.format(url=server.url))
    waive(site)
    file = site.folder / "environments" / "waivers.toml"
    link = f"{server.url.replace('http:', 'https:')}/acme/platform/pull/7"
    file.write_text(file.read_text().replace("https://github.example/apgms/platform/pull/1", link))
    return file.read_text()


LISTED = answer([{"filename": "environments/waivers.toml", "status": "modified"}])


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "workers"])
def test_a_proven_approval_is_recorded(site: Site, server: WireServer, workers: list[str]) -> None:
    """The plan and the verdict say proven, and so does the terminal; GitHub is asked once, whatever the workers."""
    approved = approved_site(site, server)
    server.answers(HERE, answer(pull()), answer([review()]), LISTED, answer(content(approved.encode())))
    site.checks(CHECKS)
    finished = site.run("--env", "toy", *workers, environ={"TOKEN": "ghp_0123456789"})
    assert (finished.code, finished.verdicts["test_red"]) == (0, "WAIVED")
    assert "approved by lead (proven, https://" in finished.output
    assert [waiver["approval"] for waiver in finished.run.plan["waivers"]] == ["proven"]
    assert finished.run.verdicts[RED]["waiver"]["approval"] == "proven"
    assert len(server.heads) == 5


def test_a_refused_approval_excuses_nothing(site: Site, server: WireServer) -> None:
    """Where it is known that the approver did not approve it the FAIL stays one; a replay judges the same."""
    approved_site(site, server)
    server.answers(HERE, answer(pull()), answer([review(state="CHANGES_REQUESTED")]), LISTED, answer(content(b"")))
    site.checks(CHECKS)
    finished = site.run("--env", "toy", environ={"TOKEN": "ghp_0123456789"})
    assert (finished.code, finished.verdicts["test_red"]) == (1, "FAIL")
    assert "waiver REFUSED, it excuses nothing" in finished.output
    assert "REFUSED, lead did not approve it" in finished.output
    assert [waiver["approval"] for waiver in finished.run.plan["waivers"]] == ["refused"]
    assert site.run(f"--replay={finished.run.path}").code == 1


def test_what_github_does_not_tell_leaves_a_waiver_in_force(site: Site, server: WireServer) -> None:
    """Without an answer the waiver is unproven, which is told with its cause, and the run goes on."""
    approved_site(site, server)
    server.answers(NOT_FOUND)
    site.checks(CHECKS)
    finished = site.run("--env", "toy", environ={"TOKEN": "ghp_0123456789"})
    assert (finished.code, finished.verdicts["test_red"]) == (0, "WAIVED")
    assert "waiver unproven: test_checks.py::test_red: could not find out: " in finished.output
    assert "approved by lead (unproven, https://" in finished.output


def test_without_waivers_github_is_not_asked(site: Site, server: WireServer) -> None:
    """A run that has nothing to prove makes no call, and one that only collects makes none either."""
    approved_site(site, server)
    site.checks(CHECKS)
    assert site.run("--env", "toy", "--collect-only", environ={"TOKEN": "ghp_0123456789"}).code == 0
    (site.folder / "environments" / "waivers.toml").unlink()
    assert site.run("--env", "toy", environ={"TOKEN": "ghp_0123456789"}).code == 1
    assert server.heads == []
