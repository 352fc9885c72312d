"""Lists come in pages of one moment, watches go on from a version, and both say when that is too long ago."""

import json

import pytest

from apgms_ops.sandbox.kubernetes_process.kinds import OF
from apgms_ops.sandbox.kubernetes_process.message import Stream
from apgms_ops.sandbox.kubernetes_process.status import expired
from apgms_ops.sandbox.kubernetes_process.store import Store, TooOldError
from tests.sandbox.kubernetes_process.small import MERGE, SPACE, Object, Small

MAPS = f"/api/v1/namespaces/{SPACE}/configmaps"


@pytest.fixture
def five(bare: Small) -> Small:
    """A cluster with ConfigMaps `m0` to `m4`, the even ones labelled."""
    for number in range(5):
        add(bare, f"m{number}", **({"even": "yes"} if number % 2 == 0 else {}))
    return bare


def add(small: Small, name: str, **labels: str) -> Object:
    """Create a ConfigMap."""
    return small.good("POST", MAPS, {"metadata": {"name": name, "labels": labels}})


def names(found: Object) -> list[str]:
    """Return the names in a list."""
    return [item["metadata"]["name"] for item in found["items"]]


def test_a_list_has_one_version_and_items_without_kind(five: Small) -> None:
    """A list names its kind once, its version, and its items without either; selectors leave the others out."""
    found = five.good("GET", MAPS)
    assert (found["kind"], found["apiVersion"]) == ("ConfigMapList", "v1")
    assert found["metadata"] == {"resourceVersion": str(five.store.revision)}
    assert all("kind" not in item and "apiVersion" not in item for item in found["items"])
    assert names(five.good("GET", f"{MAPS}?labelSelector=even")) == ["m0", "m2", "m4"]
    assert names(five.good("GET", f"{MAPS}?fieldSelector=metadata.name=m3")) == ["m3"]
    assert names(five.good("GET", f"{MAPS}?labelSelector=odd")) == []


def test_pages_are_of_one_moment(five: Small) -> None:
    """What is made or removed between two pages does not show in them, and their version is the first one's."""
    first = five.good("GET", f"{MAPS}?limit=2")
    assert (names(first), first["metadata"]["remainingItemCount"]) == (["m0", "m1"], 3)
    five.good("DELETE", f"{MAPS}/m3")
    add(five, "m9")
    token = first["metadata"]["continue"]
    second = five.good("GET", f"{MAPS}?limit=2&continue={token}")
    again = five.good("GET", f"{MAPS}?limit=2&continue={token}")
    assert second == again
    third = five.good("GET", f"{MAPS}?limit=2&continue={second['metadata']['continue']}")
    assert (names(second), names(third)) == (["m2", "m3"], ["m4"])
    assert third["metadata"] == {"resourceVersion": first["metadata"]["resourceVersion"]}
    picked = five.good("GET", f"{MAPS}?limit=1&labelSelector=even")
    assert ("continue" in picked["metadata"], "remainingItemCount" in picked["metadata"]) == (True, False)


def test_a_token_does_not_last(five: Small) -> None:
    """After five minutes, or once all were expired, a token is 410; that of another list is 400."""
    token = five.good("GET", f"{MAPS}?limit=2")["metadata"]["continue"]
    assert five.ask("GET", f"{MAPS}?labelSelector=even&continue={token}")[0] == 400
    five.now += 301
    status, found = five.ask("GET", f"{MAPS}?limit=2&continue={token}")
    assert (status, found["reason"]) == (410, "Expired")
    token = five.good("GET", f"{MAPS}?limit=2")["metadata"]["continue"]
    five.lists.expire()
    assert five.ask("GET", f"{MAPS}?limit=2&continue={token}")[0] == 410


def test_a_version_to_come_is_not_listed(five: Small) -> None:
    """A list that is to be no older than a version that nobody gave out is 504."""
    status, found = five.ask("GET", f"{MAPS}?resourceVersion=999999")
    assert (status, found["reason"]) == (504, "Timeout")
    assert five.ask("GET", f"{MAPS}?resourceVersion=0")[0] == 200


def stream(small: Small, query: str) -> list[Object]:
    """Return the events of a watch until there is nothing to tell at once."""
    found = small.answer("GET", f"{MAPS}?watch=1&{query}")
    assert isinstance(found, Stream)
    told: list[Object] = []
    for piece in found.pieces:
        if not piece:
            break
        told.append(json.loads(piece))
    return told


def brief(told: list[Object]) -> list[tuple[str, str]]:
    """Return what happened to what."""
    return [(event["type"], event["object"]["metadata"].get("name", "")) for event in told]


def test_a_watch_tells_every_change_after_its_version(five: Small) -> None:
    """From a version on each change is told in order, with whole objects."""
    since = five.store.revision
    add(five, "new")
    five.good("PATCH", f"{MAPS}/new", {"data": {"a": "1"}}, media=MERGE)
    five.good("DELETE", f"{MAPS}/new")
    told = stream(five, f"resourceVersion={since}")
    assert brief(told) == [("ADDED", "new"), ("MODIFIED", "new"), ("DELETED", "new")]
    assert told[0]["object"]["kind"] == "ConfigMap"
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in told]
    assert versions == sorted(versions)
    assert versions[0] > since


def test_a_watch_from_nowhere_begins_with_what_is_there(five: Small) -> None:
    """Without a version a watch tells first what there is; asked for, a bookmark says that this was all."""
    assert brief(stream(five, ""))[:5] == [("ADDED", f"m{number}") for number in range(5)]
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    told = stream(five, query)
    assert told[5]["type"] == "BOOKMARK"
    assert told[5]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert five.ask("GET", f"{MAPS}?watch=1&sendInitialEvents=true")[0] == 400


def test_what_no_longer_matches_is_deleted_to_a_watch(five: Small) -> None:
    """An object that comes to match a selector is added, one that ceases to is deleted."""
    since = five.store.revision
    five.good("PATCH", f"{MAPS}/m1", {"metadata": {"labels": {"even": "no"}}}, media=MERGE)
    five.good("PATCH", f"{MAPS}/m0", {"metadata": {"labels": {"even": None}}}, media=MERGE)
    five.good("PATCH", f"{MAPS}/m3", {"data": {"a": "1"}}, media=MERGE)
    assert brief(stream(five, f"labelSelector=even&resourceVersion={since}")) == [("ADDED", "m1"), ("DELETED", "m0")]


def test_a_version_that_is_forgotten_is_an_error_inside_the_stream(five: Small) -> None:
    """Too old a version is 410, one to come 504, each as the only event of a 200."""
    five.store.forget()
    (event,) = stream(five, "resourceVersion=3")
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
    (event,) = stream(five, "resourceVersion=999999")
    assert (event["type"], event["object"]["code"]) == ("ERROR", 504)


def test_a_watch_ends_when_its_time_is_over_with_a_bookmark(five: Small) -> None:
    """At its end a watch that wants bookmarks hears up to which version nothing was left out."""
    since = five.store.revision
    add(five, "new")
    query = f"allowWatchBookmarks=1&timeoutSeconds=10&resourceVersion={since}"
    found = five.watches.stream(OF["configmaps"], SPACE, dict(pair.split("=") for pair in query.split("&")))
    assert json.loads(next(found))["type"] == "ADDED"
    five.now += 11
    told = [json.loads(piece) for piece in found if piece]
    assert [event["type"] for event in told] == ["BOOKMARK"]
    assert told[0]["object"]["metadata"]["resourceVersion"] == str(five.store.revision)


def test_all_watches_can_be_ended_with_an_error(five: Small) -> None:
    """A watch that is ended says so with an ERROR event, and is over."""
    found = five.watches.stream(OF["configmaps"], SPACE, {"resourceVersion": str(five.store.revision)})
    assert next(found) == b""
    five.watches.end(expired("gone"))
    told = [json.loads(piece) for piece in found if piece]
    assert [(event["type"], event["object"]["code"]) for event in told] == [("ERROR", 410)]


def test_only_so_many_changes_are_remembered() -> None:
    """A watch from before the changes that are remembered is refused, one from the oldest of them is not."""
    store = Store(remembered=2)
    for name in "abcd":
        store.write("configmaps", {"metadata": {"name": name, "namespace": SPACE}})
    assert [change.object["metadata"]["name"] for change in store.since("configmaps", 3)] == ["c", "d"]
    with pytest.raises(TooOldError):
        store.since("configmaps", 2)
