"""Lists: selected by labels and fields, read page by page, and what a page that came too late is told."""

import pytest

from tests.contract.kubernetes.conftest import (
    Cluster,
    apps,
    configmap,
    configmaps,
    deployment,
    event,
    events,
    pods,
)

pytestmark = pytest.mark.sandbox


def names(answer: dict[str, object]) -> list[str]:
    """Return the names in a list, in its order."""
    return [item["metadata"]["name"] for item in answer["items"]]  # type: ignore[attr-defined]


@pytest.fixture
def coloured(cluster: Cluster, namespace: str) -> str:
    """A namespace with three labelled objects."""
    for name, labels in (("a", {"c": "red"}), ("b", {"c": "blue", "old": "yes"}), ("d", {})):
        wanted = configmap(name)
        wanted["metadata"]["labels"] = {"contract": "lists", **labels}
        cluster.make(configmaps(namespace), wanted)
    return namespace


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        ("c=red", ["a"]),
        ("c==red", ["a"]),
        ("c!=red,contract", ["b", "d"]),
        ("c in (red,blue)", ["a", "b"]),
        ("c notin (red),contract=lists", ["b", "d"]),
        ("!c,contract", ["d"]),
        ("c,!old", ["a"]),
        ("c=green", []),
    ],
)
def test_labels_select(cluster: Cluster, coloured: str, selector: str, wanted: list[str]) -> None:
    """A label selector gives those that match, in the order of their names; none is an empty list and no error."""
    assert names(cluster.get(configmaps(coloured), labelSelector=selector)) == wanted


def test_a_selector_that_is_none_is_refused(cluster: Cluster, coloured: str) -> None:
    """A label selector that cannot be parsed is 400, not an empty list."""
    status, answer = cluster.ask("GET", configmaps(coloured), labelSelector="c in red")
    assert (status, answer["reason"]) == (400, "BadRequest")


def test_fields_select(cluster: Cluster, coloured: str) -> None:
    """A field selector gives those whose field is so, and one of a field that is none is 400."""
    assert names(cluster.get(configmaps(coloured), fieldSelector="metadata.name=b")) == ["b"]
    assert names(cluster.get(configmaps(coloured), fieldSelector="metadata.name!=b", labelSelector="contract")) == [
        "a",
        "d",
    ]
    status, answer = cluster.ask("GET", configmaps(coloured), fieldSelector="data.colour=red")
    assert (status, answer["reason"]) == (400, "BadRequest")


def test_pods_are_selected_by_what_became_of_them(cluster: Cluster, namespace: str) -> None:
    """Pods are found by phase and node."""
    cluster.make(apps(namespace, "deployments"), deployment("one", replicas=1))
    cluster.until(pods(namespace), lambda seen: len(seen["items"]) == 1, fieldSelector="status.phase=Running")
    assert len(cluster.get(pods(namespace), fieldSelector="spec.nodeName=fake-node")["items"]) == 1
    assert cluster.get(pods(namespace), fieldSelector="status.phase=Failed")["items"] == []
    assert cluster.get(pods(namespace), fieldSelector="spec.nodeName=another")["items"] == []


def test_events_are_selected_by_what_they_tell_of(cluster: Cluster, namespace: str) -> None:
    """Events are found by the object that they are about."""
    path = events(namespace)
    cluster.make(path, event("one.1", namespace, reason="BackOff", type="Warning"))
    assert names(cluster.get(path, fieldSelector="involvedObject.name=one,type=Warning")) == ["one.1"]
    assert names(cluster.get(path, fieldSelector="involvedObject.name=two")) == []
    assert names(cluster.get(path, fieldSelector="reason=BackOff,involvedObject.kind=Pod")) == ["one.1"]


def test_items_of_a_list_do_not_say_what_they_are(cluster: Cluster, coloured: str) -> None:
    """The list names its kind, its items do not, and it has a version of its own."""
    answer = cluster.get(configmaps(coloured))
    assert (answer["kind"], answer["apiVersion"]) == ("ConfigMapList", "v1")
    assert all("kind" not in item and "apiVersion" not in item for item in answer["items"])
    assert int(answer["metadata"]["resourceVersion"]) > 0


def test_a_list_of_all_namespaces_names_them(cluster: Cluster, coloured: str) -> None:
    """Without a namespace in the path, objects of all are listed."""
    found = cluster.get("/api/v1/configmaps", labelSelector="contract=lists")["items"]
    assert ("a", coloured) in [(item["metadata"]["name"], item["metadata"]["namespace"]) for item in found]


def test_pages_together_are_the_whole(cluster: Cluster, namespace: str) -> None:
    """Pages follow one another without gap or overlap, say how much remains, and are of one version."""
    for number in range(7):
        cluster.make(configmaps(namespace), configmap(f"n{number}"))
    first = cluster.get(configmaps(namespace), limit="3", fieldSelector="metadata.name!=kube-root-ca.crt")
    assert names(first) == ["n0", "n1", "n2"]
    first = cluster.get(configmaps(namespace), limit="3")
    assert first["metadata"]["remainingItemCount"] == 4
    cluster.make(configmaps(namespace), configmap("n33"))  # what comes later is not in this reading
    second = cluster.get(configmaps(namespace), limit="3", **{"continue": first["metadata"]["continue"]})
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    third = cluster.get(configmaps(namespace), limit="3", **{"continue": second["metadata"]["continue"]})
    assert "continue" not in third["metadata"] or not third["metadata"]["continue"]
    assert names(first) + names(second) + names(third) == [f"n{number}" for number in range(7)]


def test_a_page_with_a_selector_does_not_say_what_remains(cluster: Cluster, coloured: str) -> None:
    """With a selector nobody counts what remains, but pages go on."""
    first = cluster.get(configmaps(coloured), limit="1", labelSelector="contract=lists")
    assert names(first) == ["a"]
    assert "remainingItemCount" not in first["metadata"]
    query = {"continue": first["metadata"]["continue"]}
    assert names(cluster.get(configmaps(coloured), limit="5", labelSelector="contract=lists", **query)) == ["b", "d"]


def test_a_token_that_is_none_is_refused(cluster: Cluster, coloured: str) -> None:
    """A continue token that the server did not make is 400."""
    status, answer = cluster.ask("GET", configmaps(coloured), limit="1", **{"continue": "nonsense"})
    assert (status, answer["reason"]) == (400, "BadRequest")


def test_a_token_that_came_too_late_has_expired(cluster: Cluster, namespace: str) -> None:
    """A continue token of a version that is forgotten is 410 Expired: the list must be begun anew."""
    for number in range(3):
        cluster.make(events(namespace), event(f"e{number}", namespace))
    first = cluster.get(events(namespace), limit="1")
    cluster.make(events(namespace), event("later", namespace))
    cluster.forget()
    status, answer = cluster.ask("GET", events(namespace), limit="1", **{"continue": first["metadata"]["continue"]})
    assert (status, answer["reason"], answer["code"]) == (410, "Expired", 410)


def test_a_version_to_come_is_not_listed(cluster: Cluster, coloured: str) -> None:
    """A list that is to be at least of a version that nobody has given out is 504, never one of an earlier version."""
    beyond = str(int(cluster.get(configmaps(coloured))["metadata"]["resourceVersion"]) + 1_000_000)
    status, answer = cluster.ask("GET", configmaps(coloured), resourceVersion=beyond)
    assert (status, answer["reason"]) == (504, "Timeout")
    assert [cause["reason"] for cause in answer["details"]["causes"]] == ["ResourceVersionTooLarge"]
