"""`pgbackrest info --output=json` made facts. Pure. It exits 0 whatever it found, so nothing is taken on trust."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Never

from apgms_ops.clients.pgbackrest.facts import Archive, Backup, Code, Database, Kind, Repository, Stanza, Status
from apgms_ops.errors import BadAnswer
from apgms_ops.redact import printable

_SEGMENT: Final = re.compile(r"[0-9A-F]{24}")
_LABEL: Final = re.compile(r"[0-9]{8}-[0-9]{6}F(_[0-9]{8}-[0-9]{6}[DI])?")
_ARCHIVE: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?-[0-9]{1,6}")
_MESSAGE: Final = 300
"""Characters of what it says of an error; it may quote what it could not decrypt."""


def stanza(text: str, name: str) -> Stanza:
    """Return what is known of a stanza.

    Raises:
        BadAnswer: It is malformed, or of other stanzas.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        msg = f"pgbackrest info: not JSON ({type(error).__name__}), but {printable(text, limit=120)}"
        raise BadAnswer(msg) from error
    if not isinstance(data, list):
        _refuse("the answer", "a list of stanzas")
    found = [entry for entry in data if isinstance(entry, Mapping) and entry.get("name") == name]
    if len(found) != 1 or len(data) != 1:
        msg = f"pgbackrest info: {len(data)} stanzas came where {name} alone was asked for"
        raise BadAnswer(msg)
    return _stanza(found[0])


def _stanza(said: Mapping[str, Any]) -> Stanza:
    lock = _mapping(_mapping(said, "status", "the stanza"), "lock", "status")
    return Stanza(
        name=_text(said, "name", "the stanza"),
        status=_status(said, "the stanza"),
        cipher=_text(said, "cipher", "the stanza"),
        repositories=tuple(_repository(entry) for entry in _list(said, "repo")),
        databases=tuple(_database(entry) for entry in _list(said, "db")),
        archives=tuple(_archive(entry) for entry in _list(said, "archive")),
        backups=tuple(sorted((_backup(entry) for entry in _list(said, "backup")), key=lambda one: one.stopped)),
        backing_up=_truth(_mapping(lock, "backup", "lock"), "held", "lock"),
    )


def _status(said: Mapping[str, Any], where: str) -> Status:
    status = _mapping(said, "status", where)
    number = _number(status, "code", where)
    known = {code.value: code for code in Code if code is not Code.UNKNOWN}
    message = printable(_text(status, "message", where), limit=_MESSAGE)
    return Status(known.get(number, Code.UNKNOWN), number, message)


def _repository(said: Mapping[str, Any]) -> Repository:
    return Repository(_number(said, "key", "repo"), _text(said, "cipher", "repo"), _status(said, "repo"))


def _database(said: Mapping[str, Any]) -> Database:
    return Database(
        id=_number(said, "id", "db"),
        repository=_number(said, "repo-key", "db"),
        system_id=str(_number(said, "system-id", "db")),
        version=_text(said, "version", "db"),
    )


def _archive(said: Mapping[str, Any]) -> Archive:
    database = _mapping(said, "database", "archive")
    identifier = _text(said, "id", "archive")
    if not _ARCHIVE.fullmatch(identifier):
        _refuse("archive: id", "such as 15-1")
    return Archive(
        id=identifier,
        database=_number(database, "id", "archive"),
        repository=_number(database, "repo-key", "archive"),
        oldest=_segment(said.get("min"), "archive: min"),
        newest=_segment(said.get("max"), "archive: max"),
    )


def _backup(said: Mapping[str, Any]) -> Backup:
    where = "backup"
    database, archive = _mapping(said, "database", where), _mapping(said, "archive", where)
    times, info = _mapping(said, "timestamp", where), _mapping(said, "info", where)
    kind = _text(said, "type", where)
    if kind not in {one.value for one in Kind}:
        _refuse("backup: type", "full, diff or incr")
    error = said.get("error")
    if error is not None and not isinstance(error, bool):
        _refuse("backup: error", "true or false")
    prior, references = said.get("prior"), said.get("reference")
    return Backup(
        label=_label(said.get("label"), "label"),
        kind=Kind(kind),
        database=_number(database, "id", where),
        repository=_number(database, "repo-key", where),
        started=_time(times, "start"),
        stopped=_time(times, "stop"),
        first_segment=_segment(archive.get("start"), "backup: archive.start"),
        last_segment=_segment(archive.get("stop"), "backup: archive.stop"),
        prior=None if prior is None else _label(prior, "prior"),
        references=() if references is None else tuple(_label(one, "reference") for one in _list(said, "reference")),
        page_errors=error,
        size=_number(info, "size", where),
        stored=_number(_mapping(info, "repository", where), "delta", where),
    )


def _label(said: object, where: str) -> str:
    if not isinstance(said, str) or not _LABEL.fullmatch(said):
        _refuse(f"backup: {where}", "a label such as 20261127-045041F")
    return said


def _segment(said: object, where: str) -> str | None:
    if said is None:
        return None
    if not isinstance(said, str) or not _SEGMENT.fullmatch(said):
        _refuse(where, "the name of a segment")
    return said


def _time(said: Mapping[str, Any], key: str) -> datetime:
    try:
        return datetime.fromtimestamp(_number(said, key, "backup: timestamp"), UTC)
    except (OverflowError, OSError, ValueError):
        _refuse(f"backup: timestamp.{key}", "seconds since 1970")


def _mapping(said: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = said.get(key)
    if not isinstance(value, Mapping):
        _refuse(f"{where}: {key}", "an object")
    return value


def _list(said: Mapping[str, Any], key: str) -> list[Any]:
    value = said.get(key)
    if not isinstance(value, list) or (key != "reference" and not all(isinstance(entry, Mapping) for entry in value)):
        _refuse(key, "a list of objects")
    return value


def _text(said: Mapping[str, Any], key: str, where: str) -> str:
    value = said.get(key)
    if not isinstance(value, str) or not value:
        _refuse(f"{where}: {key}", "text")
    return printable(value, limit=_MESSAGE) if key != "message" else value


def _number(said: Mapping[str, Any], key: str, where: str) -> int:
    value = said.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        _refuse(f"{where}: {key}", "a whole number")
    return value


def _truth(said: Mapping[str, Any], key: str, where: str) -> bool:
    value = said.get(key)
    if not isinstance(value, bool):
        _refuse(f"{where}: {key}", "true or false")
    return value


def _refuse(where: str, expected: str) -> Never:
    msg = f"pgbackrest info is malformed: {where}: {expected} expected"
    raise BadAnswer(msg)
