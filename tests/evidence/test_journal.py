"""The journal of a walk: on the disk before what it tells of, locked while its process lives."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apgms_ops.evidence.journal import HOLDING, RELEASED, TRYING, Journal, left_behind


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal of a walk in the environment `toy`."""
    (tmp_path / "run").mkdir()
    it = Journal.begin(tmp_path / "run", "0123456789ab", "toy")
    yield it
    it.close()


def held(tmp_path: Path) -> list[tuple[str, ...]]:
    """Return what each dead walk holds."""
    found = list(left_behind(tmp_path, "toy"))
    for dead in found:
        dead.journal.close()
    return [dead.holds for dead in found]


def test_a_living_walk_is_not_found(journal: Journal, tmp_path: Path) -> None:
    """A journal whose process lives is locked, and passed over."""
    journal.note(holding="1")
    assert held(tmp_path) == []


def test_a_dead_walk_is_found_with_what_it_holds(journal: Journal, tmp_path: Path) -> None:
    """Of a walk that died: what it held and had not given back, and what it was about to take."""
    for entry in ({TRYING: "1"}, {RELEASED: "1"}, {TRYING: "2"}, {HOLDING: "2"}, {TRYING: "3"}):
        journal.note(**entry)
    journal.close()
    assert held(tmp_path) == [("2", "3")]


def test_what_was_given_back_is_not_held(journal: Journal, tmp_path: Path) -> None:
    """What a walk had given back before it died is nobody's."""
    for entry in ({TRYING: "2"}, {HOLDING: "2"}, {RELEASED: "2"}):
        journal.note(**entry)
    journal.close()
    assert held(tmp_path) == [()]


def test_a_walk_of_another_environment_is_left_alone(journal: Journal, tmp_path: Path) -> None:
    """The journal of another environment's walk is not read as ours."""
    journal.close()
    assert list(left_behind(tmp_path, "production")) == []
    assert journal.path.exists()


def test_who_finds_it_first_has_it(journal: Journal, tmp_path: Path) -> None:
    """Of two runs that look for dead walks, one finds it: its journal stays locked until it is done."""
    journal.close()
    (first,) = left_behind(tmp_path, "toy")
    assert list(left_behind(tmp_path, "toy")) == []
    first.journal.finish()
    assert not journal.path.exists()
    assert list(left_behind(tmp_path, "toy")) == []


def test_the_line_that_it_died_in_is_passed_over(journal: Journal, tmp_path: Path) -> None:
    """A last line that was cut off says nothing; those before it count."""
    journal.note(holding="2")
    journal.close()
    with journal.path.open("ab") as file:
        file.write(b'{"released": "2')
    assert held(tmp_path) == [("2",)]


def test_one_that_is_being_begun_is_left_alone(tmp_path: Path) -> None:
    """A journal without its first line is somebody's who begins just now."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "walk-x.jsonl").touch()
    assert list(left_behind(tmp_path, "toy")) == []
    assert (tmp_path / "run" / "walk-x.jsonl").exists()
