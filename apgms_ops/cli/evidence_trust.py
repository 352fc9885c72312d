"""Where the commands about evidence find an environment's file; the running sandbox has its own copy."""

import os
from pathlib import Path

from apgms_ops.environment.loading import find, folder_of_environments
from apgms_ops.sandbox import location

_SANDBOX = "sandbox"


def environment_file(name: str, environments: str | None) -> Path:
    """Return the file of an environment; of the sandbox the running one's copy, with its key and authority filled in.

    Raises:
        EnvironmentInvalid: There is none.
    """
    path = find(name, folder_of_environments(environments, os.environ, Path.cwd()))
    running = location.root(os.environ) / path.name
    return running if path.stem == _SANDBOX and running.is_file() else path.resolve()
