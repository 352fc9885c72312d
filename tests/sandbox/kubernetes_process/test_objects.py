"""Objects are written by a real API server's rules."""

import pytest

from apgms_ops.sandbox.kubernetes_process.managed import dated_back
from tests.sandbox.kubernetes_process.small import MERGE, SPACE, Object, Small, template, workload

MAPS = f"/api/v1/namespaces/{SPACE}/configmaps"
PODS = f"/api/v1/namespaces/{SPACE}/pods"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{SPACE}/deployments"


def configmap(name: str = "one", **metadata: object) -> Object:
    """Return a ConfigMap."""
    return {"metadata": {"name": name, **metadata}, "data": {"a": "1"}}


def test_what_is_made_has_an_identity(bare: Small) -> None:
    """A new object has a uid, a time, a version, and says who wrote it."""
    found = bare.good("POST", MAPS, configmap(uid="mine", creationTimestamp="1970-01-01T00:00:00Z"))
    metadata = found["metadata"]
    assert metadata["uid"] != "mine"
    assert metadata["creationTimestamp"] == "2027-01-15T08:00:00Z"
    assert int(metadata["resourceVersion"]) == bare.store.revision
    assert (found["kind"], found["apiVersion"], metadata["namespace"]) == ("ConfigMap", "v1", SPACE)
    (entry,) = metadata["managedFields"]
    assert (entry["manager"], entry["fieldsV1"]) == ("test", {"f:data": {"f:a": {}}})
    status, again = bare.ask("POST", MAPS, configmap())
    assert (status, again["reason"]) == (409, "AlreadyExists")


def test_what_was_written_can_be_dated_back(bare: Small) -> None:
    """Every entry of who wrote what is so much older, and the object is otherwise the same."""
    made = bare.good("POST", MAPS, configmap())
    older = dated_back(made, 3600)
    assert [entry["time"] for entry in older["metadata"]["managedFields"]] == ["2027-01-15T07:00:00Z"]
    assert {**older["metadata"], "managedFields": 0} == {**made["metadata"], "managedFields": 0}


def test_a_generated_name_has_an_ending(bare: Small) -> None:
    """`generateName` is taken with five letters behind it, other ones each time."""
    wanted = {"metadata": {"generateName": "x-"}}
    names = {bare.good("POST", MAPS, wanted)["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(len(name) == 7 for name in names)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (MAPS, {"metadata": {}}, 422),
        (MAPS, {"metadata": {"name": "Not A Name"}}, 422),
        (MAPS, {**configmap(), "kind": "Secret"}, 400),
        (MAPS, configmap(namespace="other"), 400),
        (MAPS, configmap(resourceVersion="1"), 400),
        ("/api/v1/namespaces/nowhere/configmaps", configmap(), 404),
        (DEPLOYMENTS, {"metadata": {"name": "x"}, "spec": {}}, 422),
        (DEPLOYMENTS, {**workload(), "spec": {**workload()["spec"], "replicas": -1}}, 422),
        (DEPLOYMENTS, {**workload(), "spec": {**workload()["spec"], "selector": {"matchLabels": {"a": "b"}}}}, 422),
        (PODS, {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "a"}]}}, 422),
        (PODS, {"metadata": {"name": "x"}, "spec": {"containers": []}}, 422),
        ("/api/v1/configmaps", configmap(), 405),
        (f"{MAPS}/one", configmap(), 405),
    ],
)
def test_what_makes_no_object_is_refused(bare: Small, path: str, body: Object, code: int) -> None:
    """Missing and wrong fields, wrong kinds and places are refused, and nothing is stored."""
    before = bare.store.revision
    status, found = bare.ask("POST", path, body)
    assert (status, found["kind"], found["code"]) == (code, "Status", code)
    assert bare.store.revision == before


def test_who_writes_over_another_version_is_told(bare: Small) -> None:
    """A PUT with an old version is a conflict; with the present one, or none, it is done."""
    first = bare.good("POST", MAPS, configmap())
    second = bare.good("PUT", f"{MAPS}/one", {**first, "data": {"a": "2"}})
    assert int(second["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])
    status, found = bare.ask("PUT", f"{MAPS}/one", {**first, "data": {"a": "3"}})
    assert (status, found["reason"]) == (409, "Conflict")
    assert "the object has been modified" in found["message"]
    assert bare.good("PUT", f"{MAPS}/one", configmap())["data"] == {"a": "1"}
    other = {**configmap(), "metadata": {"name": "one", "uid": "another"}}
    assert bare.ask("PUT", f"{MAPS}/one", other)[0] == 409
    assert bare.ask("PUT", f"{MAPS}/two", configmap("two"))[0] == 404
    assert bare.ask("PUT", f"{MAPS}/one", configmap("two"))[0] == 400


def test_a_change_that_changes_nothing_is_none(bare: Small) -> None:
    """A patch to what is there already leaves the version as it was."""
    first = bare.good("POST", MAPS, configmap())
    same = bare.good("PATCH", f"{MAPS}/one", {"data": {"a": "1"}}, media=MERGE)
    assert same["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_generation_counts_changes_of_the_spec(bare: Small) -> None:
    """The spec's changes are counted, and those of a Deployment's annotations; labels' and status' are not."""
    path = f"{DEPLOYMENTS}/web"
    bare.good("POST", DEPLOYMENTS, workload(0))

    def after(body: Object, part: str = "") -> int:
        return int(bare.good("PATCH", f"{path}{part}", body, media=MERGE)["metadata"]["generation"])

    assert after({"metadata": {"labels": {"a": "b"}}}) == 1
    assert after({"status": {"replicas": 7}}, "/status") == 1
    assert after({"spec": {"replicas": 1}}) == 2
    assert after({"metadata": {"annotations": {"a": "b"}}}) == 3
    status, found = bare.ask("PATCH", path, {"spec": {"selector": {"matchLabels": {"app": "x"}}}}, media=MERGE)
    assert (status, found["reason"]) == (422, "Invalid")


def test_the_status_is_another_door(bare: Small) -> None:
    """Who writes the object cannot change its status; who writes its status changes nothing else."""
    bare.good("POST", DEPLOYMENTS, {**workload(1), "status": {"replicas": 9}})
    assert bare.get("deployments", "web")["status"] == {}
    bare.good("PATCH", f"{DEPLOYMENTS}/web", {"status": {"replicas": 9}}, media=MERGE)
    assert bare.get("deployments", "web")["status"] == {}
    body = {"spec": {"replicas": 5}, "metadata": {"labels": {"a": "b"}}, "status": {"replicas": 9}}
    found = bare.good("PATCH", f"{DEPLOYMENTS}/web/status", body, media=MERGE)
    assert (found["spec"]["replicas"], found["metadata"].get("labels"), found["status"]) == (1, None, {"replicas": 9})


def test_scale_is_read_and_written(bare: Small) -> None:
    """The subresource `scale` changes replicas alone, by PUT and by patch, and heeds versions."""
    bare.good("POST", DEPLOYMENTS, workload(1))
    path = f"{DEPLOYMENTS}/web/scale"
    found = bare.good("GET", path)
    assert (found["kind"], found["spec"], found["status"]["selector"]) == ("Scale", {"replicas": 1}, "app=web")
    assert bare.good("PUT", path, {**found, "spec": {"replicas": 3}})["spec"]["replicas"] == 3
    assert bare.ask("PUT", path, {**found, "spec": {"replicas": 4}})[0] == 409
    bare.good("PATCH", path, {"spec": {"replicas": 0}}, media=MERGE)
    assert bare.get("deployments", "web")["spec"]["replicas"] == 0
    assert bare.ask("PATCH", path, {"spec": {"replicas": -1}}, media=MERGE)[0] == 400


def test_a_pod_that_runs_gets_its_grace(small: Small) -> None:
    """A pod on a node is marked first, with the time that it has, and gone once the node says so."""
    small.make("pods", {"metadata": {"name": "one"}, "spec": template()["spec"]})
    status, found = small.ask("DELETE", f"{PODS}/one")
    assert (status, found["kind"], found["metadata"]["deletionGracePeriodSeconds"]) == (200, "Pod", 30)
    assert found["metadata"]["deletionTimestamp"] == "2027-01-15T08:00:30Z"
    _, sooner = small.ask("DELETE", f"{PODS}/one", {"gracePeriodSeconds": 5})
    assert sooner["metadata"]["deletionGracePeriodSeconds"] == 5
    _, later = small.ask("DELETE", f"{PODS}/one?gracePeriodSeconds=60")
    assert later["metadata"]["deletionGracePeriodSeconds"] == 5
    small.good("DELETE", f"{PODS}/one", {"gracePeriodSeconds": 0})
    assert small.ask("GET", f"{PODS}/one")[0] == 404


def test_a_deletion_means_one_object(bare: Small) -> None:
    """Preconditions hold a deletion to one object; what is not served is refused before anything is deleted."""
    uid = bare.good("POST", MAPS, configmap())["metadata"]["uid"]
    assert bare.ask("DELETE", f"{MAPS}/one", {"preconditions": {"uid": "x"}})[0] == 409
    assert bare.ask("DELETE", f"{MAPS}/one", {"propagationPolicy": "Foreground"})[0] == 400
    assert bare.ask("DELETE", f"{MAPS}/one?gracePeriodSeconds=-1")[0] == 400
    bare.good("DELETE", f"{MAPS}/one?dryRun=All")
    status, found = bare.ask("DELETE", f"{MAPS}/one", {"preconditions": {"uid": uid}})
    assert (status, found["status"], found["details"]) == (
        200,
        "Success",
        {"name": "one", "kind": "configmaps", "uid": uid},
    )
    assert bare.ask("DELETE", f"{MAPS}/one")[0] == 404


def test_many_are_deleted_by_a_selector(bare: Small) -> None:
    """A collection's DELETE takes those that a selector means."""
    for name in ("a", "b", "c"):
        bare.good("POST", MAPS, configmap(name, labels={"of": "us" if name != "c" else "them"}))
    bare.good("DELETE", f"{MAPS}?labelSelector=of=us")
    assert bare.names("configmaps") == ["c"]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/apis/example.org/v1/things", 404),
        ("GET", "/apis/apps/v1beta1/deployments", 404),
        ("GET", "/openapi/v2", 404),
        ("GET", f"{PODS}/one/portforward", 404),
        ("GET", f"{MAPS}?unknown=1", 400),
        ("GET", f"{MAPS}?resourceVersionMatch=Exact&resourceVersion=1", 400),
        ("GET", f"{MAPS}?limit=many", 400),
        ("GET", f"{MAPS}?continue=nonsense", 400),
        ("POST", f"{MAPS}?fieldValidation=Strict", 400),
        ("POST", f"{MAPS}?dryRun=Some", 400),
        ("DELETE", "/api/v1/namespaces/nowhere", 404),
        ("PATCH", MAPS, 405),
        ("BREW", MAPS, 405),
    ],
)
def test_what_is_not_there_and_what_is_not_served_is_said(bare: Small, method: str, path: str, code: int) -> None:
    """Unknown paths are 404, unknown parameters 400, wrong methods 405: each a Status, none passed over."""
    status, found = bare.ask(method, path, configmap() if method == "POST" else None, media="application/json")
    assert (status, found["kind"]) == (code, "Status")


def test_bodies_must_be_json_objects(bare: Small) -> None:
    """Another media type is 415, a list where an object must stand 400."""
    assert bare.ask("POST", MAPS, configmap(), media="application/yaml")[0] == 415
    assert bare.ask("POST", MAPS, [])[0] == 400
