"""Wire to facts: what is left out, what is missing, and what is not known."""

from datetime import UTC, datetime

import pytest

from apgms_ops.clients.http import Answer
from apgms_ops.clients.kubernetes import ContainerState, Phase, Truth, parse, parse_jobs, parse_pods
from apgms_ops.clients.kubernetes.record import kept
from apgms_ops.errors import BadAnswer
from tests.clients.kubernetes.objects import deployment, meta, pod, template

SOURCE = "Kubernetes"


def answer(body: str) -> Answer:
    """Return an answer with a body."""
    return Answer(SOURCE, 200, {"content-type": "application/json"}, body.encode(), lambda text: text)


def test_counts_that_are_left_out_are_zero() -> None:
    """A Deployment without counts in its status has none of anything, and its status tells of no generation."""
    found = parse.deployment(deployment(), SOURCE)
    assert (found.updated, found.total, found.ready, found.available, found.observed_generation) == (0, 0, 0, 0, 0)
    assert (found.replicas, found.generation, found.revision, found.paused) == (2, 3, 7, False)
    assert found.images == {"main": "registry.example/audit:v1"}
    assert found.selector.query == "app=audit"


def test_a_required_field_that_is_missing_is_no_answer() -> None:
    """Without wanted replicas, a name, a UID, an image or a selector there is no Deployment."""
    for path in (
        ("spec", "replicas"),
        ("metadata", "name"),
        ("metadata", "uid"),
        ("spec", "template"),
        ("spec", "selector"),
    ):
        broken = deployment()
        del broken[path[0]][path[1]]
        with pytest.raises(BadAnswer):
            parse.deployment(broken, SOURCE)
    with pytest.raises(BadAnswer, match="not an object"):
        parse.deployment(None, SOURCE)


@pytest.mark.parametrize("value", ["2", True, 2.5, -1])
def test_a_count_of_another_type_is_no_answer(value: object) -> None:
    """A count that is a text, a truth value, a fraction or negative is no count."""
    with pytest.raises(BadAnswer):
        parse.deployment(deployment(readyReplicas=value), SOURCE)


def test_conditions_are_read_with_words_that_nobody_knows() -> None:
    """A condition's status that is no known word is UNKNOWN, and its times are aware."""
    conditions = [
        {
            "type": "Progressing",
            "status": "False",
            "reason": "ProgressDeadlineExceeded",
            "lastUpdateTime": "2026-11-25T01:00:00Z",
        },
        {"type": "Available", "status": "Perhaps"},
    ]
    stuck, odd = parse.deployment(deployment(conditions=conditions), SOURCE).conditions
    assert (stuck.status, stuck.reason, stuck.at) == (Truth.FALSE, "ProgressDeadlineExceeded", None)
    assert stuck.updated_at == datetime(2026, 11, 25, 1, tzinfo=UTC)
    assert odd.status is Truth.UNKNOWN


def test_a_selector_reads_as_the_api_takes_it() -> None:
    """Labels and expressions of every operator become one query; an operator that nobody knows is no answer."""
    item = deployment()
    item["spec"]["selector"] = {
        "matchLabels": {"tier": "back", "app": "audit"},
        "matchExpressions": [
            {"key": "zone", "operator": "In", "values": ["a", "b"]},
            {"key": "stage", "operator": "NotIn", "values": ["dev"]},
            {"key": "live", "operator": "Exists"},
            {"key": "canary", "operator": "DoesNotExist"},
        ],
    }
    expected = "app=audit,tier=back,zone in (a,b),stage notin (dev),live,!canary"
    assert parse.deployment(item, SOURCE).selector.query == expected
    item["spec"]["selector"]["matchExpressions"][0]["operator"] = "Near"
    with pytest.raises(BadAnswer, match="operator"):
        parse.deployment(item, SOURCE)


def test_a_pod_is_read_without_its_environment() -> None:
    """A running pod is read with digest, ports and owner; what is kept of it holds nothing of its environment."""
    found = parse_pods.pod(pod(), SOURCE)
    container = found.containers[0]
    assert (found.phase, found.ready, found.node, found.ip, found.deleting) == (
        Phase.RUNNING,
        True,
        "node-1",
        "10.0.0.7",
        False,
    )
    assert (found.owner_kind, found.owner_name, found.owner_uid) == ("ReplicaSet", "audit-5d", "uid-rs")
    assert container.image_id == "registry.example/audit@sha256:" + "a" * 64
    assert (container.state, container.restarts, container.last_reason) == (ContainerState.RUNNING, 0, None)
    assert container.started_at == datetime(2026, 11, 25, 1, 3, tzinfo=UTC)
    assert container.ports == {"http": 8080, "9102": 9102}
    assert found.ready_at == datetime(2026, 11, 25, 1, 3, 5, tzinfo=UTC)
    assert "hunter2" not in str(kept([found]))


def test_a_container_that_crashes_is_read_with_how_it_ended() -> None:
    """A container that waits after a crash has its reason, its restarts, and how the run before ended."""
    item = pod()
    item["status"]["containerStatuses"][0] |= {
        "ready": False,
        "restartCount": 4,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-11-25T02:00:00Z"}},
    }
    container = parse_pods.pod(item, SOURCE).containers[0]
    assert (container.state, container.reason, container.restarts) == (ContainerState.WAITING, "CrashLoopBackOff", 4)
    assert (container.last_reason, container.last_exit_code, container.started_at) == ("OOMKilled", 137, None)
    assert container.last_finished_at == datetime(2026, 11, 25, 2, tzinfo=UTC)


def test_a_pod_of_which_no_node_has_told_is_unknown_not_well() -> None:
    """A pod without a status has a phase and containers that are unknown, and is not ready."""
    item = pod(status={})
    del item["spec"]["nodeName"]
    found = parse_pods.pod(item, SOURCE)
    assert (found.phase, found.ready, found.node) == (Phase.UNKNOWN, False, None)
    assert (found.containers[0].state, found.containers[0].image_id) == (ContainerState.UNKNOWN, None)


def test_words_that_nobody_knows_are_unknown() -> None:
    """A phase and a state that are new are UNKNOWN; a pod that was told to go says so."""
    item = pod()
    item["metadata"]["deletionTimestamp"] = "2026-11-25T03:00:00Z"
    item["status"]["phase"] = "Dreaming"
    item["status"]["containerStatuses"][0]["state"] = {"hibernating": {}}
    found = parse_pods.pod(item, SOURCE)
    assert (found.phase, found.containers[0].state, found.deleting) == (Phase.UNKNOWN, ContainerState.UNKNOWN, True)


def test_a_container_without_restarts_on_the_wire_is_no_answer() -> None:
    """A container's status always counts its restarts: one that does not is no status, rather than none."""
    item = pod()
    del item["status"]["containerStatuses"][0]["restartCount"]
    with pytest.raises(BadAnswer, match="restartCount"):
        parse_pods.pod(item, SOURCE)


def test_an_image_that_was_not_pulled_has_no_digest() -> None:
    """The empty imageID of a container that waits for its image is None."""
    item = pod()
    item["status"]["containerStatuses"][0]["imageID"] = ""
    assert parse_pods.pod(item, SOURCE).containers[0].image_id is None


def test_stateful_sets_are_read_with_revisions_and_partition() -> None:
    """A StatefulSet has both revisions, its partition, and whether it is updated on deletion alone."""
    item = {
        "metadata": meta("postgres"),
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "postgres"}},
            "template": template(),
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}},
        },
        "status": {"currentRevision": "p-1", "updateRevision": "p-2", "updatedReplicas": 1, "readyReplicas": 2},
    }
    found = parse.stateful_set(item, SOURCE)
    assert (found.current_revision, found.update_revision, found.partition, found.on_delete) == ("p-1", "p-2", 1, False)
    assert (found.updated, found.ready, found.current) == (1, 2, 0)


def test_replica_sets_are_read_with_their_owner() -> None:
    """A ReplicaSet has its Deployment's UID, its revision and what it still runs."""
    item = {
        "metadata": meta(
            "audit-5d",
            annotations={"deployment.kubernetes.io/revision": "6"},
            ownerReferences=[{"kind": "Deployment", "name": "audit", "uid": "uid-audit", "controller": True}],
        ),
        "spec": {"replicas": 0, "template": template()},
        "status": {"replicas": 1},
    }
    found = parse.replica_set(item, SOURCE)
    assert (found.owner_uid, found.revision, found.wanted, found.replicas, found.ready) == ("uid-audit", 6, 0, 1, 0)


def test_events_are_read_in_both_forms() -> None:
    """An event counts and dates itself by its old fields or by its series."""
    about = {"kind": "Pod", "name": "audit-1", "uid": "u"}
    old = {
        "metadata": meta("e1"),
        "involvedObject": about,
        "reason": "BackOff",
        "message": "Back-off restarting",
        "type": "Warning",
        "count": 5,
        "firstTimestamp": "2026-11-25T01:00:00Z",
        "lastTimestamp": "2026-11-25T01:05:00Z",
    }
    new = old | {
        "count": None,
        "firstTimestamp": None,
        "lastTimestamp": None,
        "eventTime": "2026-11-25T01:00:00.123456Z",
        "series": {"count": 3, "lastObservedTime": "2026-11-25T01:09:00.000000Z"},
    }
    first, second = parse_pods.event(old, SOURCE), parse_pods.event(new, SOURCE)
    assert (first.count, first.last_at.minute, first.kind, first.name) == (5, 5, "Pod", "audit-1")
    assert (second.count, second.last_at.minute, second.first_at.microsecond) == (3, 9, 123456)


def test_jobs_and_cron_jobs_are_read() -> None:
    """A Job that failed and a CronJob that runs have their counts, times and images."""
    job = parse_jobs.job(
        {
            "metadata": meta("kafka-restore"),
            "spec": {"template": template("tools:v1")},
            "status": {
                "failed": 1,
                "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}],
            },
        },
        SOURCE,
    )
    assert (job.failed, job.succeeded, job.completed_at, job.images) == (1, 0, None, {"main": "tools:v1"})
    cron = parse_jobs.cron_job(
        {
            "metadata": meta("kafka-snapshot"),
            "spec": {"schedule": "0 2 * * *", "jobTemplate": {"spec": {"template": template()}}},
            "status": {"active": [{}], "lastScheduleTime": "2026-11-25T02:00:00Z"},
        },
        SOURCE,
    )
    assert (cron.schedule, cron.active, cron.suspended, cron.last_succeeded_at) == ("0 2 * * *", 1, False, None)


def test_a_version_with_a_suffix_is_read() -> None:
    """Providers write the minor number as `27+`."""
    found = parse_pods.version(answer('{"major":"1","minor":"27+","gitVersion":"v1.27.3-gke.1"}'))
    assert (found.major, found.minor, found.text) == (1, 27, "v1.27.3-gke.1")
    with pytest.raises(BadAnswer):
        parse_pods.version(answer('{"major":"1","minor":"","gitVersion":"v1"}'))


def test_a_review_that_could_not_be_made_is_neither_yes_nor_no() -> None:
    """An authorizer that failed says `allowed: false` and an error: that is no refusal."""
    assert parse_pods.allowed(answer('{"status":{"allowed":true}}')) == (True, "")
    assert parse_pods.allowed(answer('{"status":{"allowed":false,"reason":"no"}}')) == (False, "no")
    for body in (
        '{"status":{}}',
        '{"status":{"allowed":"yes"}}',
        '{"status":{"allowed":false,"evaluationError":"webhook"}}',
    ):
        with pytest.raises(BadAnswer):
            parse_pods.allowed(answer(body))


def test_what_is_kept_of_a_long_list_says_how_long_it_was() -> None:
    """A list beyond the room for it is kept in part, with its count."""
    pods = [parse_pods.pod(pod(f"audit-{n}"), SOURCE) for n in range(50)]
    data = kept(pods, room=3000)
    assert data["count"] == 50
    assert 0 < len(data["items"]) < 20
