"""Rows of the audit log that were altered, cut off, forged or deleted by somebody who may."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, LiteralString

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import audit_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict


class _RowChanged(Fault):
    """One statement on a row in the middle of the log, and one that undoes it."""

    component = "audit"
    expected: ClassVar[Mapping[str, Verdict]] = {tools.CHAIN: Verdict.FAIL}
    change: ClassVar[LiteralString]
    """Changes the row whose number is its parameter."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Change the row."""
        with tools.log(world, deadline) as own:
            found = own.execute(
                "SELECT seq, actor_id, prev_hash, hash FROM audit_log ORDER BY seq OFFSET 100 LIMIT 1"
            ).fetchone()
            seq, actor, prev_hash, row_hash = found or (0, "", "", "")
            own.execute(self.change, {"seq": seq})
        return {"seq": seq, "actor": actor, "prev_hash": prev_hash, "hash": row_hash}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Make it what it was."""
        with tools.log(world, deadline) as own:
            own.execute(
                "UPDATE audit_log SET actor_id = %s, prev_hash = %s, hash = %s WHERE seq = %s",
                (memo["actor"], memo["prev_hash"], memo["hash"], memo["seq"]),
            )


class RowAltered(_RowChanged):
    """Somebody else did it, says the log now."""

    id = "audit-row-altered"
    title = "A row of the audit log was altered: it names another actor."
    change = "UPDATE audit_log SET actor_id = 'user-scapegoat' WHERE seq = %(seq)s"


class HashMissing(_RowChanged):
    """A row that vouches for nothing."""

    id = "audit-hash-missing"
    title = "A row of the audit log has no hash."
    change = "UPDATE audit_log SET hash = NULL WHERE seq = %(seq)s"


class Fork(_RowChanged):
    """Two rows follow the same one."""

    id = "audit-chain-forks"
    title = "Two rows of the audit log follow the same row."
    change = (
        "UPDATE audit_log SET prev_hash ="
        " (SELECT prev_hash FROM audit_log WHERE seq < %(seq)s ORDER BY seq DESC LIMIT 1) WHERE seq = %(seq)s"
    )


class TailCutOff(Fault):
    """What is left is a perfect chain."""

    id = "audit-tail-cut-off"
    title = "The end of the audit log was cut off; what is left is a valid chain, and grows on."
    component = "audit"
    references = ("S2.7",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.HEAD: Verdict.FAIL, tools.PERSISTED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Cut off everything of the last hour, with the row that was verified last."""
        with tools.log(world, deadline) as own:
            tools.keep(own, "at > now() - interval '1 hour'")
            left = own.execute("SELECT coalesce(max(seq), 0) FROM audit_log").fetchone()
        tools.settle(deadline)
        return {"head": left[0] if left else 0}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Put it back, and behind it what was written meanwhile."""
        tools.read_again(world, deadline, after=memo["head"])


class OldestDeleted(Fault):
    """Somebody has tidied up."""

    id = "audit-oldest-rows-deleted"
    title = "Rows of the audit log that are older than ten months were deleted."
    component = "audit"
    expected: ClassVar[Mapping[str, Verdict]] = {tools.KEPT: Verdict.FAIL, tools.CHAIN: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Delete them."""
        with tools.log(world, deadline) as own:
            tools.keep(own, "at < now() - interval '300 days'")
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — all is in the database
        """Put them back."""
        with tools.log(world, deadline) as own:
            tools.give_back(own)


class RowForged(Fault):
    """A row that fits, about something that never happened."""

    id = "audit-row-forged"
    title = "The audit log has a row, well linked, of an event that nobody emitted."
    component = "audit"
    expected: ClassVar[Mapping[str, Verdict]] = {tools.EMITTED: Verdict.FAIL}
    age: ClassVar[timedelta] = timedelta(0)
    """How long ago it is said to have happened."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Append it, and let the settling time pass."""
        at = datetime.now(UTC) - self.age
        fields = {"action": "payment.approve", "actor_id": "user-owner", "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
        more = {"event_id": str(uuid.uuid4()), "org_id": "org-synthetic", "payload": {"forged": True}}
        with tools.log(world, deadline) as own:
            last = own.execute("SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1").fetchone()
            seq, prev_hash = last or (0, "0" * 64)
            # Plain ASCII, keys in order: JSON that is canonical already.
            text = json.dumps({**fields, **more}, separators=(",", ":"), sort_keys=True)
            own_hash = hashlib.sha256(f"{prev_hash}{text}".encode()).hexdigest()
            own.execute(
                "INSERT INTO audit_log (event_id, org_id, actor_id, action, at, payload, prev_hash, hash)"
                " VALUES (%s, %s, %s, %s, %s, %s::json, %s, %s)",
                (
                    *(more["event_id"], more["org_id"], fields["actor_id"], fields["action"]),
                    *(at, '{"forged":true}', prev_hash, own_hash),
                ),
            )
        tools.settle(deadline)
        return {"head": seq}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Take the log back to before it, and persist everything since."""
        tools.read_again(world, deadline, after=memo["head"])


class RowBackdated(RowForged):
    """A row about the past, which no look at the last hour finds by its time."""

    id = "audit-row-backdated"
    title = "The audit log has a row, well linked and of three weeks ago, that was written just now."
    age = timedelta(days=21)


FAULTS: tuple[type[Fault], ...] = (RowAltered, HashMissing, Fork, TailCutOff, OldestDeleted, RowForged, RowBackdated)
