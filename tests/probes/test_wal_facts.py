"""The archive of the write-ahead log: a gap shows, whatever else is said."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apgms_ops.environment.types import Limit
from apgms_ops.errors import BadAnswer
from apgms_ops.probes.wal_facts import Archiver, Kept, Timeline, WalArchive
from apgms_ops.probes.wal_segments import Run, Segment, runs

NOW = datetime(2026, 11, 27, 5, 0, tzinfo=UTC)
SIZE = 16 * 1024 * 1024
MINUTE = Limit(value=timedelta(minutes=1), source="test")
FOUR = Limit(value=4, source="test")


def archive(
    timelines: dict[int, set[int]],
    *,
    needed: int = 3,
    ago: timedelta = timedelta(seconds=5),
    **said: Any,  # noqa: ANN401 — what the primary says
) -> WalArchive:
    """Return an archive that holds these segments; the primary is one ahead of the newest."""
    last = max(((number, timeline) for timeline, kept in timelines.items() for number in kept), default=None)
    newest = None
    if last is not None:
        newest = Kept(Segment(last[1], last[0], SIZE).name, last[1], last[0], NOW - ago)
    now = Segment(last[1] if last else 1, (last[0] if last else 0) + 1, SIZE).name
    archiver: dict[str, Any] = {
        "at": NOW,
        "mode": "on",
        "current": now,
        "archived": newest.name if newest else None,
        "archived_at": NOW - ago,
        "failed": None,
        "failed_at": None,
        "waiting": 0,
        "held": SIZE,
        **said,
    }
    return WalArchive(
        at=NOW,
        segment_size=SIZE,
        place="s3://b/archive/",
        needed_from=needed,
        needed_to=needed,
        timelines=tuple(Timeline(number, runs(kept)) for number, kept in sorted(timelines.items())),
        empty=(),
        last=newest,
        archiver=Archiver(**archiver),
    )


def test_an_unbroken_archive_has_no_gap() -> None:
    """From the first segment that is needed to the newest nothing is missing; what is older is not asked for."""
    assert not archive({1: {1, 3, 4, 5, 6}}).gaps()


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ({4, 5}, "segment 000000010000000000000003 is missing"),
        ({3, 5}, "segment 000000010000000000000004 is missing"),
        ({3, 8}, "4 segments, 000000010000000000000004 to 000000010000000000000007, are missing"),
        ({1, 2}, "segment 000000010000000000000003 is missing"),
        (set(), "holds no segment"),
    ],
)
def test_a_gap_is_told_of(kept: set[int], told: str) -> None:
    """Each missing stretch is named by its first and last segment, at the beginning as well as in the middle."""
    found = archive({1: kept} if kept else {}).gaps()
    assert any(told in one for one in found), found


def test_a_segment_without_content_is_told_of() -> None:
    """An object of no bytes is none."""
    found = archive({1: {3, 4, 5}})
    broken = WalArchive(
        found.at,
        SIZE,
        found.place,
        found.needed_from,
        found.needed_to,
        found.timelines,
        ("000000010000000000000006",),
        found.last,
        found.archiver,
    )
    assert "object without content" in broken.gaps()[0]


def test_a_new_timeline_goes_on_where_the_old_one_ends() -> None:
    """After a fail-over the old history is needed up to where the new one begins, and no further."""
    assert not archive({1: {3, 4, 5}, 2: {6, 7}}).gaps()
    assert not archive({1: {3, 4, 5, 6, 7, 8, 9}, 2: {6, 7}}).gaps()
    assert "000000010000000000000005" in archive({1: {3, 4}, 2: {6, 7}}).gaps()[0]
    assert "000000020000000000000007" in archive({1: {3, 4, 5}, 2: {6, 8}}).gaps()[0]


def test_a_timeline_that_came_to_nothing_is_not_followed() -> None:
    """A server that was promoted for a moment, and given up, is no history of the present one."""
    assert not archive({1: {3, 4, 5}, 2: {7, 9}, 3: {6, 7, 8}}).gaps()


def test_logs_of_4_gib_follow_each_other() -> None:
    """The segment after …FF of one log is …00 of the next."""
    first = Segment.parse("0000000100000000000000FF", SIZE)
    assert Segment.parse("000000010000000100000000", SIZE).number == first.number + 1
    assert Segment(1, first.number + 1, SIZE).name == "000000010000000100000000"


@pytest.mark.parametrize("name", ["", "00000001", "0000000100000000000001FF", "00000001000000000000000g", "x" * 24])
def test_what_is_no_segment_is_refused(name: str) -> None:
    """A name of another form, or beyond what a log holds, is an error."""
    with pytest.raises(BadAnswer):
        Segment.parse(name, SIZE)


def test_runs_are_what_follows_without_a_gap() -> None:
    """Numbers in any order, and twice, become runs."""
    assert runs([5, 3, 4, 9, 4]) == (Run(3, 5), Run(9, 9))


def test_an_archiver_that_works_is_not_behind() -> None:
    """It put away the segment before the one that is written, a moment ago."""
    assert not archive({1: {3, 4, 5}}).behind(MINUTE, FOUR)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"mode": "off"}, "archive_mode is off"),
        ({"failed": "x", "failed_at": NOW}, "the archiver fails: segment x"),
        ({"failed": "x", "failed_at": NOW, "archived_at": None, "archived": None}, "it never worked"),
        ({"waiting": 5}, "5 segments wait"),
        ({"ago": timedelta(minutes=2)}, "is 2m old"),
        ({"ago": timedelta(minutes=-10)}, "in the future"),
        ({"current": Segment(1, 11, SIZE).name}, "5 segments behind"),
        ({"current": Segment(2, 6, SIZE).name}, "timeline 2, of which nothing is archived"),
        ({"archived": Segment(1, 7, SIZE).name}, "and it is not in the bucket"),
    ],
)
def test_an_archiver_that_does_not_is_told_of(said: dict[str, Any], told: str) -> None:
    """Failing, waiting, old, ahead of the archive, or saying what is not so: each is told of."""
    found = archive({1: {3, 4, 5}}, **said).behind(MINUTE, FOUR)
    assert any(told in one for one in found), found


def test_a_failure_that_is_over_is_not_told_of() -> None:
    """What failed before it last worked has been made good since."""
    assert not archive({1: {3, 4, 5}}, failed="x", failed_at=NOW - timedelta(minutes=3)).behind(MINUTE, FOUR)


def test_a_label_that_was_archived_last_is_no_segment() -> None:
    """The archiver also puts away labels of backups, and histories; those are not looked for among segments."""
    label = "000000010000000000000009.00000028.backup"
    assert not archive({1: {3, 4, 5}}, archived=label).behind(MINUTE, FOUR)
