"""What the programs of the image `kafka-tools` are told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from apgms_ops.sandbox.state import write_atomically


@dataclass(frozen=True, slots=True)
class Settings:
    """Written by the component, read by the programs: in a cluster, a ConfigMap and a Secret."""

    bootstrap: str
    url: str
    """The S3 endpoint."""
    ca_file: str
    """PEM file of who signed its certificate."""
    region: str
    bucket: str
    prefix: str
    """What the snapshots' names begin with."""
    id_file: str
    """File with the id of the access key: of somebody who may add objects."""
    secret_file: str
    """File with its secret."""
    topics: Sequence[str]
    """What is snapshotted, dead-letter topics included."""
    groups: Mapping[str, Sequence[str]]
    """Consumer group → the topics that it reads."""

    def write(self, path: Path) -> None:
        """Write them."""
        write_atomically(path, json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))
