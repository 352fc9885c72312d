"""`pgbackrest verify`, as 2.45 prints it: it exits 0 whatever it found."""

import pytest

from apgms_ops.clients.pgbackrest import verification
from apgms_ops.errors import BadAnswer

GOOD = """stanza: apgms
status: ok
  archiveId: 15-1, total WAL checked: 10, total valid WAL: 10
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: 20261127-045041F, status: valid, total files checked: 1296, total valid files: 1296
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
"""
ROTTEN = GOOD.replace("status: ok", "status: error").replace(
    "20261127-045041F, status: valid, total files checked: 1296, total valid files: 1296\n"
    "    missing: 0, checksum invalid: 0",
    "20261127-045041F, status: invalid, total files checked: 1296, total valid files: 1295\n"
    "    missing: 0, checksum invalid: 1",
)


def test_a_sound_repository_has_no_problem() -> None:
    """All that was checked is valid, archive and backup, and it says ok."""
    found = verification.parse(GOOD, "apgms")
    assert [(one.name, one.backup, one.checked, one.sound) for one in found.examined] == [
        ("15-1", False, 10, True),
        ("20261127-045041F", True, 1296, True),
    ]
    assert list(found.problems()) == []


def test_a_rotten_file_is_told_of() -> None:
    """A file with a wrong checksum is a problem of its backup, which is named with how many are valid."""
    assert list(verification.parse(ROTTEN, "apgms").problems()) == [
        "backup 20261127-045041F is invalid: 1295 of 1296 files are valid (1 with a wrong checksum)",
        "pgbackrest verify says: status: error",
    ]


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("status: ok", "status: error", "status: error"),
        ("total valid WAL: 10", "total valid WAL: 9", "archive 15-1: 9 of 10"),
        ("WAL checked: 10, total valid WAL: 10", "WAL checked: 0, total valid WAL: 0", "archive 15-1: 0 of 0"),
        ("status: valid", "status: in-progress", None),
        ("status: valid", "status: in progress", "is in progress"),
        ("missing: 0", "missing: 1", "1 missing"),
        ("    missing: 0, checksum invalid: 0, size invalid: 0, other: 0\n", "", "nothing is said of what is bad"),
        ("status: ok\n", "status: ok\n  ERROR: [082]: something\n", "ERROR: [082]: something"),
    ],
)
def test_whatever_is_not_plainly_good_is_a_problem(before: str, after: str, problem: str | None) -> None:
    """Each way of not being whole is told of, and so is a line that nobody knows, though it says ok."""
    found = list(verification.parse(GOOD.replace(before, after, 1), "apgms").problems())
    assert found
    assert problem is None or any(problem in one for one in found)


def test_nothing_examined_is_not_sound() -> None:
    """A repository of which nothing was looked at is none that is sound."""
    found = verification.parse("stanza: apgms\nstatus: ok\n", "apgms")
    assert list(found.problems()) == ["no backup was examined", "no archive of the write-ahead log was examined"]


@pytest.mark.parametrize("text", ["", "status: ok\n", "stanza: other\nstatus: ok\n", "stanza: apgms\n", GOOD + GOOD])
def test_what_does_not_say_how_it_ended_is_refused(text: str) -> None:
    """Silence is what an older pgBackRest prints over anything: it is no answer."""
    with pytest.raises(BadAnswer, match="does not say how apgms is"):
        verification.parse(text, "apgms")
