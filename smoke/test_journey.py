"""Deployment Procedure, step 5: an employer's journey through the front door, in the order in which it is walked."""

import pytest

from apgms_ops.environment.model import Environment
from apgms_ops.probes.journey.facts import Journey
from apgms_ops.probes.journey.rules import smoke_of

pytestmark = pytest.mark.runbook("deployment-procedure", 5)


@pytest.mark.control("authentication")
def test_without_a_token_nothing_is_told(journey: Journey) -> None:
    """Without a token the gateway tells nothing: 401."""
    assert not journey.access.without_token()


@pytest.mark.control("authentication")
def test_no_log_in_without_a_second_factor(journey: Journey) -> None:
    """Nobody logs in without the second factor, nor with a wrong one."""
    assert not journey.access.without_second_factor()


@pytest.mark.control("authentication")
def test_the_token_is_complete_and_short_lived(journey: Journey, environment: Environment) -> None:
    """The token says whose it is and that a second factor was shown, and lives no longer than it may."""
    assert not journey.access.token_wrong(smoke_of(environment))


@pytest.mark.control("authentication")
def test_a_forged_token_is_refused(journey: Journey) -> None:
    """A token that is not signed, or that was altered after it was signed, opens nothing."""
    assert not journey.access.forged()


@pytest.mark.control("entity-validation")
def test_an_active_abn_is_found(journey: Journey) -> None:
    """A business that is active is found in the register itself, past every cache."""
    assert not journey.lookups.active_wrong()


@pytest.mark.control("entity-validation")
def test_a_cancelled_abn_says_so(journey: Journey) -> None:
    """A business that was cancelled is said to be."""
    assert not journey.lookups.cancelled_wrong()


@pytest.mark.control("entity-validation")
def test_a_wrong_abn_is_refused(journey: Journey) -> None:
    """A number with wrong check digits is neither looked up nor registered."""
    assert not journey.lookups.invalid_taken()


def test_paygw_is_right_to_the_cent(journey: Journey) -> None:
    """What is withheld from a pay is what the ATO's formulas say, for every pay period, on both scales."""
    assert not journey.calculations.paygw_wrong()


def test_gst_is_right_to_the_cent(journey: Journey) -> None:
    """GST is an eleventh of a price that holds it and a tenth of one that does not, to the nearest cent."""
    assert not journey.calculations.gst_wrong()


@pytest.mark.writes
def test_the_employer_is_registered(journey: Journey) -> None:
    """The synthetic employer is registered, and registering it again changes nothing."""
    assert not journey.books.employer_wrong()


@pytest.mark.writes
def test_a_deposit_adds_up(journey: Journey) -> None:
    """The balance after a deposit is the balance before it and the amount, and the ledger shows it at once."""
    assert not journey.books.deposits_wrong()


@pytest.mark.writes
def test_an_open_period_takes_no_payment(journey: Journey) -> None:
    """As long as a period is open, nothing is paid for it."""
    assert not journey.books.paid_too_early()


@pytest.mark.writes
def test_closing_the_period_says_what_is_due(journey: Journey) -> None:
    """A closed period owes what was deposited for it, to the cent."""
    assert not journey.books.closing_wrong()


@pytest.mark.writes
def test_the_payment_is_taken(journey: Journey, environment: Environment) -> None:
    """The payment is taken, and goes to the synthetic bank and no other."""
    assert not journey.books.payment_wrong(smoke_of(environment))


@pytest.mark.writes
def test_a_replay_gives_the_first_answer(journey: Journey) -> None:
    """The same payment under the same key gives the first answer again, and is not made twice."""
    assert not journey.books.replay_wrong()


@pytest.mark.writes
def test_a_replayed_key_with_another_body_is_refused(journey: Journey) -> None:
    """The key of one payment is not taken for another."""
    assert not journey.books.other_body_taken()


@pytest.mark.writes
def test_the_payment_is_acknowledged_and_reconciled(journey: Journey, environment: Environment) -> None:
    """The bank acknowledges the payment, and it is reconciled, before its deadline."""
    assert not journey.books.not_acknowledged(smoke_of(environment))


@pytest.mark.writes
def test_the_ledger_adds_up(journey: Journey) -> None:
    """The ledger holds what was done and nothing else, every balance is right, and its rows hang together."""
    assert not journey.books.ledger_wrong()


@pytest.mark.writes
@pytest.mark.control("authentication")
def test_another_tenant_sees_none_of_it(journey: Journey) -> None:
    """To another tenant, nothing of the journey is there: not to be read, and not to be changed."""
    assert not journey.isolation.seen_by_others()


@pytest.mark.control("audit-logging")
def test_every_step_is_in_the_audit_log(journey: Journey, environment: Environment) -> None:
    """The audit log tells of every step, by its correlation id: who did what, for which tenant."""
    assert not journey.trail.missing(smoke_of(environment))


@pytest.mark.control("audit-logging")
def test_the_audit_events_hashes_verify(journey: Journey) -> None:
    """Every event of the journey has the hash of its content, and follows the event before it."""
    assert not journey.trail.altered()


def test_every_refusal_says_why(journey: Journey) -> None:
    """Whatever is refused says why, under the correlation id of the request."""
    assert not journey.access.not_explained()


def test_every_step_is_in_time(journey: Journey, environment: Environment) -> None:
    """Every request is answered within the limit of its step."""
    assert not journey.timing.slow_steps(smoke_of(environment))


def test_the_whole_walk_is_in_time(journey: Journey, environment: Environment) -> None:
    """The whole journey takes less than its limit."""
    assert not journey.timing.slow_walk(smoke_of(environment))


@pytest.mark.writes
def test_nothing_is_left_behind(journey: Journey, environment: Environment) -> None:
    """The synthetic employer is gone when the journey is over, and nothing of it can be read any more."""
    assert not journey.leftovers.residue(smoke_of(environment))
