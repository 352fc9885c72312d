"""What the object store is told as it starts."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from apgms_ops.sandbox.state import write_atomically


@dataclass(frozen=True, slots=True)
class Settings:
    """Written by the component, read by the process."""

    port: int
    control_port: int
    certificate: str
    """PEM file."""
    key: str
    """PEM file."""
    ca_file: str
    """PEM file of who signed the certificate."""
    region: str
    bucket: str
    """Of the evidence: versioned, with Object Lock."""
    retention_days: int
    """Of the bucket's default retention."""
    id_file: str
    """Into which the id of the access key is written that checks and commands use."""
    secret_file: str
    """Into which its secret is written."""
    backups: str
    """The bucket of the backups: versioned, without Object Lock, for its old backups expire."""
    copies: str
    """The bucket that the backups' is replicated to."""
    copies_region: str
    """Its region."""
    writer_id_file: str
    """Into which the id of the access key is written with which backups and snapshots are taken."""
    writer_secret_file: str
    """Into which its secret is written."""

    def write(self, path: Path) -> None:
        """Write them."""
        write_atomically(path, json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))
