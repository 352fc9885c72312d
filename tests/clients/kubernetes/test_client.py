"""The client against an API server that behaves as servers do at 3 a.m."""

import gzip
import json
import socket
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from apgms_ops.clients.kubernetes.access import Access
from apgms_ops.clients.kubernetes.action import Action
from apgms_ops.clients.kubernetes.api import PAGE
from apgms_ops.clients.kubernetes.client import KubernetesClient
from apgms_ops.clients.kubernetes.errors import Expired, NotFound
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, BadAnswer, DeadlineExceeded, Incomplete, RateLimited, Unobserved, Unreachable
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor
from tests.clients.kubernetes.objects import listed, pod
from tests.clients.kubernetes.wire import KUBE_SYSTEM, TOKEN, UID, Server, response, status


def paths(server: Server) -> list[str]:
    """Return what was asked for."""
    return [head.split(b" ")[1].decode() for head in server.heads]


def asleep() -> Deadline:
    """Return a deadline whose pauses take no time."""
    return Deadline(20, sleep=lambda _: None)


def test_which_cluster_it_is_is_asked_first_and_once(
    server: Server, client: KubernetesClient, recorder: Recorder
) -> None:
    """Before anything is believed the UID of kube-system is read and recorded; later reads do not ask again."""
    server.answers(KUBE_SYSTEM, response(listed("PodList", pod())))
    client.pods("platform", Deadline(5))
    client.pods("platform", Deadline(5))
    asked = paths(server)
    assert asked[0] == "/api/v1/namespaces/kube-system"
    assert [urlsplit(path).path for path in asked[1:]] == ["/api/v1/namespaces/platform/pods"] * 2
    assert [(seen.system, seen.id) for seen in recorder.seen[0]] == [("kubernetes", UID)]
    assert all(f"authorization: Bearer {TOKEN}".encode() in head for head in server.heads)


def test_a_list_is_read_page_by_page(server: Server, client: KubernetesClient, recorder: Recorder) -> None:
    """Every page is asked for with the limit, the selectors and the token of the one before; an empty one counts."""
    server.answers(
        KUBE_SYSTEM,
        response(listed("PodList", pod("a"), onward="t/1=")),
        response(listed("PodList", pod("b"), onward="t2")),
        response(listed("PodList", onward="")),
    )
    found = client.pods("platform", Deadline(5), labels="app=audit,!canary")
    assert [one.name for one in found] == ["a", "b"]
    queries = [parse_qs(urlsplit(path).query) for path in paths(server)[1:]]
    assert [query.get("continue") for query in queries] == [None, ["t/1="], ["t2"]]
    assert all(query["limit"] == [str(PAGE)] and query["labelSelector"] == ["app=audit,!canary"] for query in queries)
    kept = json.loads(recorder.seen[1][-1].text)
    assert kept["count"] == 2
    assert "hunter2" not in recorder.seen[1][-1].text


def test_a_list_that_expires_is_begun_again(server: Server, client: KubernetesClient, recorder: Recorder) -> None:
    """A token that has expired (410) restarts the list, what came before is dropped, and the attempt is recorded."""
    gone = response(status(410, "Expired", "The provided continue parameter is too old"), "410 Gone")
    server.answers(
        KUBE_SYSTEM,
        response(listed("PodList", pod("old"), onward="t")),
        gone,
        response(listed("PodList", pod("a"), onward="u")),
        response(listed("PodList", pod("b"))),
    )
    assert [one.name for one in client.pods("platform", Deadline(5))] == ["a", "b"]
    assert "too old" in recorder.seen[2][0].cause


def test_a_list_that_expires_for_ever_is_given_up(server: Server, client: KubernetesClient) -> None:
    """A list is begun three times at most."""
    gone = response(status(410, "Expired"), "410 Gone")
    page = response(listed("PodList", pod("a"), onward="t"))
    server.answers(KUBE_SYSTEM, page, gone, page, gone, page, gone)
    with pytest.raises(Expired, match="expired before its end"):
        client.pods("platform", Deadline(5))
    assert len(server.heads) == 7


def test_a_list_that_goes_round_in_circles_is_no_answer(server: Server, client: KubernetesClient) -> None:
    """The same token twice is told, not followed."""
    server.answers(KUBE_SYSTEM, response(listed("PodList", pod("a"), onward="t")))
    with pytest.raises(BadAnswer, match="in circles"):
        client.pods("platform", Deadline(5))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (response({"kind": "Secret", "items": []}), "no PodList"),
        (response({"kind": "PodList"}), "no field 'items'"),
        (response({"kind": "PodList", "items": None}), "not an array"),
        (response({"kind": "PodList", "items": [{}]}), "metadata"),
        (response([]), "not an object"),
        (response(b""), "malformed JSON"),
        (response(b'{"kind": "PodLi'), "malformed JSON"),
        (response(b"<html>Sign in</html>", media_type="text/html"), "not JSON"),
        (b"220 smtp.example ESMTP\r\n", "does not speak HTTP"),
        (response(b"", "302 Found", "Location: https://login.example/?ticket=1"), "redirect"),
        (response(b"nope", "404 Not Found", media_type="text/plain"), "not found|no answer"),
    ],
)
def test_what_is_no_answer_is_told_as_such(server: Server, client: KubernetesClient, answer: bytes, words: str) -> None:
    """Another kind, no items, an empty or cut body, HTML, a redirect or another protocol is UNKNOWN, in one line."""
    server.answers(KUBE_SYSTEM, answer)
    with pytest.raises(Unobserved, match=words) as caught:
        client.pods("platform", Deadline(5))
    assert "\n" not in str(caught.value)


def test_a_refusal_names_what_to_grant(server: Server, client: KubernetesClient) -> None:
    """403 is AccessDenied, with the server's reason, and verb and resource to grant."""
    said = 'pods is forbidden: User "ci" cannot list resource "pods" in API group "" in the namespace "platform"'
    server.answers(KUBE_SYSTEM, response(status(403, "Forbidden", said), "403 Forbidden"))
    with pytest.raises(AccessDenied, match=r'User "ci" cannot list .*; grant list on pods in namespace platform$'):
        client.pods("platform", Deadline(5))
    with pytest.raises(AccessDenied, match=r"grant list on deployments.apps in namespace platform$"):
        client.deployments("platform", Deadline(5))


def test_refused_credentials_say_whose_they_are(server: Server, client: KubernetesClient) -> None:
    """401 is AccessDenied, and says which credentials were sent and what they would need; the token is not shown."""
    server.answers(response(status(401, "Unauthorized", "Unauthorized"), "401 Unauthorized"))
    with pytest.raises(AccessDenied, match="they are those of the token that the environment names") as caught:
        client.identity(Deadline(5))
    assert "get on namespaces kube-system in the whole cluster" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_rate_limit_is_waited_for_within_the_deadline(server: Server, client: KubernetesClient) -> None:
    """429 with Retry-After is waited for, and the answer after it counts; one beyond the deadline ends at once."""
    limited = response(status(429, "TooManyRequests"), "429 Too Many Requests", "Retry-After: 3")
    server.answers(KUBE_SYSTEM, limited, response(listed("PodList", pod())))
    slept: list[float] = []
    assert len(client.pods("platform", Deadline(20, sleep=slept.append))) == 1
    assert slept == [3]
    server.answers(*[limited] * 9)
    with pytest.raises(RateLimited, match="to wait 3 s"):
        client.pods("platform", Deadline(2))


def test_a_server_that_cannot_answer_is_asked_three_times(
    server: Server, client: KubernetesClient, recorder: Recorder
) -> None:
    """A 500 is tried again; one that stays is Unreachable with the server's own words, and attempts are recorded."""
    broken = response(status(500, "InternalError", "etcdserver: leader changed"), "500 Internal Server Error")
    server.answers(KUBE_SYSTEM, broken, response(listed("PodList", pod())))
    assert len(client.pods("platform", asleep())) == 1
    assert "leader changed" in recorder.seen[2][0].cause
    server.answers(broken)
    with pytest.raises(Unreachable, match=r"status 500\): etcdserver: leader changed"):
        client.pods("platform", asleep())


def test_nobody_there_is_unreachable() -> None:
    """A refused connection is Unreachable, and says where."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = KubernetesClient(
        access=Access(server=f"http://127.0.0.1:{port}"), recorder=Recorder(Redactor()), jitter=lambda: 0.0
    )
    with pytest.raises(Unreachable, match="refused"):
        client.pods("platform", asleep())


def test_a_server_that_hangs_or_drips_is_left_at_the_deadline(server: Server, client: KubernetesClient) -> None:
    """Neither silence after the request nor an answer that drips for ever holds anybody beyond the deadline."""

    def drips(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
        while True:
            connection.sendall(b" ")
            time.sleep(0.01)

    for handler in (lambda connection, _: connection.recv(1), drips):
        server.answers(handler)
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded, match="no complete answer within"):
            client.identity(Deadline(0.3))
        assert time.monotonic() - began < 2


def test_an_answer_that_breaks_off_is_tried_again_and_then_incomplete(server: Server, client: KubernetesClient) -> None:
    """A body that is shorter than it says is worth another try, and is never taken for whole."""
    whole = response(listed("PodList", pod()))
    server.answers(KUBE_SYSTEM, whole[:-40], whole)
    assert len(client.pods("platform", asleep())) == 1
    server.answers(whole[:-40])
    with pytest.raises(Incomplete, match="broke off"):
        client.pods("platform", asleep())


def test_a_compressed_page_is_read(server: Server, client: KubernetesClient) -> None:
    """An answer in gzip, as API servers send large ones, is read."""
    body = gzip.compress(json.dumps(listed("PodList", pod())).encode())
    server.answers(KUBE_SYSTEM, response(body, "200 OK", "Content-Encoding: gzip"))
    assert len(client.pods("platform", Deadline(5))) == 1


def test_permissions_are_asked_for_one_by_one(server: Server, client: KubernetesClient) -> None:
    """A review is asked for with group and subresource apart, and its answer says whether and why."""
    bodies: list[bytes] = []

    def reviewed(connection: socket.socket, head: bytes) -> None:
        bodies.append(head if b"}" in head else head + connection.recv(65536))
        connection.sendall(response({"status": {"allowed": False, "reason": "RBAC: no"}}, "201 Created"))

    server.answers(KUBE_SYSTEM, reviewed)
    found = client.can_i("create", "pods/exec", "platform", Deadline(5), name="postgres-1")
    assert (found.allowed, found.reason, found.resource, found.name) == (False, "RBAC: no", "pods/exec", "postgres-1")
    assert b"POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews " in bodies[0]
    attributes = json.loads(bodies[0].partition(b"\r\n\r\n")[2])["spec"]["resourceAttributes"]
    assert (attributes["resource"], attributes["subresource"], attributes["group"]) == ("pods", "exec", "")


def test_what_a_pod_answers_is_told_from_what_the_api_server_does(server: Server, client: KubernetesClient) -> None:
    """A status of the pod's own is its answer; a Status object is the API server's, and is UNKNOWN."""
    server.answers(KUBE_SYSTEM, response(b"starting", "503 Service Unavailable", media_type="text/plain"))
    answer = client.pod_get("platform", "audit-1", 8080, "/version", Deadline(5))
    assert (answer.status, answer.text) == (503, "starting")
    assert paths(server)[1] == "/api/v1/namespaces/platform/pods/audit-1:8080/proxy/version"
    server.answers(
        response(status(503, "ServiceUnavailable", 'no endpoints available for service "x"'), "503 Service Unavailable")
    )
    with pytest.raises(Unreachable, match="no endpoints available"):
        client.service_get("observability", "prometheus:9090", "/api/v1/query?query=up", Deadline(5))
    server.answers(response(status(403, "Forbidden", "cannot get services/proxy"), "403 Forbidden"))
    with pytest.raises(AccessDenied, match="grant get on services/proxy prometheus:9090 in namespace observability"):
        client.service_get("observability", "prometheus:9090", "/api/v1/query", Deadline(5))
    server.answers(response(status(404, "NotFound", 'services "prometheus" not found'), "404 Not Found"))
    with pytest.raises(NotFound, match='services "prometheus" not found'):
        client.service_get("observability", "prometheus:9090", "/", Deadline(5))


def test_a_name_that_would_leave_its_path_is_refused() -> None:
    """A namespace or a name that is no name never reaches the server."""
    for name in ("a/b", "..", "a?b", "a b"):
        with pytest.raises(ValueError, match="no name in Kubernetes"):
            Action.on("get", "pods", "platform", name)
