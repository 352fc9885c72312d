"""Selectors mean what a real API server takes them to mean, and what cannot be selected by is refused."""

import pytest

from apgms_ops.sandbox.kubernetes_process import selectors
from apgms_ops.sandbox.kubernetes_process.status import Refused

LABELS = {"app": "web", "tier": "front", "example.org/zone": "a"}
POD = {
    "metadata": {"name": "web-1", "namespace": "platform", "labels": LABELS},
    "spec": {"nodeName": "n"},
    "status": {"phase": "Running"},
}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier!=back", True),
        ("app = web", True),
        ("app!=web", False),
        ("absent!=x", True),
        ("absent=", False),
        ("app in (web, api)", True),
        ("app notin (web)", False),
        ("absent notin (x)", True),
        ("app,!absent", True),
        ("!app", False),
        ("example.org/zone in (a,b),app=web", True),
        ("example.org/zone in (b)", False),
    ],
)
def test_labels_are_selected_by(text: str, *, meant: bool) -> None:
    """Equality and sets select by labels; a label that is absent is in no set."""
    assert selectors.matcher(text, "", "pods")(POD) is meant


@pytest.mark.parametrize(
    "text", ["app=web,", "=web", "app in web", "app in (a", "app>1", "a b", "app=we b", "app in (-)"]
)
def test_what_is_no_label_selector_is_refused(text: str) -> None:
    """A selector with a slip selects neither nothing nor everything: it is 400."""
    with pytest.raises(Refused) as refused:
        selectors.labels(text)
    assert refused.value.code == 400


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("metadata.name=web-1", True),
        ("metadata.namespace!=platform", False),
        ("spec.nodeName=n,status.phase=Running", True),
        ("status.phase!=Running", False),
        ("spec.nodeName=", False),
        ("spec.hostNetwork=false", True),
    ],
)
def test_fields_are_selected_by(text: str, *, meant: bool) -> None:
    """The fields that a kind has selectors for are compared as texts."""
    assert selectors.matcher("", text, "pods")(POD) is meant


@pytest.mark.parametrize("text", ["status.reason=x", "metadata.labels.app=web", "web-1", "spec.replicas=1"])
def test_other_fields_are_refused(text: str) -> None:
    """A field that a real API server does not select by is 400, not everything."""
    with pytest.raises(Refused, match=r"field label not supported|can't understand"):
        selectors.fields(text, "pods")


def test_the_selector_of_a_spec_is_the_same() -> None:
    """`matchLabels` and `matchExpressions` select as their texts do."""
    expressions = [
        {"key": "tier", "operator": "In", "values": ["front"]},
        {"key": "app", "operator": "Exists"},
        {"key": "absent", "operator": "DoesNotExist"},
        {"key": "tier", "operator": "NotIn", "values": ["back"]},
    ]
    found = selectors.of_object({"matchLabels": {"app": "web"}, "matchExpressions": expressions})
    assert selectors.selected(found, POD)
    assert not selectors.selected(found, {"metadata": {"labels": {"app": "web"}}})
