"""Our client follows Deployments: every change, a version that is forgotten, and a permission that is missing."""

import threading
import uuid
from collections.abc import Iterator

import pytest

from apgms_ops.clients.kubernetes.access import Access
from apgms_ops.clients.kubernetes.client import KubernetesClient
from apgms_ops.clients.kubernetes.facts import Deployment
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied
from apgms_ops.observation import Recorder
from apgms_ops.sandbox.kubernetes.credentials import READER
from tests.contract.kubernetes.conftest import PLATFORM, Cluster, apps, deployment

pytestmark = pytest.mark.sandbox
EVERY = 5.0


def following(cluster: Cluster, namespace: str = PLATFORM) -> Iterator[tuple[Deployment, ...]]:
    """Follow the Deployments of a namespace, with the reader's role alone."""
    access = Access(context=READER, kubeconfig=str(cluster.kubeconfig))
    client = KubernetesClient(access=access, recorder=Recorder(lambda text: text))
    return client.follow_deployments(namespace, Deadline(40), every=EVERY)


@pytest.fixture
def name(cluster: Cluster) -> Iterator[str]:
    """A name for a Deployment, which is gone at the end."""
    name = f"followed-{uuid.uuid4().hex[:6]}"
    yield name
    cluster.ask("DELETE", apps(PLATFORM, "deployments", name))


def test_a_rollout_is_followed_to_its_end(cluster: Cluster, name: str) -> None:
    """It is heard of when it is made, when all of it is available, when another image is, and when it is gone."""
    path = apps(PLATFORM, "deployments", name)
    course: list[str] = []
    for found in following(cluster):
        one = next((one for one in found if one.name == name), None)
        current = one is not None and one.observed_generation >= one.generation
        done = one is not None and current and one.updated == one.total == one.available == one.replicas == 2
        if not course:
            cluster.make(apps(PLATFORM, "deployments"), deployment(name, replicas=2))
            course.append("made")
        elif course[-1] == "made" and done:
            containers = [{"name": name, "image": "registry.example/app:v2"}]
            cluster.patch(path, {"spec": {"template": {"spec": {"containers": containers}}}}, "strategic")
            course.append("complete")
        elif course[-1] == "complete" and done and one is not None and one.images == {name: "registry.example/app:v2"}:
            cluster.ask("DELETE", path)
            course.append("complete again")
        elif course[-1] == "complete again" and one is None:
            course.append("gone")
            break
    assert course == ["made", "complete", "complete again", "gone"]


def test_a_version_that_is_forgotten_costs_a_list_and_nothing_else(cluster: Cluster, name: str) -> None:
    """What is changed afterwards is heard of all the same."""
    told = following(cluster)
    next(told)
    # What was listed is too old by now, before the watch has begun.
    cluster.make(apps(PLATFORM, "deployments"), deployment(name, replicas=1))
    cluster.forget()
    heard = threading.Event()
    for found in told:
        if any(one.name == name and one.available == 1 for one in found):
            heard.set()
            break
    assert heard.is_set()


def test_a_permission_that_is_missing_is_named(cluster: Cluster, namespace: str) -> None:
    """The reader is refused elsewhere, in one line that says what to grant."""
    with pytest.raises(AccessDenied, match=rf"list on deployments\.apps in namespace {namespace}"):
        next(following(cluster, namespace))
