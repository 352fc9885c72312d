"""A playbook's file, and the words that it may use."""

import tomllib
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError, field_validator

from apgms_ops.environment.types import Model, Name, Seq, Text
from apgms_ops.errors import ConfigurationError
from apgms_ops.redact import printable

_LARGEST: Final = 64 * 1024


class Precondition(StrEnum):
    """What must hold before anything is done."""

    REPLICA_FOLLOWS = "replica_follows"
    ONE_PRIMARY_NOW = "one_primary_now"
    REPLICA_REGION_ONSHORE = "replica_region_onshore"
    REPLICA_LAG_BELOW_RPO = "replica_lag_below_rpo"


class Step(StrEnum):
    """What is done."""

    TERRAFORM_APPLY = "terraform_apply"


class Verification(StrEnum):
    """What must hold afterwards."""

    EXACTLY_ONE_PRIMARY = "exactly_one_primary_accepts_writes"
    SERVICES_USE_IT = "services_use_it"


class Playbook(Model):
    """What is done about one kind of incident."""

    name: Name
    """What it is called; its file is called so as well."""
    does: Text
    """After "this": "fails the database over"."""
    preconditions: Annotated[Seq[Precondition], Field(min_length=1)]
    """What must hold before anything is done."""
    steps: Annotated[Seq[Step], Field(min_length=1, max_length=1)]
    """What is done."""
    verification: Annotated[Seq[Verification], Field(min_length=1)]
    """What must hold afterwards."""

    @field_validator("preconditions", "steps", "verification", mode="before")
    @classmethod
    def _words(cls, value: object, info: object) -> object:
        kind = {"preconditions": Precondition, "steps": Step, "verification": Verification}[
            str(getattr(info, "field_name", ""))
        ]
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            msg = "expected a list of words"
            raise ValueError(msg)
        known = [str(word) for word in kind]
        unknown = [word for word in value if word not in known]
        if unknown:
            msg = f"{printable(unknown[0], limit=60)} is not known; known: {', '.join(known)}"
            raise ValueError(msg)
        if len(set(value)) != len(value):
            msg = "a word stands there twice"
            raise ValueError(msg)
        return tuple(kind(word) for word in value)


def packaged(name: str) -> Playbook:
    """Return a playbook that comes with the package.

    Raises:
        ConfigurationError: There is none of this name.
    """
    file = files("apgms_ops.incidents.playbooks").joinpath(f"{name}.toml")
    if not file.is_file():
        msg = f"there is no playbook {printable(name, limit=60)}"
        raise ConfigurationError(msg)
    return _parsed(file.read_text(encoding="utf-8"), f"playbook {name}", name)


def load(path: Path, name: str) -> Playbook:
    """Read a playbook from a file.

    Raises:
        ConfigurationError: It cannot be read, or is no playbook of that name.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1).decode()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: the playbook cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}"
        raise ConfigurationError(msg) from error
    if len(text) > _LARGEST:
        msg = f"{path}: the playbook is longer than {_LARGEST >> 10} KiB"
        raise ConfigurationError(msg)
    return _parsed(text, str(path), name)


def _parsed(text: str, where: str, name: str) -> Playbook:
    try:
        playbook = Playbook.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        msg = f"{where}: {error}"
        raise ConfigurationError(msg) from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()
        )
        msg = f"{where}: {printable(problems, limit=800)}"
        raise ConfigurationError(msg) from None
    if playbook.name != name:
        msg = f"{where}: its name is {playbook.name}, and {name} is asked for"
        raise ConfigurationError(msg)
    return playbook
