"""Jobs made of another's template: what is sent, once, and what is told where it is refused or not answered."""

import json
import re
import socket
from typing import Any

import pytest

from apgms_ops.clients.kubernetes.access import Access
from apgms_ops.clients.kubernetes.commands import KubernetesCommands
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, BadAnswer, Incomplete, Unobserved, Unreachable
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret
from tests.clients.kubernetes.objects import meta
from tests.clients.kubernetes.wire import KUBE_SYSTEM, TOKEN, Server, response, status

LABELS = {
    "app": "kafka-restore",
    "job-name": "kafka-restore",
    "batch.kubernetes.io/controller-uid": "uid-kafka-restore",
}
CONTAINER = {
    "name": "tools",
    "image": "tools:1",
    "command": ["restore.sh"],
    "args": ["--help"],
    "env": [{"name": "S3", "valueFrom": {"secretKeyRef": {"name": "backups", "key": "id"}}}],
}
POD = {
    "metadata": {"labels": LABELS},
    "spec": {"restartPolicy": "Never", "serviceAccountName": "restore", "containers": [CONTAINER]},
}


def job(name: str = "kafka-restore", pod: dict[str, Any] = POD) -> dict[str, Any]:
    """Return a Job."""
    spec = {"suspend": True, "backoffLimit": 0, "template": pod}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta(name), "spec": spec, "status": {}}


@pytest.fixture
def commands(server: Server, recorder: Recorder) -> KubernetesCommands:
    """What changes the cluster that the test's server plays."""
    return KubernetesCommands(
        access=Access(server=server.url, token=Secret(TOKEN)), recorder=recorder, jitter=lambda: 0.0
    )


def test_a_job_is_made_of_the_template_and_told_what_to_do(server: Server, commands: KubernetesCommands) -> None:
    """Its image, secrets and account are the template's, its arguments ours; the cluster's own labels are left out."""
    sent: list[Any] = []

    def create(connection: socket.socket, head: bytes) -> None:
        beginning, _, body = head.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: ([0-9]+)", beginning, re.IGNORECASE)
        while length is not None and len(body) < int(length[1]):
            body += connection.recv(65536)
        sent.append(json.loads(body))
        connection.sendall(response(job("restore-1"), "201 Created"))

    server.answers(KUBE_SYSTEM, response(job()), create)
    template = commands.template("platform", "kafka-restore", Deadline(5))
    assert (template.container, template.image) == ("tools", "tools:1")
    made = commands.create_job("restore-1", template, ["--topic", "audit.log"], Deadline(5), seconds=600)
    assert made.name == "restore-1"
    assert server.heads[-1].startswith(b"POST /apis/batch/v1/namespaces/platform/jobs ")
    (body,) = sent
    pod = body["spec"]["template"]
    assert pod["spec"]["containers"] == [{**CONTAINER, "args": ["--topic", "audit.log"]}]
    assert pod["spec"]["serviceAccountName"] == "restore"
    assert set(pod["metadata"]["labels"]) == {"app", "app.kubernetes.io/managed-by", "apgms-ops/job"}
    assert (body["spec"]["backoffLimit"], body["spec"]["activeDeadlineSeconds"]) == (0, 600)
    assert "suspend" not in body["spec"]
    assert template.pod == POD


def test_a_job_of_two_containers_is_no_template(server: Server, commands: KubernetesCommands) -> None:
    """Nobody knows which of them to tell what to do."""
    two = {"spec": {"containers": [CONTAINER, {**CONTAINER, "name": "sidecar"}]}}
    server.answers(KUBE_SYSTEM, response(job(pod=two)))
    with pytest.raises(BadAnswer, match="have not one container"):
        commands.template("platform", "kafka-restore", Deadline(5))


def test_what_is_refused_names_what_to_grant(server: Server, commands: KubernetesCommands) -> None:
    """By verb, resource and namespace."""
    server.answers(KUBE_SYSTEM, response(job()), response(status(403, "Forbidden"), "403 Forbidden"))
    template = commands.template("platform", "kafka-restore", Deadline(5))
    with pytest.raises(AccessDenied, match=r"grant create on jobs\.batch in namespace platform"):
        commands.create_job("restore-1", template, [], Deadline(5), seconds=600)


@pytest.mark.parametrize(
    "answer", [response(status(500, "InternalError"), "500 Internal Server Error"), response(job())[:-40], b""]
)
def test_a_change_is_asked_for_once(server: Server, commands: KubernetesCommands, answer: bytes) -> None:
    """Whether it was made is not known: another request might make a second one."""
    server.answers(KUBE_SYSTEM, response(job()), answer)
    template = commands.template("platform", "kafka-restore", Deadline(5))
    with pytest.raises((Unreachable, Incomplete, Unobserved)):
        commands.create_job("restore-1", template, [], Deadline(5), seconds=600)
    assert len(server.heads) == 3


def test_removing_what_is_gone_is_well(server: Server, commands: KubernetesCommands) -> None:
    """And what is there is removed with its pods."""
    server.answers(KUBE_SYSTEM, response(status(404, "NotFound"), "404 Not Found"))
    commands.delete_job("platform", "restore-1", Deadline(5))
    assert server.heads[-1].startswith(b"DELETE /apis/batch/v1/namespaces/platform/jobs/restore-1 ")
