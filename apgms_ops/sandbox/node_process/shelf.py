"""The records of the pods on disk: a node that is started again finds the processes that went on without it."""

import json
from pathlib import Path

from apgms_ops.sandbox.node_process.record import PodRecord
from apgms_ops.sandbox.state import write_atomically


class Shelf:
    """One file."""

    def __init__(self, path: Path) -> None:
        """Take the file, which need not be there yet."""
        self._path = path
        self._written = ""

    def read(self) -> dict[str, PodRecord]:
        """Return every record, by its pod's uid; none if the file is not one of ours."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            records = [PodRecord.decoded(record) for record in found]
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return {record.uid: record for record in records}

    def write(self, records: dict[str, PodRecord]) -> None:
        """Replace what is there, where it differs."""
        text = json.dumps([record.encoded() for record in records.values()])
        if text != self._written:
            write_atomically(self._path, text)
            self._written = text
