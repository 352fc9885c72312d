"""Evidence that people supply, a policy or a certificate: who answers for it, until when, and its file's digest."""

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from apgms_ops.compliance.controls import load_controls
from apgms_ops.environment.loading import read_as
from apgms_ops.environment.types import Model, Name, Seq, Text, Zoned
from apgms_ops.errors import ConfigurationError

FILE: Final = "controls.toml"
_CHUNK: Final = 1 << 20


class Supplied(Model):
    """One document."""

    control: Name
    """Which control it evidences."""
    title: Text
    """What it is."""
    owner: Text
    """Who answers for it."""
    file: Text
    """Where it lies, relative to the folder of environment files."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Of its content when it was registered."""
    issued: Zoned
    """When it was registered."""
    expires: Zoned
    """First moment at which it is no evidence any more."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        names = load_controls().names
        if self.control not in names:
            msg = f"control: one of {', '.join(names)}"
            raise ValueError(msg)
        if self.issued >= self.expires:
            msg = "expires: later than issued"
            raise ValueError(msg)
        if PurePosixPath(self.file).is_absolute():
            msg = "file: relative to the folder of environment files"
            raise ValueError(msg)
        return self

    def trouble(self, folder: Path, at: datetime) -> str:
        """Return why it is no evidence at `at`; empty where it is.

        Args:
            folder: The folder of environment files.
            at: The present (aware).
        """
        if at >= self.expires:
            return f"expired at {self.expires.isoformat()}"
        try:
            digest = file_digest(folder / self.file)
        except OSError as error:
            return f"{self.file} cannot be read: {error.strerror}"
        return "" if digest == self.sha256 else f"{self.file} is not the file that was registered (it was changed)"


class ControlsFile(Model):
    """What a site adds to the packaged controls."""

    supplied: Seq[Supplied] = ()


def load_supplied(folder: Path) -> tuple[Supplied, ...]:
    """Return what was supplied by hand; nothing where there is no such file.

    Raises:
        EnvironmentInvalid: The file is malformed.
    """
    path = folder / FILE
    return read_as(path, ControlsFile).supplied if path.exists() else ()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises:
        OSError: It cannot be read.
    """
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            hashed.update(chunk)
    return hashed.hexdigest()


def register(folder: Path, document: Path, told: Mapping[str, str], issued: datetime, expires: datetime) -> Supplied:
    """Add a document to the site's file; whole or not at all, and beside whoever does the same at once.

    Args:
        folder: The folder of environment files.
        document: The file.
        told: `control`, `title` and `owner`.
        issued: The present (aware).
        expires: First moment at which it is no evidence any more.

    Raises:
        ConfigurationError: The document is empty or cannot be read, or something that was told cannot be used.
    """
    try:
        if document.stat().st_size == 0:
            msg = f"{document}: empty, which is evidence of nothing"
            raise ConfigurationError(msg)
        digest = file_digest(document)
    except OSError as error:
        msg = f"{document}: cannot be read: {error.strerror}"
        raise ConfigurationError(msg) from error
    file = os.path.relpath(document.resolve(), folder.resolve())
    values = {**told, "file": file, "sha256": digest}
    if not all(value.isprintable() for value in values.values()):
        msg = "a title, an owner and the name of a file are one line of text"
        raise ConfigurationError(msg)
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    lines += [f"issued = {issued.isoformat()}", f"expires = {expires.isoformat()}"]
    path = folder / FILE
    draft = path.with_name(f".{FILE}.draft.toml")
    try:
        with (folder / f".{FILE}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = path.read_text(encoding="utf-8") if path.exists() else ""
            draft.write_text(
                "\n".join([before.rstrip("\n"), "", "[[supplied]]", *lines, ""]).lstrip("\n"), encoding="utf-8"
            )
            try:
                added = read_as(draft, ControlsFile).supplied[-1]
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
    except OSError as error:
        msg = f"{path}: cannot be written: {error.strerror}"
        raise ConfigurationError(msg) from error
    return added
