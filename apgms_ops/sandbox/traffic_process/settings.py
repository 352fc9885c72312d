"""What the traffic process is told at its start."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where broker and edge are, what to produce and consume, where to listen. Written by the component, as JSON."""

    bootstrap: str
    edge: str
    """URL of the platform as customers reach it."""
    credentials: str
    """Path of the private file that holds what they log in with."""
    topics: dict[str, int]
    """Every declared topic, dead-letter topics included → partitions."""
    produced: tuple[str, ...]
    """Topics with a steady production."""
    groups: dict[str, tuple[str, ...]]
    """Consumer group → the topics it reads."""
    metrics_port: int
    control_port: int
    exporter_port: int

    def write(self, path: Path) -> None:
        """Write the settings for `read`."""
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Read what `write` wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        data["produced"] = tuple(data["produced"])
        data["groups"] = {group: tuple(topics) for group, topics in data["groups"].items()}
        return cls(**data)
