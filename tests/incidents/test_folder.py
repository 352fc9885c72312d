"""The folder of timeline files."""

import fcntl
import os
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apgms_ops.compliance import timelines
from apgms_ops.compliance.timelines import Entry, Timeline
from apgms_ops.deadline import Deadline
from apgms_ops.errors import ConfigurationError, DeadlineExceeded, Unobserved
from apgms_ops.incidents.edits import with_entry
from apgms_ops.incidents.folder import NotFiled, TimelineFolder

AT = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
ONE = Timeline(
    name="2026-11-27-payments-stop.md",
    title="Payments stop",
    words={timelines.INCIDENT: "PABC123", timelines.SEVERITY: "sev1", timelines.BREACH: "no"},
    times={timelines.DETECTED: AT, timelines.DECLARED: AT},
    entries=(Entry(AT, "Detected."),),
)


def other(incident: str) -> Timeline:
    """Return the timeline of another incident of the same day that is called the same."""
    return replace(ONE, words={**ONE.words, timelines.INCIDENT: incident})


@pytest.fixture
def folder(tmp_path: Path) -> TimelineFolder:
    """A folder that is not there yet."""
    return TimelineFolder(tmp_path / "deep" / "incidents")


def test_what_is_begun_is_found(folder: TimelineFolder) -> None:
    """By the incident, and by the name of the file; another is not."""
    made = folder.begin(ONE, Deadline(5))
    assert made.name == ONE.name
    assert folder.find("PABC123") == folder.find(ONE.name)
    assert folder.find("PABC124") is None


def test_incidents_of_one_name_have_files_of_their_own(folder: TimelineFolder) -> None:
    """The second of a day is numbered, and the first is not written over."""
    names = [folder.begin(other(incident), Deadline(5)).name for incident in ("PABC123", "PABC124", "PABC125")]
    assert names == [ONE.name, "2026-11-27-payments-stop-2.md", "2026-11-27-payments-stop-3.md"]
    assert [found.incident for found in folder.every()] == ["PABC124", "PABC125", "PABC123"]


def test_two_files_of_one_incident_are_an_error(folder: TimelineFolder) -> None:
    """Which of them is meant, nobody knows."""
    folder.begin(ONE, Deadline(5))
    folder.begin(ONE, Deadline(5))
    with pytest.raises(ConfigurationError, match="2 timeline files are of incident PABC123"):
        folder.find("PABC123")


def test_a_secret_is_not_written(folder: TimelineFolder) -> None:
    """Neither at the beginning nor later; the file stays as it was."""
    with pytest.raises(ConfigurationError, match="tax file number"):
        folder.begin(replace(ONE, title="Export of 123 456 782"), Deadline(5))
    assert list(folder.every()) == []
    folder.begin(ONE, Deadline(5))
    before = (folder.path / ONE.name).read_text()
    with pytest.raises(ConfigurationError, match="an e-mail address"):
        folder.change(ONE.name, lambda text: with_entry(text, Entry(AT, "asked ann@example.com")), Deadline(5))
    assert (folder.path / ONE.name).read_text() == before
    assert os.listdir(folder.path) == [ONE.name]  # noqa: PTH208 — hidden files as well


def test_commands_at_the_same_time_lose_nothing(folder: TimelineFolder) -> None:
    """Twenty notes by twenty threads are twenty entries."""
    folder.begin(ONE, Deadline(5))

    def note(number: int) -> None:
        folder.change(ONE.name, lambda text: with_entry(text, Entry(AT, f"Note {number}.")), Deadline(30))

    threads = [threading.Thread(target=note, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = folder.find("PABC123")
    assert found is not None
    assert sorted(entry.text for entry in found.entries) == sorted(
        ["Detected.", *(f"Note {number}." for number in range(20))]
    )


def test_nobody_waits_for_ever(folder: TimelineFolder) -> None:
    """A command that holds the folder and hangs costs another no more than its deadline."""
    folder.begin(ONE, Deadline(5))
    descriptor = os.open(folder.path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(DeadlineExceeded, match="another command"):
            folder.change(ONE.name, lambda text: f"{text}x", Deadline(0.2, sleep=lambda _: None))
    finally:
        os.close(descriptor)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A file in its place, say."""
    (tmp_path / "incidents").write_text("no folder")
    with pytest.raises(NotFiled, match=r"File exists|Not a directory"):
        TimelineFolder(tmp_path / "incidents").begin(ONE, Deadline(5))


def test_links_are_not_followed(folder: TimelineFolder, tmp_path: Path) -> None:
    """What is no file of the folder's own is not read."""
    folder.begin(ONE, Deadline(5))
    (tmp_path / "elsewhere.md").write_text("secret")
    (folder.path / "2026-11-28-link.md").symlink_to(tmp_path / "elsewhere.md")
    with pytest.raises(Unobserved, match="is no file"):
        list(folder.every())
