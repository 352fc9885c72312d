"""What is asked of a cluster: every container's log, and that there is none is said."""

from datetime import UTC, datetime

from apgms_ops.clients.kubernetes.access import Access
from apgms_ops.clients.kubernetes.client import KubernetesClient
from apgms_ops.deadline import Deadline
from apgms_ops.incidents.diagnostics.cluster import pieces_of
from apgms_ops.incidents.diagnostics.material import Piece
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor
from apgms_ops.secret import Secret
from tests.clients.conftest import server
from tests.clients.kubernetes.objects import listed, pod
from tests.clients.kubernetes.wire import KUBE_SYSTEM, TOKEN, Server, response

__all__ = ["server"]
SINCE = datetime(2026, 11, 27, tzinfo=UTC)


def asked_for(server: Server, *pods: dict[str, object]) -> dict[str, Piece]:
    """Return the pieces that are asked for where a cluster lists these pods, by their paths."""
    server.answers(KUBE_SYSTEM, response(listed("PodList", *pods)))
    redactor = Redactor([Secret(TOKEN)])
    access = Access(server=server.url, token=Secret(TOKEN))
    client = KubernetesClient(access=access, recorder=Recorder(redactor), jitter=lambda: 0.0)
    return {piece.path: piece for piece in pieces_of(client, "platform", SINCE, redactor, Deadline(5))}


def test_no_pod_is_said_to_be_missing(server: Server) -> None:
    """A namespace without pods does not pass for one whose logs were all had."""
    found = asked_for(server)
    assert found["pods.txt"].lacks == "there is no pod in platform, and so no log"
    assert [path for path in found if path.startswith("logs/")] == []


def test_a_container_that_was_restarted_has_two_logs_and_one_that_never_ran_none(server: Server) -> None:
    """Of one that was restarted twice, it is said that the first of its logs is gone."""
    once, twice, waiting = pod("once"), pod("twice"), pod("waiting")
    once["status"]["containerStatuses"][0]["restartCount"] = 1
    twice["status"]["containerStatuses"][0]["restartCount"] = 2
    waiting["status"]["containerStatuses"][0] |= {"ready": False, "state": {"waiting": {"reason": "ContainerCreating"}}}
    found = {path: piece.lacks for path, piece in asked_for(server, once, twice, waiting).items() if "logs/" in path}
    assert found == {
        "logs/once/main.log": "",
        "logs/once/main.previous.log": "",
        "logs/twice/main.log": "",
        "logs/twice/main.previous.log": "restarted 2 times: of the runs before the last one the cluster keeps no log",
    }
