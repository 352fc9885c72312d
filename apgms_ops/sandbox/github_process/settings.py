"""What the stand-in is told at its start."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to listen, and what to know. Written by the component, as JSON."""

    port: int
    control_port: int
    repository: str
    """Path of the bare repository."""
    pushes: str
    """The file in which the repository's hook writes down what was pushed."""
    owner: str
    name: str
    repository_id: int
    token_file: str
    """Path of the file that holds the only token that is let in."""
    state_file: str
    """Where records are kept, so that a process that is started again goes on with them."""
    services: tuple[str, ...]
    """What a release has images of."""
    releases: dict[str, dict[str, str]]
    """Tag → `sha`, `built_at`: the releases there are at first."""

    @property
    def url(self) -> str:
        """The address of the API."""
        return f"http://127.0.0.1:{self.port}"

    def token(self) -> str:
        """Read the token."""
        return Path(self.token_file).read_text(encoding="utf-8").strip()

    def write(self, path: Path) -> None:
        """Write the settings for `read`."""
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Read what `write` wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**data, "services": tuple(data["services"])})
