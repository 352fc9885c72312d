"""Objects: created, read, changed and deleted, with the errors that belong to it."""

import re

import pytest

from tests.contract.kubernetes.conftest import Cluster, apps, configmap, configmaps, deployment, pods, template

pytestmark = pytest.mark.sandbox


def test_an_object_is_given_what_the_server_alone_knows(cluster: Cluster, namespace: str) -> None:
    """A created object has uid, version and time from the server, and is read back as it was answered."""
    made = cluster.make(configmaps(namespace), configmap("one", colour="red"))
    metadata = made["metadata"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", metadata["uid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["creationTimestamp"])
    assert int(metadata["resourceVersion"]) > 0
    assert metadata["namespace"] == namespace
    assert made["kind"] == "ConfigMap"
    assert cluster.get(configmaps(namespace, "one")) == made


def test_what_exists_is_not_created_again(cluster: Cluster, namespace: str) -> None:
    """A second object of the same name is a conflict that says AlreadyExists."""
    cluster.make(configmaps(namespace), configmap("one"))
    status, answer = cluster.ask("POST", configmaps(namespace), configmap("one"))
    assert (status, answer["kind"], answer["reason"], answer["code"]) == (409, "Status", "AlreadyExists", 409)
    assert answer["details"]["name"] == "one"
    assert answer["message"] == 'configmaps "one" already exists'


def test_what_is_missing_is_told_with_its_name(cluster: Cluster, namespace: str) -> None:
    """Reading, changing and deleting what is not there is a Status that says NotFound, with kind and name."""
    for method, body in (("GET", None), ("PUT", configmap("none")), ("DELETE", None)):
        status, answer = cluster.ask(method, configmaps(namespace, "none"), body)
        if method == "PUT" and status in {200, 201}:  # an update may create some kinds; a ConfigMap it may not
            pytest.fail("an update created an object")
        assert (status, answer["status"], answer["reason"]) == (404, "Failure", "NotFound"), method
        assert answer["message"] == 'configmaps "none" not found'
        assert answer["details"] == {"name": "none", "kind": "configmaps"}


def test_a_workload_that_is_missing_is_told_with_its_group(cluster: Cluster, namespace: str) -> None:
    """The message of a missing Deployment names it as deployments.apps."""
    status, answer = cluster.ask("GET", apps(namespace, "deployments", "none"))
    assert (status, answer["message"]) == (404, 'deployments.apps "none" not found')
    assert answer["details"] == {"name": "none", "group": "apps", "kind": "deployments"}


def test_a_path_that_leads_nowhere_is_no_object(cluster: Cluster, namespace: str) -> None:
    """A kind that the server does not know is 404 without the name of an object."""
    answer = cluster.http().get(f"/api/v1/namespaces/{namespace}/gadgets/one")
    assert answer.status_code == 404
    assert '"gadgets "one" not found"' not in answer.text


def test_a_name_is_made_up_where_only_its_beginning_is_given(cluster: Cluster, namespace: str) -> None:
    """With generateName two objects get two names that begin so."""
    wanted = configmap("")
    wanted["metadata"] = {"generateName": "draft-"}
    names = {cluster.make(configmaps(namespace), wanted)["metadata"]["name"] for _ in range(2)}
    assert len(names) == 2
    assert all(re.fullmatch(r"draft-[a-z0-9]{5}", name) for name in names)


def test_a_namespace_that_is_not_there_takes_nothing(cluster: Cluster) -> None:
    """An object for a missing namespace is refused, and the message names the namespace."""
    status, answer = cluster.ask("POST", configmaps("nowhere"), configmap("one"))
    assert (status, answer["reason"]) == (404, "NotFound")
    assert answer["message"] == 'namespaces "nowhere" not found'


def test_an_object_that_is_none_is_refused_with_its_field(cluster: Cluster, namespace: str) -> None:
    """A Deployment whose selector does not match its template is 422, with the field that is wrong."""
    wanted = deployment("one")
    wanted["spec"]["selector"] = {"matchLabels": {"app": "another"}}
    status, answer = cluster.ask("POST", apps(namespace, "deployments"), wanted)
    assert (status, answer["reason"]) == (422, "Invalid")
    assert [cause["field"] for cause in answer["details"]["causes"]] == ["spec.template.metadata.labels"]


def test_a_name_that_is_none_is_refused(cluster: Cluster, namespace: str) -> None:
    """Upper case in a name is 422 for metadata.name."""
    status, answer = cluster.ask("POST", configmaps(namespace), configmap("One"))
    assert (status, answer["details"]["causes"][0]["field"]) == (422, "metadata.name")


def test_a_body_that_is_no_json_is_a_bad_request(cluster: Cluster, namespace: str) -> None:
    """A torn body is 400, and a Status."""
    headers = {"Content-Type": "application/json"}
    answer = cluster.http().post(configmaps(namespace), content='{"kind": "Conf', headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")


def test_who_changes_an_old_version_is_told_of_the_conflict(cluster: Cluster, namespace: str) -> None:
    """An update over a newer version is 409 Conflict and changes nothing; without a version it goes through."""
    old = cluster.make(configmaps(namespace), configmap("one", colour="red"))
    cluster.patch(configmaps(namespace, "one"), {"data": {"colour": "green"}})
    status, answer = cluster.ask("PUT", configmaps(namespace, "one"), {**old, "data": {"colour": "blue"}})
    assert (status, answer["reason"]) == (409, "Conflict")
    assert "the object has been modified; please apply your changes to the latest version" in answer["message"]
    assert cluster.get(configmaps(namespace, "one"))["data"] == {"colour": "green"}
    status, _ = cluster.ask("PUT", configmaps(namespace, "one"), configmap("one", colour="blue"))
    assert (status, cluster.get(configmaps(namespace, "one"))["data"]) == (200, {"colour": "blue"})


def test_a_patch_over_an_old_version_is_a_conflict(cluster: Cluster, namespace: str) -> None:
    """A patch that names a version is refused where there is a newer one."""
    old = cluster.make(configmaps(namespace), configmap("one"))["metadata"]["resourceVersion"]
    cluster.patch(configmaps(namespace, "one"), {"data": {"a": "1"}})
    body = {"metadata": {"resourceVersion": old}, "data": {"a": "2"}}
    status, answer = cluster.ask("PATCH", configmaps(namespace, "one"), body, patch="merge")
    assert (status, answer["reason"]) == (409, "Conflict")


def test_a_version_changes_with_the_object_alone(cluster: Cluster, namespace: str) -> None:
    """Each change gives a version that is larger; a change to what it was already gives none."""
    first = cluster.make(configmaps(namespace), configmap("one", a="1"))["metadata"]["resourceVersion"]
    second = cluster.patch(configmaps(namespace, "one"), {"data": {"a": "2"}})["metadata"]["resourceVersion"]
    third = cluster.patch(configmaps(namespace, "one"), {"data": {"a": "2"}})["metadata"]["resourceVersion"]
    assert int(first) < int(second) == int(third)


def test_a_merge_patch_removes_what_is_null(cluster: Cluster, namespace: str) -> None:
    """A merge patch keeps what it does not name, and null takes a field away."""
    cluster.make(configmaps(namespace), configmap("one", a="1", b="2"))
    assert cluster.patch(configmaps(namespace, "one"), {"data": {"a": None, "c": "3"}})["data"] == {"b": "2", "c": "3"}


def test_a_strategic_patch_finds_a_container_by_its_name(cluster: Cluster, namespace: str) -> None:
    """A strategic patch, as `kubectl set image` sends one, changes one container and keeps its other fields."""
    cluster.make(apps(namespace, "deployments"), deployment("one", replicas=0))
    body = {"spec": {"template": {"spec": {"containers": [{"name": "one", "image": "registry.example/app:v2"}]}}}}
    changed = cluster.patch(apps(namespace, "deployments", "one"), body, "strategic")
    (container,) = changed["spec"]["template"]["spec"]["containers"]
    assert (container["image"], container["ports"][0]["containerPort"]) == ("registry.example/app:v2", 8080)


def test_a_json_patch_tests_before_it_changes(cluster: Cluster, namespace: str) -> None:
    """A JSON patch whose test fails changes nothing."""
    cluster.make(configmaps(namespace), configmap("one", a="1"))
    path = configmaps(namespace, "one")
    change = [{"op": "test", "path": "/data/a", "value": "1"}, {"op": "replace", "path": "/data/a", "value": "2"}]
    assert cluster.patch(path, change, "json")["data"] == {"a": "2"}
    status, _ = cluster.ask("PATCH", path, change, patch="json")
    assert status == 422
    assert cluster.get(path)["data"] == {"a": "2"}


def test_a_kind_of_patch_that_nobody_knows_is_refused(cluster: Cluster, namespace: str) -> None:
    """A patch in a media type that is none is 415."""
    cluster.make(configmaps(namespace), configmap("one"))
    answer = cluster.http().patch(configmaps(namespace, "one"), content="{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


def test_generation_counts_what_is_wanted_and_nothing_else(cluster: Cluster, namespace: str) -> None:
    """A change of a Deployment's spec counts its generation up, or of its annotations; labels and status do not."""
    path = apps(namespace, "deployments", "one")
    assert cluster.make(apps(namespace, "deployments"), deployment("one", replicas=0))["metadata"]["generation"] == 1
    assert cluster.patch(path, {"metadata": {"labels": {"a": "b"}}})["metadata"]["generation"] == 1
    assert cluster.patch(path, {"spec": {"revisionHistoryLimit": 3}})["metadata"]["generation"] == 2
    assert cluster.patch(f"{path}/status", {"status": {"collisionCount": 1}})["metadata"]["generation"] == 2
    assert cluster.patch(path, {"metadata": {"annotations": {"a": "b"}}})["metadata"]["generation"] == 3


def test_the_status_is_written_apart(cluster: Cluster, namespace: str) -> None:
    """Who changes an object does not change its status, and who writes its status changes nothing else."""
    wanted = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, **template("one")}
    wanted["metadata"] = {"name": "one"}
    cluster.make(pods(namespace), {**wanted, "status": {"phase": "Succeeded"}})
    assert cluster.get(pods(namespace, "one"))["status"]["phase"] in {"Pending", "Running"}
    body = {"metadata": {"labels": {"colour": "red"}}, "status": {"message": "told"}}
    plain = cluster.patch(pods(namespace, "one"), body)
    assert plain["metadata"]["labels"] == {"colour": "red"}
    assert "message" not in plain["status"]
    cluster.patch(f"{pods(namespace, 'one')}/status", {"spec": {"nodeName": "x"}, "status": {"message": "told"}})
    seen = cluster.get(pods(namespace, "one"))
    assert seen["status"]["message"] == "told"
    assert seen["spec"].get("nodeName") != "x"


def test_the_scale_of_a_workload_is_a_resource(cluster: Cluster, namespace: str) -> None:
    """`/scale` reads and changes the number of replicas, and nothing else."""
    cluster.make(apps(namespace, "deployments"), deployment("one", replicas=0))
    path = apps(namespace, "deployments", "one")
    scale = cluster.get(f"{path}/scale")
    assert (scale["kind"], scale["spec"].get("replicas", 0), scale["status"]["selector"]) == ("Scale", 0, "app=one")
    cluster.patch(f"{path}/scale", {"spec": {"replicas": 1}})
    assert cluster.get(path)["spec"]["replicas"] == 1


def test_a_deleted_object_is_gone(cluster: Cluster, namespace: str) -> None:
    """A deletion is answered with success, and the object is not found afterwards."""
    uid = cluster.make(configmaps(namespace), configmap("one"))["metadata"]["uid"]
    status, answer = cluster.ask("DELETE", configmaps(namespace, "one"))
    assert (status, answer["status"], answer["details"]["uid"]) == (200, "Success", uid)
    assert cluster.ask("GET", configmaps(namespace, "one"))[0] == 404


def test_a_deletion_of_another_object_of_that_name_is_a_conflict(cluster: Cluster, namespace: str) -> None:
    """A deletion that names another uid deletes nothing."""
    cluster.make(configmaps(namespace), configmap("one"))
    body = {"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}}
    status, answer = cluster.ask("DELETE", configmaps(namespace, "one"), body)
    assert (status, answer["reason"]) == (409, "Conflict")
    assert cluster.ask("GET", configmaps(namespace, "one"))[0] == 200


def test_a_finalizer_holds_an_object_back(cluster: Cluster, namespace: str) -> None:
    """A deleted object with a finalizer stays, marked, until somebody takes the finalizer away."""
    wanted = configmap("one")
    wanted["metadata"]["finalizers"] = ["contract.example/hold"]
    cluster.make(configmaps(namespace), wanted)
    assert cluster.ask("DELETE", configmaps(namespace, "one"))[0] == 200
    assert "deletionTimestamp" in cluster.get(configmaps(namespace, "one"))["metadata"]
    cluster.patch(configmaps(namespace, "one"), {"metadata": {"finalizers": None}})
    assert cluster.ask("GET", configmaps(namespace, "one"))[0] == 404


def test_a_pod_is_told_to_go_before_it_is_gone(cluster: Cluster, namespace: str) -> None:
    """A pod on a node is marked with a time to go by, and is gone once its node says so."""
    cluster.make(pods(namespace), {"apiVersion": "v1", "kind": "Pod", **template("one"), "metadata": {"name": "one"}})
    cluster.until(pods(namespace, "one"), lambda pod: pod["status"]["phase"] == "Running")
    status, answer = cluster.ask("DELETE", pods(namespace, "one"), {"gracePeriodSeconds": 5})
    assert (status, answer["kind"]) == (200, "Pod")
    assert answer["metadata"]["deletionGracePeriodSeconds"] == 5
    cluster.gone(pods(namespace, "one"))


def test_a_dry_run_changes_nothing(cluster: Cluster, namespace: str) -> None:
    """With dryRun=All an object is judged and answered, and not stored."""
    status, answer = cluster.ask("POST", configmaps(namespace), configmap("one"), dryRun="All")
    assert (status, answer["metadata"]["name"]) == (201, "one")
    assert cluster.ask("GET", configmaps(namespace, "one"))[0] == 404
