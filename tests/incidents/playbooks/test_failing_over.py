"""`apgms-ops incident mitigate failover-database`, on a real primary with a real replica, by a real Terraform."""

from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.postgres.component import REPLICA, await_replica, connection
from tests.incidents.playbooks.conftest import MAIN, Site

pytestmark = pytest.mark.sandbox


def primaries(site: Site) -> list[str]:
    """Return which of the two servers are primaries now."""
    found = []
    for process in ("primary", REPLICA):
        if not site.world.alive("postgres", process=process):
            continue
        with connection(site.world, Deadline(20), process=process) as server:
            row = server.execute("SELECT pg_is_in_recovery()").fetchone()
        if row == (False,):
            found.append(process)
    return found


def untouched(site: Site) -> None:
    """See that nothing was done: one primary as before, no state, no record."""
    assert primaries(site) == ["primary"]
    assert site.state() == ""
    assert site.outcomes() == []


def configured(site: Site, old: str, new: str) -> None:
    """Change the configuration."""
    assert old in MAIN
    (site.terraform / "main.tf").write_text(MAIN.replace(old, new), encoding="utf-8")


def test_a_failover_ends_with_one_primary_that_has_what_was_committed(own: Site) -> None:
    """The promoted server alone takes writes, at the services' address, holds the row of before, and it is recorded."""
    with connection(own.world, Deadline(20)) as server:
        server.execute("CREATE TABLE kept (n int)")
        server.execute("INSERT INTO kept VALUES (42)")
    code, said = own.run("--yes")
    assert code == 0, said
    assert primaries(own) == [REPLICA]
    with connection(own.world, Deadline(20), process=REPLICA) as server:
        assert server.execute("SELECT n FROM kept").fetchone() == (42,)
    replica = Path(own.world.get("postgres.replica_dsn_file")).read_text(encoding="utf-8")
    assert (own.folder / "services.dsn").read_text(encoding="utf-8") == replica
    assert any('"done"' in outcome for outcome in own.outcomes())
    password = replica.rpartition("password=")[2].strip()
    assert password not in said
    assert not [outcome for outcome in own.outcomes() if password in outcome]
    # A second time there is no replica to promote, and it says so.
    code, said = own.run("--yes")
    assert (code, "promoted already" in said) == (1, True), said


def test_a_dry_run_stops_after_the_plan(site: Site) -> None:
    """With --dry-run the plan is shown, and nothing is done or recorded."""
    code, said = site.run("--dry-run")
    assert (code, "create terraform_data.promote" in said, "nothing was done" in said) == (0, True, True), said
    untouched(site)


def test_without_agreement_nothing_is_done(site: Site) -> None:
    """Where nobody can be asked and --yes is not said, nothing is done."""
    code, said = site.run()
    assert (code, "nobody is there to ask" in said) == (4, True), said
    untouched(site)


def test_who_says_no_is_heard(site: Site) -> None:
    """Where the answer is not yes, nothing is done."""
    code, said = site.answered("no")
    assert (code, "not agreed; nothing was done" in said) == (4, True), said
    untouched(site)


def test_a_target_that_is_not_there_is_refused(site: Site) -> None:
    """I4.1: a target of which the configuration knows nothing is refused, though Terraform ends with 0."""
    site.settings["targets"] = '["terraform_data.promoted"]'
    code, said = site.run("--yes")
    assert (code, "changes nothing" in said, "has no terraform_data.promoted" in said) == (1, True, True), said
    untouched(site)


def test_one_mistyped_target_among_good_ones_is_refused(site: Site) -> None:
    """I4.1: a plan that leaves out one of its targets is refused, though it changes something."""
    site.settings["targets"] = '["terraform_data.fence", "terraform_data.promoted"]'
    code, said = site.run("--yes")
    assert (code, "has no terraform_data.promoted" in said) == (1, True), said
    untouched(site)


def test_a_plan_that_touches_more_than_its_targets_is_refused(site: Site) -> None:
    """What a target depends on is planned with it, and is refused where it is no target itself."""
    site.settings["targets"] = '["terraform_data.promote"]'
    code, said = site.run("--yes")
    assert (code, "touches terraform_data.fence" in said) == (1, True), said
    untouched(site)


def test_a_plan_that_destroys_is_refused(own: Site) -> None:
    """I4.2: a plan that would replace a target that is not declared replaceable is refused, and nothing runs."""
    for name in ("fence", "promote", "address"):
        own.script(name, "true")
    own.run("--yes")
    before = own.state()
    assert "terraform_data" in before
    configured(own, "input = { region = var.region }", "input = { region = var.region }\n  triggers_replace = 2")
    code, said = own.run("--yes")
    assert (code, "not declared replaceable" in said) == (1, True), said
    assert own.state() == before
    assert primaries(own) == ["primary"]


def test_a_replica_too_far_behind_is_refused(own: Site) -> None:
    """I4.3: a replica that is further behind than the recovery point allows is not promoted."""
    own.settings["rpo"] = "1s"
    with connection(own.world, Deadline(20)) as primary:
        primary.execute("CREATE TABLE earlier (n int)")
    await_replica(own.world, Deadline(20))
    with connection(own.world, Deadline(20), process=REPLICA) as server:
        server.execute("SELECT pg_wal_replay_pause()")
        with connection(own.world, Deadline(20)) as primary:
            primary.execute("CREATE TABLE later (n int)")
            primary.execute("SELECT pg_sleep(2)")
        code, said = own.run("--yes")
        assert (code, "before now" in said) == (1, True), said
        untouched(own)
        server.execute("SELECT pg_wal_replay_resume()")


def test_an_offshore_replica_is_refused(site: Site) -> None:
    """I4.6: a replica that is declared in a region that is not onshore is not promoted."""
    site.settings["region"] = "us-east-1"
    code, said = site.run("--yes")
    assert (code, "us-east-1" in said) == (1, True), said
    untouched(site)


def test_a_plan_that_leads_offshore_is_refused(site: Site) -> None:
    """I4.6: what the plan says of its region counts, whatever is declared."""
    configured(site, 'default = "ap-southeast-4"', 'default = "us-east-1"')
    code, said = site.run("--yes")
    assert (code, "the plan leads to us-east-1" in said) == (1, True), said
    untouched(site)


def test_an_apply_that_fails_half_way_is_said(own: Site) -> None:
    """What was done before the failure, what failed, and how to go on are said, and recorded as failed."""
    own.script("fence", "true")
    own.script("promote", "exit 3")
    code, said = own.run("--yes")
    assert code == 1, said
    assert "done: terraform_data.fence; failed: terraform_data.promote" in said
    assert "how to go on" in said
    assert any('"failed"' in outcome for outcome in own.outcomes())


def test_a_failed_failover_can_be_gone_on_with(own: Site) -> None:
    """What failed is replaced only where it may be, and the fail-over ends well with the old primary gone already."""
    with connection(own.world, Deadline(20)) as server:
        server.execute("CREATE TABLE kept (n int)")
    await_replica(own.world, Deadline(20))
    good = (own.terraform / "promote.sh").read_text(encoding="utf-8")
    own.script("promote", "exit 3")
    assert own.run("--yes")[0] == 1
    own.script("promote", good)
    code, said = own.run("--yes")
    assert (code, "not declared replaceable" in said) == (1, True), said
    own.settings["replaceable"] = '["terraform_data.promote"]'
    code, said = own.run("--yes")
    assert code == 0, said
    assert primaries(own) == [REPLICA]


def test_an_old_primary_that_was_not_fenced_is_found(own: Site) -> None:
    """Two servers that take writes are never taken for a fail-over that worked."""
    own.script("fence", "true")
    code, said = own.run("--yes")
    assert (code, "accepts writes as well" in said) == (1, True), said


def test_services_at_the_old_address_are_found(own: Site) -> None:
    """A fail-over that the services do not follow has not worked."""
    own.script("address", "true")
    code, said = own.run("--yes")
    assert (code, "services' address" in said) == (1, True), said


def test_an_interrupted_apply_says_what_was_done(own: Site) -> None:
    """Ctrl-C in the apply ends it, and says what was done, what is not known, and how to go on; it is no success."""
    marker = own.folder / "promoting"
    own.script("fence", "true")
    own.script("promote", f'touch "{marker}"; sleep 60')
    code, said = own.interrupted(marker.exists, "--yes")
    assert code == 10, said
    assert "broken off (interrupted): done: terraform_data.fence" in said
    assert "terraform_data.promote" in said
    assert "how to go on" in said
    assert primaries(own) == ["primary"]
