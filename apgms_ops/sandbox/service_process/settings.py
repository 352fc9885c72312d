"""What a service process is told at its start."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Settings:
    """Which service to be, where to listen, and where the others are. Written by the component, as JSON."""

    service: str
    """`api-gateway`, `registries`, …: the name in metrics, logs and `/version`."""
    instance: str
    """`api-gateway-1`: this replica."""
    port: int
    control_port: int
    """Where switches are set."""
    bootstrap: str = ""
    """The broker; empty where the service uses none."""
    dsn_file: str = ""
    """Path of the file that holds the database owner's DSN; empty where the service uses none."""
    urls: dict[str, str] = field(default_factory=dict)
    """Other services and stand-ins that it asks, by name."""
    files: dict[str, str] = field(default_factory=dict)
    """Paths of private files that it reads, by what they hold."""
    environment: str = "sandbox"
    """What `/version` calls the environment."""
    version: str = "v0.0.0-sandbox"
    git_sha: str = "0" * 40
    built_at: str = ""
    pod_address: str = ""
    """`address:port` of its pod, where it answers as well; empty where it runs in none."""

    def write(self, path: Path) -> None:
        """Write the settings for `read`."""
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def dsn(self) -> str:
        """Read the database owner's DSN, which is a secret: it goes to the driver and nowhere else."""
        return Path(self.dsn_file).read_text(encoding="utf-8").strip()

    def address(self, name: str) -> tuple[str, int]:
        """Return host and port of another service.

        Raises:
            KeyError: The settings name none of that name.
        """
        parts = urlsplit(self.urls[name])
        return parts.hostname or "", parts.port or 80
