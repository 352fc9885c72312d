"""Who may ask the sandbox's Kubernetes API: its users, their tokens, and the groups that have roles."""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.platform import TEMPLATE
from apgms_ops.sandbox.state import write_atomically
from apgms_ops.sandbox.world import World

NAME: Final = "kubernetes"
"""The component, whose folder holds the tokens."""
READER: Final = "sandbox-reader"
"""As whom the checks ask."""
OPERATOR: Final = "sandbox-operator"
ADMIN: Final = "sandbox-admin"
EXPORTER: Final = "sandbox-exporter"
"""The reader that somebody let run commands in the exporter's pod, and so in every pod of the namespace."""
NODE: Final = "sandbox-node"
"""The node; as a user it is `system:node:sandbox-node`."""
_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    READER: ("apgms-ops:reader", "apgms-ops:exec-postgres"),
    EXPORTER: ("apgms-ops:reader", "apgms-ops:exec-postgres", "apgms-ops:exec-exporter"),
    OPERATOR: ("apgms-ops:reader", "apgms-ops:operator"),
    ADMIN: ("system:masters",),
    NODE: ("system:nodes",),
}
_NAMES: Final = {NODE: f"system:node:{NODE}"}
"""Users whose name is not that of their context."""


@dataclass(frozen=True, slots=True)
class User:
    """One who may ask."""

    context: str
    """The context of the kubeconfig."""
    name: str
    groups: tuple[str, ...]
    token: str = field(repr=False)


def users(world: World) -> tuple[User, ...]:
    """Return the users of this sandbox; their tokens are made the first time."""
    path = world.folder(NAME) / "tokens.json"
    if not path.exists():
        write_atomically(path, json.dumps({context: secrets.token_urlsafe(24) for context in _GROUPS}))
    tokens = json.loads(path.read_text(encoding="utf-8"))
    return tuple(User(name, _NAMES.get(name, name), groups, tokens[name]) for name, groups in _GROUPS.items())


def roles(world: World) -> list[dict[str, Any]]:
    """Return the objects of deploy/rbac.yaml, as they stand there.

    Raises:
        SandboxError: The file cannot be read.
    """
    import yaml  # noqa: PLC0415 — read once a start

    path = Path(world.get(TEMPLATE)).parent.parent / "deploy" / "rbac.yaml"
    try:
        return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]
    except (OSError, yaml.YAMLError) as error:
        msg = f"{path} cannot be read: {error}"
        raise SandboxError(msg) from error
