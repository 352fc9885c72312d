"""Free TCP ports on 127.0.0.1, never the same one for two sandboxes side by side."""

import json
import random
import socket
from pathlib import Path

from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.state import FILE, locked, write_atomically

# Below the range from which Linux takes the source ports of outgoing connections (32768 up, by default): a port there
# may be in use by some client in the moment its server restarts.
_CANDIDATES = range(20000, 32000)
_TRIES = 400


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free to servers
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _reserved(register: Path) -> dict[str, str]:
    """Return port → root folder of the sandboxes that still exist; a register that cannot be read reserves nothing."""
    try:
        entries = json.loads(register.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(entries, dict):
        return {}
    return {port: root for port, root in entries.items() if isinstance(root, str) and (Path(root) / FILE).is_file()}


def reserve(register: Path, root: Path, choose: random.Random) -> int:
    """Pick a port that nobody listens on and no other sandbox was given.

    Args:
        register: The file, shared by the sandboxes of this user, that says which port is whose.
        root: The sandbox's folder.
        choose: Where the order of candidates comes from.

    Raises:
        SandboxError: No candidate is free.
    """
    with locked(register.with_suffix(".lock")):
        reserved = _reserved(register)
        for port in choose.sample(_CANDIDATES, _TRIES):
            if str(port) not in reserved and _free(port):
                write_atomically(register, json.dumps(reserved | {str(port): str(root)}))
                return port
    msg = f"no free port on 127.0.0.1 among {_TRIES} tried between {_CANDIDATES.start} and {_CANDIDATES.stop}"
    raise SandboxError(msg)


def release(register: Path, root: Path) -> None:
    """Give back every port of a sandbox."""
    with locked(register.with_suffix(".lock")):
        left = {port: owner for port, owner in _reserved(register).items() if owner != str(root)}
        write_atomically(register, json.dumps(left))
