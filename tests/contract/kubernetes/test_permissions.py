"""deploy/rbac.yaml: each role suffices for what it is there for, and everything else that is tried is refused."""

import uuid
from collections.abc import Iterator

import pytest

from apgms_ops.sandbox.kubernetes.credentials import EXPORTER, OPERATOR, READER
from tests.contract.kubernetes.conftest import (
    PLATFORM,
    Cluster,
    Object,
    apps,
    configmap,
    configmaps,
    deployment,
    pods,
    template,
)

pytestmark = pytest.mark.sandbox

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
JOBS = f"/apis/batch/v1/namespaces/{PLATFORM}/jobs"
LISTED = (
    pods(PLATFORM),
    apps(PLATFORM, "deployments"),
    apps(PLATFORM, "replicasets"),
    apps(PLATFORM, "statefulsets"),
    JOBS,
    f"/apis/batch/v1/namespaces/{PLATFORM}/cronjobs",
    f"/api/v1/namespaces/{PLATFORM}/events",
    f"/api/v1/namespaces/{PLATFORM}/services",
    f"/api/v1/namespaces/{PLATFORM}/endpoints",
)


@pytest.fixture(scope="module")
def workload(running: Cluster) -> Iterator[str]:
    """A Deployment in the platform's namespace; returns the name of its pod."""
    name = f"rbac-{uuid.uuid4().hex[:6]}"
    running.make(apps(PLATFORM, "deployments"), deployment(name, replicas=1))
    seen = running.until(
        pods(PLATFORM),
        lambda now: now["items"] and now["items"][0]["status"]["phase"] == "Running",
        labelSelector=f"app={name}",
    )
    yield seen["items"][0]["metadata"]["name"]
    running.ask("DELETE", apps(PLATFORM, "deployments", name))


def may(cluster: Cluster, context: str, verb: str, resource: str, **attributes: str) -> bool:
    """Return what the server says that a user may do."""
    group = {"deployments": "apps", "jobs": "batch"}.get(resource, "")
    asked = {"verb": verb, "resource": resource, "group": group, "namespace": PLATFORM, **attributes}
    answer = cluster.make(REVIEWS, {"spec": {"resourceAttributes": asked}}, context=context)
    return bool(answer["status"]["allowed"])


def refused(  # noqa: PLR0913 — what a request is made of
    cluster: Cluster, context: str, method: str, path: str, body: object = None, *, patch: str = ""
) -> Object:
    """Ask for what may not be, and return the Status that refuses it."""
    status, answer = cluster.ask(method, path, body, context=context, patch=patch)
    assert (status, answer.get("reason"), answer.get("code")) == (403, "Forbidden", 403), f"{method} {path}: {answer}"
    return answer


def upgraded(cluster: Cluster, context: str, pod: str) -> int:
    """Ask for exec over a WebSocket and return the status; 101 if the server let it through to the node."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "v4.channel.k8s.io",
    }
    path = f"{pods(PLATFORM, pod)}/exec?command=true&stdout=true"
    with cluster.http(context).stream("GET", path, headers=headers) as answer:
        return answer.status_code


@pytest.mark.parametrize("path", LISTED)
def test_the_reader_lists_and_watches_what_the_checks_read(cluster: Cluster, path: str) -> None:
    """Every list that a check reads is read with the reader's role, and so is its watch."""
    assert cluster.get(path, context=READER, limit="500")["kind"].endswith("List")
    status = cluster.http(READER).get(path, params={"watch": "1", "timeoutSeconds": "1"}).status_code
    assert status == 200


def test_the_reader_knows_which_cluster_it_is(cluster: Cluster) -> None:
    """The reader reads the namespace kube-system, no other, and the server's version."""
    seen = cluster.get("/api/v1/namespaces/kube-system", context=READER)
    assert seen["metadata"]["uid"] == cluster.world.get("kubernetes.uid")
    assert cluster.get("/version", context=READER)["gitVersion"].startswith("v1.")
    refused(cluster, READER, "GET", "/api/v1/namespaces/default")
    refused(cluster, READER, "GET", "/api/v1/namespaces")


def test_the_reader_is_let_through_to_logs_and_proxies(cluster: Cluster, workload: str) -> None:
    """Logs and the proxy of a pod and of a service are not refused, whatever comes back from behind them."""
    for path in (
        f"{pods(PLATFORM, workload)}/log",
        f"{pods(PLATFORM, f'{workload}:8080')}/proxy/version",
        f"/api/v1/namespaces/{PLATFORM}/services/http:api-gateway:8080/proxy/version",
        "/api/v1/namespaces/observability/services/prometheus:9090/proxy/-/ready",
    ):
        assert cluster.http(READER).get(path).status_code not in {401, 403}, path


@pytest.mark.parametrize(
    ("method", "path", "body", "patch"),
    [
        ("POST", pods(PLATFORM), {"apiVersion": "v1", "kind": "Pod", **template("x")}, ""),
        ("POST", apps(PLATFORM, "deployments"), deployment("x"), ""),
        ("DELETE", apps(PLATFORM, "deployments", "x"), None, ""),
        ("DELETE", pods(PLATFORM), None, ""),
        ("PATCH", apps(PLATFORM, "deployments", "x"), {"spec": {"replicas": 0}}, "merge"),
        ("PATCH", apps(PLATFORM, "deployments", "x") + "/scale", {"spec": {"replicas": 0}}, "merge"),
        ("PUT", apps(PLATFORM, "deployments", "x"), deployment("x"), ""),
        ("POST", JOBS, {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"}}, ""),
        ("GET", f"/api/v1/namespaces/{PLATFORM}/secrets", None, ""),
        ("GET", f"/api/v1/namespaces/{PLATFORM}/secrets/x", None, ""),
        ("GET", configmaps(PLATFORM), None, ""),
        ("POST", configmaps(PLATFORM), configmap("x"), ""),
        ("GET", pods("kube-system"), None, ""),
        ("GET", "/api/v1/pods", None, ""),
        ("GET", "/api/v1/nodes", None, ""),
        ("GET", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{PLATFORM}/roles", None, ""),
        ("POST", f"{pods(PLATFORM, 'x')}/proxy/shutdown", {}, ""),
        ("POST", f"/api/v1/namespaces/{PLATFORM}/services/x/proxy/shutdown", {}, ""),
        ("GET", "/api/v1/namespaces/observability/services/another:80/proxy/", None, ""),
        ("GET", pods("observability"), None, ""),
        ("POST", f"{pods(PLATFORM, 'x')}/eviction", {"apiVersion": "policy/v1", "kind": "Eviction"}, ""),
        ("POST", f"{pods(PLATFORM, 'x')}/portforward", None, ""),
        ("POST", f"{pods(PLATFORM, 'x')}/attach", None, ""),
        ("POST", f"{pods(PLATFORM, 'x')}/exec?command=true", None, ""),
        ("POST", f"{pods(PLATFORM, 'postgres-2')}/exec?command=true", None, ""),
    ],
)
def test_the_reader_is_refused_everything_else(
    cluster: Cluster, method: str, path: str, body: object, patch: str
) -> None:
    """Creating, changing, deleting, secrets, other namespaces, and exec elsewhere: 403, and nothing is done."""
    refused(cluster, READER, method, path, body, patch=patch)


def test_a_refusal_names_verb_resource_and_namespace(cluster: Cluster) -> None:
    """The message of a 403 says who may not do what to what, so that the missing rule can be granted."""
    answer = refused(cluster, READER, "GET", f"/api/v1/namespaces/{PLATFORM}/secrets")
    assert answer["message"].startswith(
        'secrets is forbidden: User "sandbox-reader" cannot list resource "secrets" in API group "" '
        f'in the namespace "{PLATFORM}"'
    )
    assert answer["details"] == {"kind": "secrets"}
    answer = refused(cluster, READER, "DELETE", apps(PLATFORM, "deployments", "audit"))
    assert answer["message"].startswith(
        'deployments.apps "audit" is forbidden: User "sandbox-reader" cannot delete resource "deployments" '
        f'in API group "apps" in the namespace "{PLATFORM}"'
    )
    assert answer["details"] == {"name": "audit", "group": "apps", "kind": "deployments"}


@pytest.mark.parametrize(
    ("verb", "resource", "attributes", "allowed"),
    [
        ("list", "pods", {}, True),
        ("watch", "deployments", {}, True),
        ("get", "pods", {"subresource": "log"}, True),
        ("get", "services", {"subresource": "proxy"}, True),
        ("create", "services", {"subresource": "proxy"}, False),
        ("create", "pods", {"subresource": "exec", "name": "postgres-0"}, True),
        ("get", "pods", {"subresource": "exec", "name": "postgres-1"}, True),
        ("create", "pods", {"subresource": "exec", "name": "postgres-2"}, False),
        ("create", "pods", {"subresource": "exec"}, False),
        ("delete", "pods", {}, False),
        ("list", "secrets", {}, False),
        ("create", "jobs", {}, False),
        ("list", "pods", {"namespace": "kube-system"}, False),
        ("*", "*", {}, False),
    ],
)
def test_what_the_server_says_is_permitted_is(
    cluster: Cluster, verb: str, resource: str, attributes: dict[str, str], *, allowed: bool
) -> None:
    """A SelfSubjectAccessReview answers as the requests themselves are answered."""
    assert may(cluster, READER, verb, resource, **attributes) is allowed


def test_exec_is_open_where_it_is_named_and_nowhere_else(cluster: Cluster, workload: str) -> None:
    """The reader's exec reaches the database's pods, not another; with the opt-in role it reaches others as well."""
    assert upgraded(cluster, READER, workload) == 403
    assert upgraded(cluster, READER, "postgres-0") == 404  # permitted; there is no such pod here
    assert upgraded(cluster, EXPORTER, workload) not in {401, 403}
    assert upgraded(cluster, OPERATOR, workload) == 403
    assert upgraded(cluster, OPERATOR, "postgres-0") == 403


def test_the_operator_makes_reads_and_removes_jobs(cluster: Cluster) -> None:
    """With the operator's role a restore Job is made, watched and removed, and everything is read; no more."""
    own = template("restore", mood="completes")
    own["spec"]["restartPolicy"] = "Never"
    name = f"restore-{uuid.uuid4().hex[:6]}"
    wanted = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"template": own}}
    cluster.make(JOBS, wanted, context=OPERATOR)
    assert cluster.get(f"{JOBS}/{name}", context=OPERATOR)["metadata"]["name"] == name
    assert cluster.ask("DELETE", f"{JOBS}/{name}", {"propagationPolicy": "Background"}, context=OPERATOR)[0] == 200
    assert cluster.get(pods(PLATFORM), context=OPERATOR)["kind"] == "PodList"
    refused(cluster, OPERATOR, "PATCH", f"{JOBS}/{name}", {"spec": {"suspend": True}}, patch="merge")
    refused(cluster, OPERATOR, "POST", pods(PLATFORM), {"apiVersion": "v1", "kind": "Pod", **template("x")})
    refused(cluster, OPERATOR, "DELETE", apps(PLATFORM, "deployments", "audit"))
    refused(cluster, OPERATOR, "GET", f"/api/v1/namespaces/{PLATFORM}/secrets")
    refused(cluster, OPERATOR, "POST", JOBS.replace(PLATFORM, "kube-system"), wanted)


@pytest.mark.parametrize("token", ["", "nobody-has-this-token"])
def test_without_a_token_that_is_known_nothing_is_answered(cluster: Cluster, token: str) -> None:
    """A missing or wrong token is 401 Unauthorized, whatever is asked."""
    for path in (pods(PLATFORM), "/version", "/api"):
        answer = cluster.http(token=token).get(path)
        assert (answer.status_code, answer.json()["reason"]) == (401, "Unauthorized"), path
