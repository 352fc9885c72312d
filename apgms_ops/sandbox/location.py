"""Where the state of a sandbox is kept."""

import re
from collections.abc import Mapping
from pathlib import Path

from apgms_ops.errors import ConfigurationError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


def root(environ: Mapping[str, str], name: str | None = None) -> Path:
    """Return the state folder: $APGMS_SANDBOX, or `apgms-ops/sandbox` in $XDG_STATE_HOME or ~/.local/state.

    Args:
        environ: The environment variables.
        name: Tells several sandboxes side by side apart; it is added to the folder's name.

    Raises:
        ConfigurationError: The name could not be part of a folder's name.
    """
    if name is not None and not _NAME.fullmatch(name):
        msg = f"the name of a sandbox consists of up to 31 of a-z, 0-9 and -, unlike {name!r}"
        raise ConfigurationError(msg)
    given = environ.get("APGMS_SANDBOX")
    state = Path(environ.get("XDG_STATE_HOME") or "~/.local/state")
    base = (Path(given) if given else state / "apgms-ops" / "sandbox").expanduser().absolute()
    return base if name is None else base.with_name(f"{base.name}-{name}")
