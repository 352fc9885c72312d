"""What a playbook's words make of what was seen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from apgms_ops.clients.postgres.writing import Standing, Writes
from apgms_ops.environment.failover import Failover
from apgms_ops.incidents.playbooks.conditions import Servers, Silent, precondition, verification
from apgms_ops.incidents.playbooks.playbook import Precondition, Verification

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
SECTION = Failover.model_validate(
    {
        "folder": "f",
        "targets": ["a.b"],
        "recovery_point": {"value": "60s", "source": "test"},
        "region": "ap-southeast-4",
        "onshore": ["ap-southeast-4"],
        "primary": "env:A",
        "replica": "env:B",
        "services": "env:C",
    }
)
PRIMARY = Standing(Writes.UNTRIED, "7", NOW - timedelta(days=2), position=1000, now=NOW, in_recovery=False)
REPLICA = Standing(
    Writes.UNTRIED,
    "7",
    NOW - timedelta(days=1),
    in_recovery=True,
    position=1000,
    replayed=NOW - timedelta(hours=1),
    now=NOW,
)
BEFORE = Servers(PRIMARY, REPLICA, "not asked", "7")
PROMOTED = replace(REPLICA, in_recovery=False, writes=Writes.TAKEN)
AFTER = Servers(Standing(Writes.CLOSED), PROMOTED, PROMOTED, "7")


def lag(servers: Servers) -> bool | None:
    """Return what is made of the replica's lag."""
    return precondition(Precondition.REPLICA_LAG_BELOW_RPO, servers, SECTION).holds


def test_an_idle_primary_is_no_lag() -> None:
    """A replica that has all that was written is not behind, however old its last transaction is."""
    assert lag(BEFORE) is True


def test_a_lag_that_cannot_be_read_is_not_known() -> None:
    """A replica that does not say when its last transaction was committed is never below a limit."""
    behind = replace(REPLICA, position=999)
    assert lag(replace(BEFORE, replica=behind)) is False
    assert lag(replace(BEFORE, replica=replace(behind, replayed=None))) is None
    assert lag(replace(BEFORE, primary="no answer", replica=replace(REPLICA, replayed=None))) is None
    assert lag(replace(BEFORE, replica=replace(REPLICA, position=None))) is None
    assert lag(replace(BEFORE, replica="no answer")) is None


def test_without_a_primary_the_lag_is_measured_from_its_loss() -> None:
    """Where the primary does not answer, its last transaction counts: its age now, or when the primary was lost."""
    gone = replace(BEFORE, primary="no answer")
    assert lag(gone) is False
    assert lag(replace(gone, lost_at=NOW - timedelta(minutes=59, seconds=30))) is True
    assert lag(replace(gone, lost_at=NOW - timedelta(hours=2))) is None


def test_another_system_is_not_promoted() -> None:
    """A replica of another system than the pinned one, or of an unpinned one, is not promoted."""
    word = Precondition.REPLICA_FOLLOWS
    assert precondition(word, BEFORE, SECTION).holds is True
    assert precondition(word, replace(BEFORE, pinned="8"), SECTION).holds is False
    assert precondition(word, replace(BEFORE, pinned=None), SECTION).holds is None


def test_a_primary_that_refuses_us_is_not_gone() -> None:
    """One that nothing answers for may be gone; one whose password we do not have may be taking writes."""
    word = Precondition.ONE_PRIMARY_NOW
    assert precondition(word, BEFORE, SECTION).holds is True
    assert precondition(word, replace(BEFORE, primary=Silent("cannot be reached")), SECTION).holds is True
    assert precondition(word, replace(BEFORE, primary="refused us"), SECTION).holds is None
    assert precondition(word, replace(BEFORE, primary=replace(PRIMARY, in_recovery=True)), SECTION).holds is False


def test_an_old_primary_that_is_silent_is_not_known_to_be_fenced() -> None:
    """A server that does not answer us may take writes from others."""
    word = Verification.EXACTLY_ONE_PRIMARY
    assert verification(word, AFTER).holds is True
    assert verification(word, replace(AFTER, primary="no answer")).holds is None
    assert verification(word, replace(AFTER, primary=replace(PRIMARY, writes=Writes.TAKEN))).holds is False
    assert verification(word, replace(AFTER, replica=REPLICA)).holds is False


def test_the_services_must_reach_that_very_server() -> None:
    """Another server with the same data is not the promoted one."""
    word = Verification.SERVICES_USE_IT
    assert verification(word, AFTER).holds is True
    assert verification(word, replace(AFTER, services=PRIMARY)).holds is False
    assert verification(word, replace(AFTER, services="no answer")).holds is None
