"""Waivers that are over, or that excuse nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import compliance_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.timestamps import NAME
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_CHECK: Final = "checks/daily/test_consumer_lag.py::test_every_consumer_group_keeps_up"
_DAY: Final = timedelta(days=1)


class _Waiver(Fault):
    """One waiver more in the sandbox's own folder."""

    component = NAME
    check: ClassVar[str] = _CHECK
    environments: ClassVar[tuple[str, ...]] = ("sandbox",)
    ends: ClassVar[timedelta] = _DAY
    """From now; one that is over has a negative one."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:  # noqa: ARG002 — a file is written at once
        """Write it."""
        now = datetime.now(UTC).replace(microsecond=0)
        values = {
            "check": self.check,
            "environments": list(self.environments),
            "reason": "INC-123: the broker is being replaced",
            "owner": "payments-team",
            "approver": "head-of-operations",
            "link": "https://github.com/sandbox/platform/pull/123",
        }
        times = {"issued": (now - 3 * _DAY).isoformat(), "expires": (now + self.ends).isoformat()}
        return tools.put(world, tools.WAIVERS, "waivers", values, times)

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — as above
        """Take it out."""
        tools.take_back(world, tools.WAIVERS, memo)


class WaiverExpired(_Waiver):
    """The date came, nobody mended the check, and nobody looked at the file."""

    id = "waiver-expired"
    title = "A waiver that expired yesterday is still listed."
    ends = -_DAY
    expected: ClassVar[Mapping[str, Verdict]] = {tools.NO_WAIVER_EXPIRED: Verdict.FAIL}


class WaiverOfNoCheck(_Waiver):
    """A check was renamed, or its name was mistyped: what it was to excuse is red, and nobody knows why."""

    id = "waiver-of-no-check"
    title = "A waiver names a check that there is not."
    check = f"{_CHECK}_again"
    expected: ClassVar[Mapping[str, Verdict]] = {tools.WAIVERS_NAME_CHECKS: Verdict.FAIL}


class WaiverOfNoEnvironment(_Waiver):
    """An environment was renamed."""

    id = "waiver-of-no-environment"
    title = "A waiver is for an environment that there is not."
    environments = ("sandbox", "sandpit")
    expected: ClassVar[Mapping[str, Verdict]] = {tools.WAIVERS_NAME_ENVIRONMENTS: Verdict.FAIL}


FAULTS: tuple[type[Fault], ...] = (WaiverExpired, WaiverOfNoCheck, WaiverOfNoEnvironment)
