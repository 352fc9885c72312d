"""What follows from the records: whether a service is in maintenance, and whom its policy calls now."""

from datetime import datetime, timedelta

from apgms_ops.sandbox.pagerduty_process import rota
from apgms_ops.sandbox.pagerduty_process.records import Record, Records


def windows_of(records: Records, service: str, now: datetime) -> list[Record]:
    """Return the maintenance windows of a service that are open."""
    return [
        window
        for window in records.every("maintenance_windows")
        if service in window["services"]
        and datetime.fromisoformat(window["start"]) <= now < datetime.fromisoformat(window["end"])
    ]


def called(records: Records, policy: str, now: datetime) -> list[str]:
    """Return the ids of those whom the first level of a policy calls now."""
    found = records.one("escalation_policies", id=policy)
    people: list[str] = []
    for target in found["rules"][0]["targets"] if found is not None and found["rules"] else []:
        if target["type"] == "user":
            people.append(target["id"])
            continue
        schedule = records.one("schedules", id=target["id"])
        if schedule is not None:
            people += [user for _, _, user in rota.spans(schedule, now, now + timedelta(seconds=1))]
    return people
