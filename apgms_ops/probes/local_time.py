"""Times as those tell them who are called: in their own time zone. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

from apgms_ops.environment.model import Oncall


def local(at: datetime, declared: Oncall) -> str:
    """Return a time with the zone's abbreviation: Sat 2026-11-28 02:00 AEDT."""
    return at.astimezone(ZoneInfo(declared.time_zone)).strftime("%a %Y-%m-%d %H:%M %Z")
