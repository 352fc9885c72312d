"""The records of the stand-in: runs, jobs, artifacts, statuses, releases, workflows; and the pushes it has seen."""

from pathlib import Path
from typing import Final

from apgms_ops.sandbox.standin import records

Record = records.Record

_COLLECTIONS: Final = ("workflows", "runs", "jobs", "artifacts", "statuses", "releases", "pulls", "reviews")
_SWITCHES: Final = {
    "refuse_token": False,
    "forbid_actions": False,
    "hide_repository": False,
    "rate_limited": False,
    "secondary_limit": False,
    "fail": False,
    "repository_id": 0,
}
"""What can be wrong with GitHub itself; all off at first."""


class Records(records.Records):
    """Every record, by collection; ids are numbers."""

    def __init__(self, path: Path) -> None:
        """Open the file, or begin with nothing."""
        super().__init__(path, {name: [] for name in _COLLECTIONS}, _SWITCHES)
        self._data.setdefault("seen", 0)

    @property
    def seen(self) -> int:
        """How many pushes were looked at."""
        with self._lock:
            return int(self._data["seen"])

    def see(self, count: int) -> None:
        """Write down how many pushes were looked at."""
        with self.change():
            self._data["seen"] = count
