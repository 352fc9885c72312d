"""`pgbackrest info`, as 2.45 prints it, and as it must not."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from apgms_ops.clients.pgbackrest import Code, Kind, parse
from apgms_ops.errors import BadAnswer

FULL = "20261127-045041F"
INCR = f"{FULL}_20261127-045046I"


def backup(label: str, kind: str, **other: object) -> dict[str, Any]:
    """Return an entry as it is printed."""
    return {
        "archive": {"start": "000000010000000000000003", "stop": "000000010000000000000004"},
        "backrest": {"format": 5, "version": "2.45"},
        "database": {"id": 1, "repo-key": 1},
        "error": False,
        "info": {"delta": 30840797, "repository": {"delta": 6083360, "size": 6083360}, "size": 30840797},
        "label": label,
        "lsn": {"start": "0/3000028", "stop": "0/4000050"},
        "prior": None,
        "reference": None,
        "timestamp": {"start": 1795755041, "stop": 1795755042},
        "type": kind,
        **other,
    }


INFO: list[dict[str, Any]] = [
    {
        "archive": [
            {
                "database": {"id": 1, "repo-key": 1},
                "id": "15-1",
                "max": "00000001000000000000000A",
                "min": "000000010000000000000001",
            }
        ],
        "backup": [
            backup(FULL, "full"),
            backup(INCR, "incr", prior=FULL, reference=[FULL], timestamp={"start": 1795755046, "stop": 1795755047}),
        ],
        "cipher": "aes-256-cbc",
        "db": [{"id": 1, "repo-key": 1, "system-id": 7712709137894027456, "version": "15"}],
        "name": "apgms",
        "repo": [{"cipher": "aes-256-cbc", "key": 1, "status": {"code": 0, "message": "ok"}}],
        "status": {"code": 0, "lock": {"backup": {"held": False}}, "message": "ok"},
    }
]


def info() -> list[dict[str, Any]]:
    """Return an answer that may be changed."""
    return copy.deepcopy(INFO)


def test_what_is_printed_is_understood() -> None:
    """Each backup has its kind, times, segments and what it is made of; the cluster its system identifier as text."""
    found = parse.stanza(json.dumps(INFO), "apgms")
    assert [(one.label, one.kind, one.references, one.page_errors) for one in found.backups] == [
        (FULL, Kind.FULL, (), False),
        (INCR, Kind.INCREMENTAL, (FULL,), False),
    ]
    assert found.backups[0].stopped == datetime(2026, 11, 27, 4, 50, 42, tzinfo=UTC)
    assert found.databases[0].system_id == "7712709137894027456"
    assert (found.archives[0].id, found.archives[0].newest) == ("15-1", "00000001000000000000000A")
    assert found.status.code is Code.OK


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.UNKNOWN])
def test_every_status_code_is_known(code: Code) -> None:
    """Each code that pgBackRest has is read as what it says."""
    said = info()
    said[0]["status"]["code"] = code.value
    assert parse.stanza(json.dumps(said), "apgms").status.code is code


def test_a_status_code_that_is_new_is_unknown() -> None:
    """A code that nobody knows yet is not taken for one that is known, least of all for ok."""
    said = info()
    said[0]["repo"][0]["status"] = {"code": 7, "message": "something new"}
    status = parse.stanza(json.dumps(said), "apgms").repositories[0].status
    assert (status.code, status.number, status.message) == (Code.UNKNOWN, 7, "something new")


def test_an_absent_error_is_not_none() -> None:
    """A backup that does not say whether pages failed is one of which nobody knows."""
    said = info()
    del said[0]["backup"][0]["error"]
    assert parse.stanza(json.dumps(said), "apgms").backups[0].page_errors is None


def test_a_stanza_without_anything_is_one_without_backups() -> None:
    """A stanza that is not there is named with a status of its own, and with no backup."""
    status = {"code": 1, "message": "missing stanza path"}
    said = [
        {"archive": [], "backup": [], "cipher": "none", "db": [], "name": "apgms",
         "repo": [{"cipher": "none", "key": 1, "status": status}],
         "status": {**status, "lock": {"backup": {"held": False}}}}
    ]  # fmt: skip
    found = parse.stanza(json.dumps(said), "apgms")
    assert (found.status.code, found.backups) == (Code.MISSING_STANZA_PATH, ())


def test_what_it_quotes_cannot_write_to_the_terminal() -> None:
    """What pgBackRest quotes of a file that it could not decrypt is made printable."""
    said = info()
    said[0]["repo"][0]["status"] = {"code": 99, "message": "line 1: \x1b]0;owned\x07\n\x00"}
    message = parse.stanza(json.dumps(said), "apgms").repositories[0].status.message
    assert message.isprintable()


def changed(path: str, value: object) -> str:
    """Return the answer with something else at a place."""
    said: Any = info()
    *parents, last = path.split("/")
    place = said
    for part in parents:
        place = place[int(part) if part.isdigit() else part]
    place[int(last) if last.isdigit() else last] = value
    return json.dumps(said)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        "<html>log in</html>",
        json.dumps([*INFO, *INFO]),
        changed("0/name", "another"),
        changed("0/backup", None),
        changed("0/backup/0/label", "../../etc"),
        changed("0/backup/0/type", "weekly"),
        changed("0/backup/0/error", "no"),
        changed("0/backup/0/timestamp/stop", "now"),
        changed("0/backup/0/timestamp/stop", 10**30),
        changed("0/backup/0/timestamp/stop", value=True),
        changed("0/backup/0/archive/start", "WAL"),
        changed("0/backup/1/reference", ["F"]),
        changed("0/archive/0/id", "../15-1"),
        changed("0/archive/0/max", 7),
        changed("0/db/0/system-id", "x"),
        changed("0/repo/0/status", None),
        changed("0/status/lock", {}),
    ],
)
def test_what_is_malformed_is_refused(text: str) -> None:
    """An answer that lacks something, or has it in another shape, is an error and never an empty history."""
    with pytest.raises(BadAnswer):
        parse.stanza(text, "apgms")
