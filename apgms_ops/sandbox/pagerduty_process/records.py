"""The records of the stand-in: people, schedules, policies, services, windows, incidents."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from apgms_ops.sandbox.standin import records

Record = records.Record

_COLLECTIONS: Final = (
    "users",
    "contact_methods",
    "notification_rules",
    "schedules",
    "escalation_policies",
    "services",
    "maintenance_windows",
    "incidents",
    "notes",
    "log_entries",
)
_SWITCHES: Final = {
    "refuse_token": False,
    "forbid": False,
    "rate_limited": False,
    "fail": False,
    "login_page": False,
    "endless": False,
    "second_page_fails": False,
    "page_size": 0,
    "account": "",
}
"""What can be wrong with PagerDuty itself; all off at first."""


class Records(records.Records):
    """Every record, by collection; ids are words."""

    def __init__(self, path: Path, seed: Mapping[str, list[Record]]) -> None:
        """Open the file, or begin with the seed."""
        super().__init__(path, {name: seed.get(name, []) for name in _COLLECTIONS}, _SWITCHES)

    def new_id(self) -> str:
        """Return an id that no record has."""
        return f"P{secrets.token_hex(6).upper()}"
