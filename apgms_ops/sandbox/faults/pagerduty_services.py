"""Services that break and call nobody, or not at once."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.pagerduty_tools import AGAIN, POLICY, SHOWN, URGENT, Added, Edited, failing
from apgms_ops.verdict import Verdict


class _Service(Edited):
    """A service was changed."""

    collection = "services"
    wanted: ClassVar[Mapping[str, Any]] = {"id": "PPAYMENTS"}


class LowUrgency(_Service):
    """Opened, and nobody is woken."""

    id = "pagerduty-low-urgency"
    title = "Incidents of payments are of low urgency."
    references = ("I1.2",)
    expected: ClassVar[Mapping[str, Verdict]] = failing(URGENT)
    values: ClassVar[Mapping[str, Any]] = {"urgency_rule": {"type": "constant", "urgency": "low"}}


class LowByNight(_Service):
    """Urgent in office hours."""

    id = "pagerduty-low-by-night"
    title = "Incidents of payments are of high urgency in office hours alone."
    references = ("I1.2",)
    expected: ClassVar[Mapping[str, Verdict]] = failing(URGENT)
    values: ClassVar[Mapping[str, Any]] = {
        "urgency_rule": {
            "type": "use_support_hours",
            "during_support_hours": {"type": "constant", "urgency": "high"},
            "outside_support_hours": {"type": "constant", "urgency": "low"},
        }
    }


class LongRest(_Service):
    """Acknowledged, and forgotten for half an hour."""

    id = "pagerduty-long-rest"
    title = "An acknowledged incident of payments calls again after half an hour."
    references = ("I1.3",)
    expected: ClassVar[Mapping[str, Verdict]] = failing(AGAIN)
    values: ClassVar[Mapping[str, Any]] = {"acknowledgement_timeout": 1800}


class RestForEver(_Service):
    """Acknowledged, and forgotten."""

    id = "pagerduty-rest-for-ever"
    title = "An acknowledged incident of payments never calls again."
    references = ("I1.3",)
    expected: ClassVar[Mapping[str, Verdict]] = failing(AGAIN)
    values: ClassVar[Mapping[str, Any]] = {"acknowledgement_timeout": None}


class OtherPolicy(_Service):
    """Calls the office."""

    id = "pagerduty-other-policy"
    title = "Payments uses the default escalation policy."
    expected: ClassVar[Mapping[str, Verdict]] = failing(POLICY)
    values: ClassVar[Mapping[str, Any]] = {"policy": "PDEFAULT"}


class Disabled(_Service):
    """Takes events, and makes nothing of them."""

    id = "pagerduty-service-disabled"
    title = "The service of payments is disabled."
    expected: ClassVar[Mapping[str, Verdict]] = failing(SHOWN)
    values: ClassVar[Mapping[str, Any]] = {"disabled": True}


class _Window(Added):
    """A maintenance window."""

    collection = "maintenance_windows"
    id_of_record = "PWINDOW1"
    expected: ClassVar[Mapping[str, Verdict]] = failing(SHOWN)
    hours: ClassVar[tuple[int, int]]

    def record(self) -> dict[str, Any]:
        """Return it, of payments."""
        start, end = (datetime.now(UTC) + timedelta(hours=hours) for hours in self.hours)
        return {
            "start": start.isoformat(),
            "end": end.isoformat(),
            "description": "Upgrade",
            "services": ["PPAYMENTS"],
        }


class Maintenance(_Window):
    """The rota is good, and nobody is called."""

    id = "pagerduty-maintenance"
    title = "A maintenance window of payments was never closed."
    references = ("D1.8",)
    hours = (-2, 48)


class MaintenanceComing(_Window):
    """From tomorrow on nobody is called."""

    id = "pagerduty-maintenance-coming"
    title = "A maintenance window of payments begins the day after tomorrow."
    references = ("D1.8",)
    hours = (48, 52)


FAULTS: tuple[type[Fault], ...] = (
    LowUrgency,
    LowByNight,
    LongRest,
    RestForEver,
    OtherPolicy,
    Disabled,
    Maintenance,
    MaintenanceComing,
)
