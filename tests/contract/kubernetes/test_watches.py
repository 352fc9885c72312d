"""Watches: what changes, from a version on, in order, and how one ends."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.contract.kubernetes.conftest import Cluster, configmap, configmaps, event, events

pytestmark = pytest.mark.sandbox


@contextmanager
def watching(cluster: Cluster, path: str, version: str, **query: str) -> Iterator[Iterator[dict[str, Any]]]:
    """Watch from a version on."""
    asked = {"watch": "1", "resourceVersion": version, "timeoutSeconds": "20", **query}
    with cluster.http().stream("GET", path, params=asked) as answer:
        assert answer.status_code == 200, answer.read()
        yield (json.loads(line) for line in answer.iter_lines() if line)


def version(cluster: Cluster, path: str) -> str:
    """Return the version of a list."""
    return str(cluster.get(path)["metadata"]["resourceVersion"])


def test_a_watch_tells_what_changed_since_a_version(cluster: Cluster, namespace: str) -> None:
    """Additions, changes and deletions arrive in order, the first of them from before the watch began."""
    path = configmaps(namespace)
    since = version(cluster, path)
    cluster.make(path, configmap("one", a="1"))
    with watching(cluster, path, since) as told:
        assert (change := next(told))["type"] == "ADDED"
        assert change["object"]["metadata"]["name"] == "one"
        assert change["object"]["kind"] == "ConfigMap"
        changed = cluster.patch(configmaps(namespace, "one"), {"data": {"a": "2"}})
        assert (change := next(told))["type"] == "MODIFIED"
        assert change["object"] == changed
        cluster.ask("DELETE", configmaps(namespace, "one"))
        assert (change := next(told))["type"] == "DELETED"
        assert change["object"]["data"] == {"a": "2"}
        assert int(change["object"]["metadata"]["resourceVersion"]) > int(changed["metadata"]["resourceVersion"])


def test_a_watch_of_any_version_begins_with_what_there_is(cluster: Cluster, namespace: str) -> None:
    """Version 0 gives everything that there is as additions first."""
    # No version at all would mean the newest: the etcd of Debian 12 is too old to tell the API server how new that is,
    # so that it now and then ends such a watch in "Too large resource version", after three seconds.
    cluster.make(configmaps(namespace), configmap("one"))
    with watching(cluster, configmaps(namespace), "0") as told:
        change = next(told)
    assert (change["type"], change["object"]["metadata"]["name"]) == ("ADDED", "one")


def test_what_leaves_a_selection_is_deleted_from_it(cluster: Cluster, namespace: str) -> None:
    """A watch with a selector hears ADDED when an object comes to match, and DELETED when it no longer does."""
    path = configmaps(namespace)
    since = version(cluster, path)
    cluster.make(path, configmap("one"))
    with watching(cluster, path, since, labelSelector="c=red") as told:
        cluster.patch(configmaps(namespace, "one"), {"metadata": {"labels": {"c": "red"}}})
        assert next(told)["type"] == "ADDED"
        cluster.patch(configmaps(namespace, "one"), {"metadata": {"labels": {"c": "blue"}}})
        assert next(told)["type"] == "DELETED"


def test_a_watch_ends_by_itself(cluster: Cluster, namespace: str) -> None:
    """After timeoutSeconds the server ends the stream, without an error in it."""
    began = time.monotonic()
    since = version(cluster, configmaps(namespace))
    with watching(cluster, configmaps(namespace), since, timeoutSeconds="1") as told:
        assert list(told) == []
    assert 0.5 < time.monotonic() - began < 10


def test_a_watch_of_a_forgotten_version_ends_in_an_error(cluster: Cluster, namespace: str) -> None:
    """The answer is 200, and its only event an ERROR whose Status says 410: Expired."""
    since = version(cluster, events(namespace))
    cluster.make(events(namespace), event("one.1", namespace))
    cluster.make(events(namespace), event("one.2", namespace))
    cluster.forget()
    with watching(cluster, events(namespace), since) as told:
        last = next(told)
        assert last["type"] == "ERROR"
        assert (last["object"]["kind"], last["object"]["code"]) == ("Status", 410)
        assert last["object"]["reason"] == "Expired"
        assert list(told) == []


def test_a_watch_of_a_version_to_come_is_not_answered_from_the_past(cluster: Cluster, namespace: str) -> None:
    """A watch from a version that nobody has given out tells of no object: the real one is silent, ours says 504."""
    path = configmaps(namespace)
    beyond = str(int(version(cluster, path)) + 1_000_000)
    cluster.make(path, configmap("one"))
    with watching(cluster, path, beyond, timeoutSeconds="2") as told:
        assert [change["object"].get("code") for change in told] in ([], [504])


def test_watchers_do_not_hold_up_one_another(cluster: Cluster, namespace: str) -> None:
    """Ten watchers all hear of one change."""
    path, heard = configmaps(namespace), []
    since = version(cluster, path)

    def listen() -> None:
        with watching(cluster, path, since) as told:
            heard.append(next(told)["type"])

    threads = [threading.Thread(target=listen) for _ in range(10)]
    for thread in threads:
        thread.start()
    cluster.make(path, configmap("one"))
    for thread in threads:
        thread.join(20)
    assert heard == ["ADDED"] * 10
