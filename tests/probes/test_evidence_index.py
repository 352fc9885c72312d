"""What is wrong with an evidence index, in sentences."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from apgms_ops.errors import Unobserved
from apgms_ops.probes.evidence_index_facts import EvidenceIndex, IndexedFile, WrittenIndex
from apgms_ops.probes.release import Release

SHA = "a" * 40
OTHER = "b" * 40
ROW = IndexedFile("SBOM", "sbom.json", "c" * 64, (), there=True, found_sha256="c" * 64, unread=None)
WRITTEN = WrittenIndex(datetime(2026, 11, 26, tzinfo=UTC), "v1.4.2", SHA, unaltered=True, rows=(ROW,))
INDEX = EvidenceIndex(Release("v1.4.2", SHA, "/version"), SHA, "docs/index.md on main", there=True, written=WRITTEN)


def test_an_index_as_it_should_be_is_well() -> None:
    """Of the release that runs, as it was written, with what it links."""
    assert not [*INDEX.stale(), *INDEX.altered(), *INDEX.broken(), *INDEX.unsound()]


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (replace(INDEX, there=False, written=None), "there is no docs/index.md on main"),
        (replace(INDEX, written=None), "has no history beside it"),
        (replace(INDEX, written=replace(WRITTEN, commit=None)), "is tied to no commit (it calls its release v1.4.2)"),
        (replace(INDEX, written=replace(WRITTEN, commit=OTHER)), "is of v1.4.2 (bbbbbbbbbbbb), refreshed 2026-11-26"),
        (replace(INDEX, written=replace(WRITTEN, release="v1.4.1")), "is of v1.4.1 (aaaaaaaaaaaa)"),
        (replace(INDEX, commit=OTHER), "what runs is v1.4.2 (bbbbbbbbbbbb)"),
    ],
)
def test_an_index_of_something_else_is_told(index: EvidenceIndex, said: str) -> None:
    """With what it is of, and what runs."""
    (found,) = index.stale()
    assert said in found


def test_a_release_without_a_commit_is_not_judged() -> None:
    """There is nothing to compare with."""
    with pytest.raises(Unobserved, match=r"there is no tag v1\.4\.2"):
        replace(INDEX, commit=None).stale()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (replace(ROW, path=None, sha256=None, there=False, found_sha256=None), "SBOM: pending"),
        (replace(ROW, there=False, found_sha256=None), "its link leads nowhere: sbom.json"),
        (replace(ROW, found_sha256="d" * 64), "sbom.json is not the file that was indexed"),
        (replace(ROW, path="a\x1b[2J\nb.json", there=False), "leads nowhere: a�[2J b.json"),
    ],
)
def test_a_link_that_does_not_hold_is_told(row: IndexedFile, said: str) -> None:
    """By the row and the file; what is hostile in a name stays text."""
    (found,) = replace(INDEX, written=replace(WRITTEN, rows=(ROW, row))).broken()
    assert said in found


def test_a_file_that_cannot_be_read_is_not_known() -> None:
    """Unless another is known to be wrong."""
    unread = replace(ROW, found_sha256=None, unread="larger than a megabyte")
    with pytest.raises(Unobserved, match="larger than a megabyte"):
        replace(INDEX, written=replace(WRITTEN, rows=(ROW, unread))).broken()
    gone = replace(ROW, there=False)
    assert len(replace(INDEX, written=replace(WRITTEN, rows=(gone, unread))).broken()) == 1


def test_what_the_index_tells_of_itself_is_told() -> None:
    """Its problems; and an index of nothing is none."""
    bad = replace(ROW, problems=("1 findings above MEDIUM that nobody accepted: CVE-1 (CRITICAL)", "old"))
    assert replace(INDEX, written=replace(WRITTEN, rows=(bad,))).unsound() == (
        "SBOM: 1 findings above MEDIUM that nobody accepted: CVE-1 (CRITICAL)",
        "SBOM: old",
    )
    assert replace(INDEX, written=replace(WRITTEN, rows=())).unsound()


@pytest.mark.parametrize("written", [None, replace(WRITTEN, unaltered=False)])
def test_without_a_history_there_is_nothing_to_hold_it_to(written: WrittenIndex | None) -> None:
    """An edited table is a finding; a missing history is not known."""
    index = replace(INDEX, written=written)
    if written is not None:
        assert index.altered()
        return
    for judge in (index.altered, index.broken, index.unsound):
        with pytest.raises(Unobserved, match="nothing to hold its rows to"):
            judge()
