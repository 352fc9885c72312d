"""Whom the commands about evidence believe, and where they find an environment's file; the sandbox has its own copy."""

import argparse
import os
from dataclasses import replace
from pathlib import Path

from apgms_ops.environment.evidence import Evidence
from apgms_ops.environment.loading import find, folder_of_environments, known, load
from apgms_ops.environment.model import Environment
from apgms_ops.errors import ConfigurationError
from apgms_ops.evidence import chain, trust
from apgms_ops.evidence.survey import Belief
from apgms_ops.evidence.trust import Trust
from apgms_ops.sandbox import location

_SANDBOX = "sandbox"


def environment_file(name: str, environments: str | None) -> Path:
    """Return the file of an environment; of the sandbox the running one's copy, with its key and authority filled in.

    A file that is named by its path, and is not the sandbox's template, is that file: the copy of one sandbox is never
    taken for that of another.

    Raises:
        EnvironmentInvalid: There is none.
    """
    folder = folder_of_environments(environments, os.environ, Path.cwd())
    path = find(name, folder)
    running = location.root(os.environ) / path.name
    template = path.stem == _SANDBOX and path.resolve().parent == folder.resolve()
    return running if template and running.is_file() else path.resolve()


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add the options by which a verifier says whom to believe."""
    trusted = (
        "whom to believe: a PEM file with a public key that seals, or with an authority's certificates, or a JSON file "
        "with the keys of an issuer of identity tokens (a JWK set)"
    )
    parser.add_argument("--trust", metavar="FILE", type=Path, action="append", default=[], help=trusted)
    parser.add_argument("--env", metavar="NAME", help="only runs of this environment, by the keys that its file trusts")
    parser.add_argument("--environments", metavar="DIR", help="folder of environment files")
    parser.add_argument("--require-timestamp", action="store_true", help="a run that nobody dated does not hold")
    proven = "a run of which it is not proven who ran it does not hold"
    parser.add_argument("--require-identity", action="store_true", help=proven)


def trust_of(arguments: argparse.Namespace) -> Trust:
    """Return whom to believe, as those options say.

    Raises:
        ConfigurationError: They name nobody, or a file that cannot be used.
    """
    found = _believed(arguments)
    return replace(found, identity=replace(found.identity, required=arguments.require_identity))


def _believed(arguments: argparse.Namespace) -> Trust:
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
    found = trust.of_files(arguments.trust, environment.name, require_timestamp=timed)
    return replace(found, identity=replace(found.identity, repositories=trust.repositories_of(environment)))


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
