"""What the node is told at its start."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Whose node it is, and of which cluster. Written by the component, as JSON."""

    root: str
    """The sandbox's folder."""
    cache: str
    kubeconfig: str
    context: str
    """Empty for the kubeconfig's current one."""
    port: int
    """Of the kubelet's API, on 127.0.0.1."""
    certificate: str
    """Path of the certificate that it shows."""
    key: str
    authority: str
    """Path of the authority whose certificates its callers must show; empty where anybody may call."""
    registry: str
    """Path of the registry of images."""
    network: str
    """The pods' addresses are `<network>.1` and so on, and on loopback."""
    reported: str = "127"
    """The first number of a pod's address as the API is told it: a real one takes no pod on loopback."""
    node: str = "sandbox-node"

    def write(self, path: Path) -> None:
        """Write the settings for `read`."""
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))
