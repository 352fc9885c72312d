"""Patches change what they name, and nothing else."""

import json

import pytest

from apgms_ops.sandbox.kubernetes_process.patches import patch
from apgms_ops.sandbox.kubernetes_process.status import Refused
from tests.sandbox.kubernetes_process.small import Object

STRATEGIC = "application/strategic-merge-patch+json"
JSON = "application/json-patch+json"
ITEM: Object = {
    "metadata": {"labels": {"a": "1", "b": "2"}, "finalizers": ["x"]},
    "spec": {
        "containers": [{"name": "one", "image": "i:1", "args": ["-a"]}, {"name": "two", "image": "i:2"}],
        "ports": [{"port": 80, "name": "http"}],
    },
}


def patched(kind: str, wanted: object) -> Object:
    """Return the item, patched; the given one must stay as it was."""
    before = json.dumps(ITEM)
    found = patch(kind, json.dumps(wanted).encode())(ITEM)
    assert json.dumps(ITEM) == before
    return found


def test_a_merge_patch_replaces_lists_and_removes_with_null() -> None:
    """Objects are merged, a null removes, a list takes the place of the old one."""
    wanted = {"metadata": {"labels": {"a": None, "c": "3"}}, "spec": {"containers": [{"name": "three"}]}}
    found = patched("application/merge-patch+json; charset=utf-8", wanted)
    assert found["metadata"]["labels"] == {"b": "2", "c": "3"}
    assert found["spec"]["containers"] == [{"name": "three"}]


def test_a_strategic_patch_changes_elements_by_their_keys() -> None:
    """A container is changed by its name, a port by its number, and the other elements stay."""
    wanted = {
        "metadata": {"finalizers": ["y"]},
        "spec": {
            "$setElementOrder/containers": [{"name": "one"}],
            "containers": [{"name": "one", "image": "i:9"}, {"name": "two", "$patch": "delete"}],
            "ports": [{"port": 80, "targetPort": 8080}],
        },
    }
    found = patched(STRATEGIC, wanted)
    assert found["spec"]["containers"] == [{"name": "one", "image": "i:9", "args": ["-a"]}]
    assert found["spec"]["ports"] == [{"port": 80, "name": "http", "targetPort": 8080}]
    assert found["metadata"]["finalizers"] == ["x", "y"]


def test_a_strategic_patch_may_replace_a_whole() -> None:
    """`$patch: replace` and `$retainKeys` are followed; an element without its key and other directives are refused."""
    replaced = patched(STRATEGIC, {"metadata": {"labels": {"$patch": "replace", "z": "9"}}})
    assert replaced["metadata"]["labels"] == {"z": "9"}
    retained = patched(STRATEGIC, {"metadata": {"$retainKeys": ["labels"], "labels": {"a": "9"}}})
    assert retained["metadata"] == {"labels": {"a": "9", "b": "2"}}
    wrongs: tuple[Object, ...] = (
        {"spec": {"containers": [{"image": "i"}]}},
        {"$deleteFromPrimitiveList/x": []},
        {"spec": {"$patch": "?"}},
    )
    for wrong in wrongs:
        with pytest.raises(Refused):
            patched(STRATEGIC, wrong)


def test_a_json_patch_is_followed_step_by_step() -> None:
    """Adding, replacing, removing and testing work on objects and lists, with escaped names."""
    steps = [
        {"op": "test", "path": "/spec/containers/0/name", "value": "one"},
        {"op": "replace", "path": "/spec/containers/0/image", "value": "i:9"},
        {"op": "add", "path": "/spec/containers/-", "value": {"name": "three"}},
        {"op": "remove", "path": "/spec/containers/1"},
        {"op": "add", "path": "/metadata/labels/example.org~1zone", "value": "a"},
    ]
    found = patched(JSON, steps)
    assert [container["name"] for container in found["spec"]["containers"]] == ["one", "three"]
    assert found["metadata"]["labels"]["example.org/zone"] == "a"


@pytest.mark.parametrize(
    "step",
    [
        {"op": "test", "path": "/metadata/labels/a", "value": "9"},
        {"op": "remove", "path": "/metadata/labels/z"},
        {"op": "replace", "path": "/spec/containers/7/image", "value": ""},
        {"op": "add", "path": "/spec/containers/9", "value": {}},
    ],
)
def test_a_json_patch_that_does_not_fit_is_invalid(step: Object) -> None:
    """A failed test, and a path to nothing, are 422."""
    with pytest.raises(Refused) as refused:
        patched(JSON, [step])
    assert refused.value.code == 422


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("application/apply-patch+yaml", b"{}", 415),
        ("application/json", b"{}", 415),
        ("", b"{}", 415),
        (JSON, b"{}", 400),
        (JSON, b'[{"op": "move", "path": "/a", "from": "/b"}]', 400),
        (STRATEGIC, b"[]", 400),
        ("application/merge-patch+json", b"{", 400),
    ],
)
def test_what_is_no_patch_here_is_refused(kind: str, body: bytes, code: int) -> None:
    """Server-side apply and unknown types are 415, what is no patch of its type 400."""
    with pytest.raises(Refused) as refused:
        patch(kind, body)(ITEM)
    assert refused.value.code == code
