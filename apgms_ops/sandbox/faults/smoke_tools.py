"""The names of the smoke tests, and what the faults that they notice are made with: switches, and what a walk left."""

import http.client
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.payments_tools import tables, wait_one
from apgms_ops.sandbox.faults.switching import Switch, switch
from apgms_ops.sandbox.service_process.tenants import SMOKE
from apgms_ops.sandbox.world import World

FOLDER: Final = "smoke/"
_DOOR: Final = f"{FOLDER}test_front_door.py::"
ENVIRONMENT: Final = f"{_DOOR}test_the_front_door_is_this_environment"
PODS: Final = f"{_DOOR}test_every_pod_runs_what_the_front_door_names"
TLS: Final = f"{_DOOR}test_the_front_door_speaks_tls"
CLOCKS: Final = f"{_DOOR}test_the_clocks_agree"
_JOURNEY: Final = f"{FOLDER}test_journey.py::"
NO_TOKEN: Final = f"{_JOURNEY}test_without_a_token_nothing_is_told"
FORGED: Final = f"{_JOURNEY}test_a_forged_token_is_refused"
SECOND_FACTOR: Final = f"{_JOURNEY}test_no_log_in_without_a_second_factor"
TOKEN: Final = f"{_JOURNEY}test_the_token_is_complete_and_short_lived"
ACTIVE: Final = f"{_JOURNEY}test_an_active_abn_is_found"
CANCELLED: Final = f"{_JOURNEY}test_a_cancelled_abn_says_so"
WRONG: Final = f"{_JOURNEY}test_a_wrong_abn_is_refused"
EMPLOYER: Final = f"{_JOURNEY}test_the_employer_is_registered"
PAYGW: Final = f"{_JOURNEY}test_paygw_is_right_to_the_cent"
GST: Final = f"{_JOURNEY}test_gst_is_right_to_the_cent"
DEPOSIT: Final = f"{_JOURNEY}test_a_deposit_adds_up"
OPEN_PERIOD: Final = f"{_JOURNEY}test_an_open_period_takes_no_payment"
CLOSE: Final = f"{_JOURNEY}test_closing_the_period_says_what_is_due"
PAYMENT: Final = f"{_JOURNEY}test_the_payment_is_taken"
REPLAY: Final = f"{_JOURNEY}test_a_replay_gives_the_first_answer"
CONFLICT: Final = f"{_JOURNEY}test_a_replayed_key_with_another_body_is_refused"
ACKNOWLEDGED: Final = f"{_JOURNEY}test_the_payment_is_acknowledged_and_reconciled"
LEDGER: Final = f"{_JOURNEY}test_the_ledger_adds_up"
AUDITED: Final = f"{_JOURNEY}test_every_step_is_in_the_audit_log"
HASHES: Final = f"{_JOURNEY}test_the_audit_events_hashes_verify"
OTHER_TENANT: Final = f"{_JOURNEY}test_another_tenant_sees_none_of_it"
REFUSALS: Final = f"{_JOURNEY}test_every_refusal_says_why"
STEPS: Final = f"{_JOURNEY}test_every_step_is_in_time"
WALK: Final = f"{_JOURNEY}test_the_whole_walk_is_in_time"
LEFT: Final = f"{_JOURNEY}test_nothing_is_left_behind"

MONEY: Final = frozenset(
    {DEPOSIT, OPEN_PERIOD, CLOSE, PAYMENT, REPLAY, CONFLICT, ACKNOWLEDGED, LEDGER, AUDITED, HASHES, LEFT, OTHER_TENANT}
    | {STEPS, WALK}
)
"""What may come out otherwise once something is wrong with the employer or its money, so that the walk ends there."""
LOGGED_IN: Final = MONEY | {ACTIVE, CANCELLED, WRONG, EMPLOYER, PAYGW, GST, REFUSALS}
"""What is not seen without a log-in."""
JOURNEY: Final = LOGGED_IN | {NO_TOKEN, FORGED, SECOND_FACTOR, TOKEN}
"""What is not seen without a walk."""

GATEWAYS: Final = ("api-gateway.1", "api-gateway.2")
PAYMENTS: Final = ("payments.1",)
_NONE_WAITS: Final = (
    "SELECT NOT EXISTS (SELECT 1 FROM payments p JOIN ledger l ON l.id = p.ledger_id JOIN employers e ON e.abn = l.abn"
    " WHERE e.synthetic AND p.state <> 'FAILED' AND p.reconciled_at IS NULL)"
)
_PATIENCE: Final = 5.0
_GONE: Final = (204, 404)


class Switched(Fault):
    """Something that is wrong for as long as switches are set."""

    reach = FOLDER
    places: ClassVar[tuple[str, ...]]
    """Whose control port takes them."""
    switches: ClassVar[Mapping[str, Switch]]

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Set them, and remember what they were."""
        return {place: switch(world, place, deadline, **self.switches) for place in self.places}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Set them back."""
        back(world, memo, deadline)


class Leaving(Switched):
    """One in which a walk may leave its employer behind."""

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Set the switches back, and remove what was left."""
        super().heal(world, memo, deadline)
        clear(world, deadline)


def back(world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
    """Set switches back to what they were: place → switch → value."""
    for place, before in memo.items():
        switch(world, place, deadline, **before)


def left(world: World, deadline: Deadline) -> list[str]:
    """Return the numbers of the synthetic employers that are registered."""
    with tables(world, deadline) as connection:
        return [row[0] for row in connection.execute("SELECT abn FROM employers WHERE synthetic ORDER BY abn")]


def clear(world: World, deadline: Deadline) -> None:
    """Remove every synthetic employer, as its own journey had to, once its payments are reconciled.

    Raises:
        SandboxError: The payments service refuses.
    """
    found = left(world, deadline)
    if found:
        wait_one(world, deadline, "every payment of a journey being reconciled", _NONE_WAITS)
    for abn in found:
        status = _delete(world, abn, deadline)
        if status not in _GONE:
            msg = f"the synthetic employer {abn} cannot be removed: status {status}"
            raise SandboxError(msg)


def _delete(world: World, abn: str, deadline: Deadline) -> int:
    seconds = min(_PATIENCE, deadline.require("removing a synthetic employer"))
    connection = http.client.HTTPConnection("127.0.0.1", world.port(PAYMENTS[0]), timeout=seconds)
    try:
        connection.request("DELETE", f"/employers/{abn}", headers={"X-Org-Id": SMOKE, "X-Actor-Id": "healer"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        msg = f"the payments service does not answer: {str(error) or type(error).__name__}"
        raise SandboxError(msg) from error
    finally:
        connection.close()
