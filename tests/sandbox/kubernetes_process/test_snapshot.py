"""What was stored survives the process, killed or ended, and no version is given out twice."""

import threading
from pathlib import Path

import pytest

from apgms_ops.sandbox.kubernetes_process.snapshot import Snapshot
from apgms_ops.sandbox.kubernetes_process.store import Store, TooOldError
from tests.sandbox.kubernetes_process.small import Small, workload


def test_a_store_is_read_back_as_it_was(small: Small, tmp_path: Path) -> None:
    """Every object is there again, and watches from before are told to begin anew."""
    small.make("deployments", workload(2))
    path = tmp_path / "snapshot.json"
    Snapshot(small.store, path).save()
    again = Store()
    assert Snapshot(again, path).load()
    assert dict(again.every()).keys() == dict(small.store.every()).keys()
    assert again.items("pods") == small.store.items("pods")
    assert again.revision > small.store.revision
    with pytest.raises(TooOldError):
        again.since("pods", small.store.revision)
    assert path.stat().st_mode & 0o077 == 0


def test_without_a_file_there_is_nothing_to_read(tmp_path: Path) -> None:
    """The first time there is no snapshot, and the store stays empty."""
    store = Store()
    assert not Snapshot(store, tmp_path / "none").load()
    assert store.revision == 1


def test_what_changed_is_saved_at_the_end(small: Small, tmp_path: Path) -> None:
    """When the process ends the last change is saved, and what did not change is not written again."""
    path, ended = tmp_path / "snapshot.json", threading.Event()
    ended.set()
    snapshot = Snapshot(small.store, path)
    snapshot.keep(ended)
    before = path.stat().st_ino
    snapshot.save()
    assert path.stat().st_ino == before
