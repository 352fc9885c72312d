"""A follower hands on each change once, goes on where it stopped, and lists again only where it must."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from apgms_ops.sandbox.cluster.api import ApiError, Object
from apgms_ops.sandbox.cluster.following import Follower


def thing(name: str, version: str) -> Object:
    """Return an object."""
    return {"metadata": {"name": name, "resourceVersion": version}}


class Scripted:
    """Answers one list and some watches, in this order."""

    def __init__(self, *watches: list[Any]) -> None:
        """Take what each watch yields: events, or an error to raise."""
        self.asked: list[str] = []
        self._watches = list(watches)

    def list(self, path: str, **_parameters: str) -> Object:
        """Answer with one object."""
        self.asked.append(f"list {path}")
        return {"metadata": {"resourceVersion": "10"}, "items": [thing("a", "5")]}

    def watch(self, path: str, version: str, **_parameters: str) -> Iterator[Object]:
        """Yield what is next."""
        assert path == "/pods"
        self.asked.append(f"watch {version}")
        for event in self._watches.pop(0):
            if isinstance(event, ApiError):
                raise event
            yield event


def followed(source: Scripted, steps: int) -> list[str]:
    """Follow for so many steps and return what was handed on."""
    seen: list[str] = []
    follower = Follower(
        source,
        "/pods",
        {},
        lambda found: seen.append(f"listed {[entry['metadata']['name'] for entry in found]}"),
        lambda kind, found: seen.append(f"{kind} {found['metadata']['name']}"),
    )
    for _ in range(steps):
        follower.step(threading.Event())
    return seen


def test_a_watch_that_ends_is_taken_up_where_it_ended() -> None:
    """Listed once; the next watch begins at the last version seen, a bookmark's too."""
    source = Scripted(
        [{"type": "ADDED", "object": thing("b", "11")}, {"type": "BOOKMARK", "object": thing("", "20")}],
        [{"type": "DELETED", "object": thing("a", "21")}],
    )
    assert followed(source, 2) == ["listed ['a']", "ADDED b", "DELETED a"]
    assert source.asked == ["list /pods", "watch 10", "watch 20"]


def test_a_version_that_is_forgotten_is_a_410_whichever_way_it_is_told() -> None:
    """As an ERROR inside a good answer, by code or by reason."""
    for told in ({"code": 410, "message": "too old"}, {"reason": "Expired", "message": "too old"}):
        with pytest.raises(ApiError, match="too old") as raised:
            followed(Scripted([{"type": "ERROR", "object": told}]), 1)
        assert raised.value.status == 410


def test_an_api_that_has_lost_its_data_is_listed_anew() -> None:
    """It knows no version as high as the last one that was seen."""
    stopping = threading.Event()
    lost = {"type": "ERROR", "object": {"code": 504, "reason": "Timeout", "message": "Too large resource version"}}
    source = Scripted([lost], [{"type": "ADDED", "object": thing("z", "9")}])
    follower = Follower(source, "/pods", {}, lambda _: None, lambda _kind, _found: stopping.set())
    follower.run(stopping, lambda _: None, pause=lambda _seconds: None)
    assert source.asked == ["list /pods", "watch 10", "list /pods", "watch 10"]


def test_after_a_410_everything_is_listed_again() -> None:
    """And after another failure the watch goes on from where it was."""
    stopping = threading.Event()
    source = Scripted([ApiError("reset", 0)], [ApiError("gone", 410)], [{"type": "ADDED", "object": thing("z", "9")}])
    seen: list[str] = []

    def changed(kind: str, found: Object) -> None:
        seen.append(f"{kind} {found['metadata']['name']}")
        stopping.set()

    follower = Follower(source, "/pods", {}, lambda found: seen.append(f"listed {len(found)}"), changed)
    follower.run(stopping, seen.append, pause=lambda _seconds: None)
    assert seen == ["listed 1", "reset", "listed 1", "ADDED z"]
    assert source.asked == ["list /pods", "watch 10", "watch 10", "list /pods", "watch 10"]
