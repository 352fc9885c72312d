"""The folder of a drill: harmless where it is made, and gone in the end."""

import shutil
import tempfile
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.drills.running import Runner
from apgms_ops.drills.scratch import Place, Scratch
from apgms_ops.errors import ConfigurationError, Unobserved


def scratch(folder: Path) -> Scratch:
    """Return one in a folder."""
    return Scratch(folder, Runner(), Path("/nowhere"))


def test_a_place_is_made_for_one_user_and_cleared(tmp_path: Path) -> None:
    """Its folders are of mode 0700; cleared, nothing of it is left."""
    ours = scratch(tmp_path)
    place = ours.new()
    ours.make(place, Deadline(30))
    assert {path.stat().st_mode & 0o777 for path in (place.folder, place.data, place.sockets)} == {0o700}
    assert ours.leftovers() == (place,)
    assert place.left()
    assert ours.clear(place, Deadline(30)) == ()
    assert (list(tmp_path.iterdir()), place.left()) == ([], ())


def test_what_is_there_already_is_never_restored_over(tmp_path: Path) -> None:
    """A folder of that name is not used."""
    ours = scratch(tmp_path)
    place = ours.new()
    place.folder.mkdir()
    with pytest.raises(Unobserved, match="cannot be made"):
        ours.make(place, Deadline(30))


def test_what_cannot_be_removed_is_returned_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `rm` fails, the folder is named, and the command that removes it."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "rm").write_text("#!/bin/sh\nexit 1\n")
    (bin_ / "rm").chmod(0o755)
    folder = tmp_path / "scratch"
    folder.mkdir()
    ours = scratch(folder)
    place = ours.new()
    ours.make(place, Deadline(30))
    monkeypatch.setenv("PATH", f"{bin_}:/usr/bin:/bin")
    assert ours.clear(place, Deadline(30))[0] == str(place.folder)
    assert place.remedy.startswith(f"rm -rf -- {place.folder}")


def test_a_stranger_in_the_folder_is_left_alone(tmp_path: Path) -> None:
    """Only what is named as drills name theirs is taken for a leftover."""
    for name in ("drill-notes", "data", "drill-20261127T052053-e100b709"):
        (tmp_path / name).mkdir()
    assert [place.folder.name for place in scratch(tmp_path).leftovers()] == ["drill-20261127T052053-e100b709"]


def test_a_server_s_data_folder_is_refused(tmp_path: Path) -> None:
    """Neither it, nor what lies in it, nor what a link leads there from."""
    data = tmp_path / "data"
    (data / "base").mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n")
    (tmp_path / "link").symlink_to(data / "base")
    for folder in (data, data / "base", tmp_path / "link"):
        with pytest.raises(ConfigurationError, match="the data folder of a server"), scratch(folder).alone():
            pass


@pytest.mark.parametrize("folder", ["relative", "/nowhere/at/all"])
def test_a_folder_that_cannot_be_used_is_named(folder: str) -> None:
    """A relative path, or one that is not there, is a mistake of the environment's file."""
    with pytest.raises(ConfigurationError, match=folder), scratch(Path(folder)).alone():
        pass


def test_one_drill_at_a_time(tmp_path: Path) -> None:
    """A second one is refused while the first is there, and not after."""
    with scratch(tmp_path).alone(), pytest.raises(ConfigurationError, match="another drill"), scratch(tmp_path).alone():
        pass
    with scratch(tmp_path).alone():
        pass


def test_a_disk_that_is_too_small_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is restored it is known whether it fits, with room for what is replayed."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage._replace(free=2_000_000_000))
    scratch(tmp_path).require_room(500_000_000)
    with pytest.raises(Unobserved, match=r"has 2\.0 GB free"):
        scratch(tmp_path).require_room(1_000_000_000)


def test_a_socket_s_path_fits(tmp_path: Path) -> None:
    """In a deep folder the socket is in one of the drill's name elsewhere, which is removed with it."""
    deep = Place(tmp_path / ("d" * 90) / "drill-20261127T052053-e100b709")
    assert deep.sockets == Path(tempfile.gettempdir()) / deep.folder.name
    assert str(deep.sockets) in deep.remedy
    assert Place(Path("/s/drill-20261127T052053-e100b709")).sockets.parent.name.startswith("drill-")
