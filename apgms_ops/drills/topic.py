"""Rehearses the restore of a topic: into a scratch topic, compared record by record, and cleaned up."""

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.drills.topic_restore import Plan, TopicRestore, Wanted
from apgms_ops.drills.topic_snapshot import Expected
from apgms_ops.errors import ApgmsOpsError
from apgms_ops.evidence.rehearsal import RESTORE_TOPIC, Rehearsal
from apgms_ops.probes.consumer_lag import kafka_section

_CLEARING: Final = 30.0
"""Seconds for removing what was made, whatever is left of the deadline."""


@dataclass(frozen=True, slots=True)
class Row:
    """One partition, compared."""

    partition: int
    expected: int
    """Records of the snapshot."""
    found: int
    """Records of the scratch topic."""
    same: bool
    """Whether they hold the same, in the same order."""


@dataclass(frozen=True, slots=True)
class Drilled:
    """What came of it."""

    rehearsal: Rehearsal
    rows: tuple[Row, ...]
    left: tuple[str, ...]
    """What could not be removed."""


class TopicDrill:
    """One drill. What it makes carries a suffix of its own, and nothing else is ever removed."""

    def __init__(self, restore: TopicRestore, by: str) -> None:
        """Take what restores, and who it is that rehearses."""
        self._restore = restore
        self._by = by
        self._suffix = f".drill-{secrets.token_hex(5)}"
        self._rows: list[Row] = []
        self._problems: list[str] = []

    def plan(self, topic: str, moment: datetime, deadline: Deadline) -> Plan:
        """Find the snapshot, and see that everything that the drill needs is granted. Nothing is changed.

        Raises:
            ConfigurationError: It cannot be restored; the text says what there is.
            Unobserved: That could not be found out.
        """
        _ = self._restore.estate.kafka_commands  # whoever cannot remove the scratch topic makes none
        return self._restore.plan(Wanted(topic, moment), deadline, suffix=self._suffix)

    def groups(self, plan: Plan) -> list[str]:
        """Return the groups that are made for a while."""
        return [f"{group}{self._suffix}" for group in plan.manifest.groups]

    def carry_out(self, plan: Plan, deadline: Deadline) -> Drilled:
        """Restore, compare, and clean up, whatever happens.

        Raises:
            Unobserved: It could not be carried out; what it made is removed, or named.
        """
        began, started = datetime.now(UTC), time.monotonic()
        left: tuple[str, ...] = ()
        try:
            ended = self._restore.carry_out(plan, deadline, scratch=True)
            restored = time.monotonic()
            if not ended.succeeded:
                self._problems.append(f"the restore failed: {ended.last}")
            else:
                self._compare(plan, deadline)
            compared = time.monotonic()
        finally:
            left = self._clear(plan)
        figures = {
            "snapshot": plan.taken,
            "records": f"{sum(row.found for row in self._rows)} of {plan.records}",
            "partitions": str(len(plan.manifest.parts)),
            "groups": str(len(plan.manifest.groups)),
            "restored in": f"{restored - started:.1f} s",
            "compared in": f"{compared - restored:.1f} s",
        }
        problems = (*self._problems, *(f"left behind: {one}" for one in left))
        name, ended_at = self._restore.environment.name, datetime.now(UTC)
        topic = plan.snapshot.topic
        rehearsal = Rehearsal(RESTORE_TOPIC, name, topic, began, ended_at, problems, figures, self._by)
        return Drilled(rehearsal, tuple(self._rows), left)

    def _compare(self, plan: Plan, deadline: Deadline) -> None:
        """Compare the scratch topic with the snapshot, which is read here, and not by the program that restored it."""
        held = {one.partition: one for one in self._restore.bounds(plan.target, deadline)}
        reader = self._restore.estate.kafka.windows
        all_expected = []
        for part in plan.manifest.parts:
            expected = plan.snapshot.expected(plan.manifest, part, deadline)
            all_expected.append(expected)
            bounds = held.get(part.partition)
            found, digest = (0, "")
            if bounds is not None:
                found, digest = reader.fingerprint(plan.target, part.partition, bounds.start, bounds.end, deadline)
            same = bounds is not None and (found, digest) == (expected.records, expected.sha256)
            self._rows.append(Row(part.partition, expected.records, found, same))
            if not same:
                what = f"{found} of {expected.records} records" if found != expected.records else "other records"
                self._problems.append(f"partition {part.partition} was restored with {what}")
        self._compare_offsets(plan, all_expected, deadline)

    def _compare_offsets(self, plan: Plan, expected: list[Expected], deadline: Deadline) -> None:
        """See that each group stands in the scratch topic before the same record as in the snapshot."""
        groups = self.groups(plan)
        wanted = kafka_section(self._restore.environment).groups
        unknown = [
            one.name for one in wanted if plan.snapshot.topic in one.topics and one.name not in plan.manifest.groups
        ]
        self._problems += [f"the snapshot does not hold the offsets of group {name}" for name in unknown]
        if not groups:
            return
        read = self._restore.estate.kafka.read(deadline, groups=groups, topics=[plan.target], every_group=False)
        found = {(row.group, row.partition): row.committed for row in read.offsets if row.topic == plan.target}
        for one in expected:
            for group, offset in one.offsets.items():
                committed = found.get((f"{group}{self._suffix}", one.partition))
                if committed != offset:
                    stands = "has no offset" if committed is None else f"stands at {committed}"
                    self._problems.append(
                        f"group {group} {stands} in partition {one.partition}, and must stand at {offset}"
                    )

    def _clear(self, plan: Plan) -> tuple[str, ...]:
        """Remove the scratch topic and its groups, and return what is left of them."""
        deadline = Deadline(_CLEARING)
        groups = self.groups(plan)
        left = (f"topic {plan.target}", *(f"group {group}" for group in groups))
        try:
            self._restore.estate.kafka_commands.remove([plan.target], groups, deadline)
            while self._restore.bounds(plan.target, deadline):
                deadline.pause(0.1, f"topic {plan.target} to be gone")
            left = ()
        except ApgmsOpsError as error:
            self._restore.report(f"what was made for the drill could not be removed: {error}")
        finally:  # an interruption as well
            for one in left:
                self._restore.report(f"LEFT: {one} may be there still: remove it")
        return left
