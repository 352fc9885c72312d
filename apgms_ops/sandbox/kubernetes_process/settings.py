"""What the process is told at its start."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from apgms_ops.sandbox.kubernetes_process.kinds import Object


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to listen, who is known, and what is there from the beginning. Written by the component, as JSON."""

    port: int
    control_port: int
    users: dict[str, tuple[str, tuple[str, ...]]]
    """Token → name and groups. It is why the file is private."""
    objects: list[Object] = field(default_factory=list)
    """What is stored at the start: roles and their bindings, namespaces."""
    uid: str = ""
    """The UID of namespace kube-system, which is this cluster's identity; by default another one each time."""
    snapshot: str = ""
    """The file that everything is kept in while the process is stopped; empty: it is forgotten."""
    kubelet_certificate: tuple[str, str] | None = None
    """The files of certificate and key that kubelets know us by, where they ask."""
    node_grace: float = 40.0
    """Seconds without a heartbeat after which a node is no longer taken to be ready."""

    def write(self, path: Path) -> None:
        """Write the settings for `read`; the file is this user's alone."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))
