"""What the stand-in is told at its start."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to listen, and what to know. Written by the component, as JSON."""

    port: int
    control_port: int
    account: str
    """The account's own name."""
    token_file: str
    """Path of the file that holds the only token that is let in."""
    routing_key_file: str
    """Path of the file that holds the routing key of the first service's integration."""
    state_file: str
    """Where records are kept, so that a process that is started again goes on with them."""

    @property
    def url(self) -> str:
        """The address of both interfaces."""
        return f"http://127.0.0.1:{self.port}"

    def token(self) -> str:
        """Read the token."""
        return Path(self.token_file).read_text(encoding="utf-8").strip()

    def routing_key(self) -> str:
        """Read the routing key."""
        return Path(self.routing_key_file).read_text(encoding="utf-8").strip()

    def write(self, path: Path) -> None:
        """Write the settings for `read`."""
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))
