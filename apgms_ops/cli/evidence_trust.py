"""Where the commands about evidence find an environment's file, and whom it believes.

The running sandbox has its own copy of its file.
"""

import os
from pathlib import Path

from apgms_ops.environment.evidence import Evidence
from apgms_ops.environment.loading import find, folder_of_environments, known, load
from apgms_ops.environment.model import Environment
from apgms_ops.errors import ConfigurationError
from apgms_ops.evidence import chain, trust
from apgms_ops.evidence.survey import Belief
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


def belief(name: str, runs: Path) -> Belief:
    """Return whom the file of an environment believes, and where its chain is; where that cannot be had, why.

    Args:
        name: The environment; as a run's folder has it, so that it may be anything.
        runs: The folder of runs, beside which the chain is where no other place is declared.
    """
    beside = chain.path_of(chain.folder_of(None, runs, runs), name)
    folder = folder_of_environments(None, os.environ, Path.cwd())
    try:
        # A name is looked for among those that there are: `find` would take some for paths.
        if name not in known(folder):
            return Belief(None, f"there is no file of an environment {name} in {folder.name}/", beside)
        path = environment_file(name, None)
        if name == _SANDBOX and path.parent == folder.resolve():
            return Belief(None, "the sandbox is not running, and its file names the key only while it is", beside)
        environment = load(path)
        if environment.name != name:
            return Belief(None, f"{path.name} is the file of an environment {environment.name}", beside)
    except ConfigurationError as error:
        return Belief(None, str(error), beside)
    place = chain.path_of(chain.folder_of(_declared(environment), runs, runs.resolve().parent.parent), name)
    try:
        return Belief(trust.of_environment(environment, path.parent), "", place)
    except ConfigurationError as error:
        return Belief(None, str(error), place)


def _declared(environment: Environment) -> str | None:
    """Return the folder of chains that an environment declares."""
    return environment.evidence.chain if isinstance(environment.evidence, Evidence) else None
