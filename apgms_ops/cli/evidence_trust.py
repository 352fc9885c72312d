"""Whom the commands about evidence believe, and where they find an environment's file; the sandbox has its own copy."""

import argparse
import os
from pathlib import Path

from apgms_ops.environment.loading import find, folder_of_environments, load
from apgms_ops.errors import ConfigurationError
from apgms_ops.evidence import trust
from apgms_ops.evidence.trust import Trust
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


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add the options by which a verifier says whom to believe."""
    trusted = "whom to believe: a PEM file with a public key that seals, or with an authority's certificates"
    parser.add_argument("--trust", metavar="FILE", type=Path, action="append", default=[], help=trusted)
    parser.add_argument("--env", metavar="NAME", help="only runs of this environment, by the keys that its file trusts")
    parser.add_argument("--environments", metavar="DIR", help="folder of environment files")
    parser.add_argument("--require-timestamp", action="store_true", help="a run that nobody dated does not hold")


def trust_of(arguments: argparse.Namespace) -> Trust:
    """Return whom to believe, as those options say.

    Raises:
        ConfigurationError: They name nobody, or a file that cannot be used.
    """
    timed: bool = arguments.require_timestamp
    if arguments.env is None:
        if not arguments.trust:
            msg = "say whom to believe: --trust FILE (a public key, got from the people themselves) or --env NAME"
            raise ConfigurationError(msg)
        return trust.of_files(arguments.trust, require_timestamp=timed)
    path = environment_file(arguments.env, arguments.environments)
    environment = load(path)
    if not arguments.trust:
        return trust.of_environment(environment, path.parent, require_timestamp=timed)
    return trust.of_files(arguments.trust, environment.name, require_timestamp=timed)
