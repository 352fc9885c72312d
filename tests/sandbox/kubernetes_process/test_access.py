"""Roles and bindings decide as real ones do, and a refusal reads like a real one's."""

import pytest

from tests.sandbox.kubernetes_process.small import READER, SPACE, Object, Small

API = "rbac.authorization.k8s.io"


def role(*rules: Object, space: str = SPACE) -> list[Object]:
    """Return a role of these rules, and its binding to the group `readers`."""
    kind, metadata = ("Role", {"name": "r", "namespace": space}) if space else ("ClusterRole", {"name": "r"})
    made = {"apiVersion": f"{API}/v1", "kind": kind, "metadata": metadata, "rules": list(rules)}
    binding = {
        "apiVersion": f"{API}/v1",
        "kind": f"{kind}Binding",
        "metadata": {**metadata, "name": "b"},
        "roleRef": {"apiGroup": API, "kind": kind, "name": "r"},
        "subjects": [{"kind": "Group", "apiGroup": API, "name": "readers"}],
    }
    return [made, binding]


def rule(verbs: str, resources: str, names: str = "", group: str = "") -> Object:
    """Return a rule; several of each are separated by spaces."""
    found: Object = {"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split()}
    return {**found, "resourceNames": names.split()} if names else found


@pytest.mark.parametrize(
    ("rules", "method", "path", "code"),
    [
        ([rule("list", "pods")], "GET", "/api/v1/namespaces/platform/pods", 200),
        ([rule("list", "pods")], "GET", "/api/v1/namespaces/default/pods", 403),
        ([rule("list", "pods")], "GET", "/api/v1/pods", 403),
        ([rule("list", "pods")], "GET", "/api/v1/namespaces/platform/pods/x", 403),
        ([rule("get", "pods")], "GET", "/api/v1/namespaces/platform/pods/x", 404),
        ([rule("get", "pods")], "GET", "/api/v1/namespaces/platform/pods/x/log", 403),
        ([rule("get", "pods/log")], "GET", "/api/v1/namespaces/platform/pods/x/log", 404),
        ([rule("get", "*/log")], "GET", "/api/v1/namespaces/platform/pods/x/log", 404),
        ([rule("get", "*")], "GET", "/api/v1/namespaces/platform/pods/x/log", 404),
        ([rule("*", "pods", "y")], "GET", "/api/v1/namespaces/platform/pods/x", 403),
        ([rule("*", "pods", "y x")], "GET", "/api/v1/namespaces/platform/pods/x", 404),
        ([rule("list", "pods", "x")], "GET", "/api/v1/namespaces/platform/pods", 403),
        ([rule("list", "pods", "x")], "GET", "/api/v1/namespaces/platform/pods?fieldSelector=metadata.name=x", 200),
        ([rule("list", "deployments")], "GET", "/apis/apps/v1/namespaces/platform/deployments", 403),
        ([rule("list", "deployments", "", "apps")], "GET", "/apis/apps/v1/namespaces/platform/deployments", 200),
        ([rule("list", "deployments", "", "*")], "GET", "/apis/apps/v1/namespaces/platform/deployments", 200),
        ([rule("get", "pods/exec")], "GET", "/api/v1/namespaces/platform/pods/x/exec?command=a", 403),
        ([rule("get create", "pods/exec")], "GET", "/api/v1/namespaces/platform/pods/x/exec?command=a", 404),
        ([rule("get", "services/proxy", "p:9090")], "GET", "/api/v1/namespaces/platform/services/p:9090/proxy/", 404),
        ([rule("get", "services/proxy", "p:9090")], "POST", "/api/v1/namespaces/platform/services/p:9090/proxy/", 403),
        ([rule("get", "services/proxy", "p:9090")], "GET", "/api/v1/namespaces/platform/services/p/proxy/", 403),
        ([rule("delete", "pods")], "DELETE", "/api/v1/namespaces/platform/pods", 403),
    ],
)
def test_a_role_grants_what_it_names_and_nothing_else(rules: list[Object], method: str, path: str, code: int) -> None:
    """Verbs, groups, resources with their parts, names and namespaces are all kept to."""
    small = Small(*role(*rules))
    assert small.ask(method, path, token=READER)[0] == code


def test_a_cluster_role_grants_everywhere_and_through_a_role_binding_in_one_place() -> None:
    """Bound in the cluster it holds in every namespace, bound in a namespace only there."""
    everywhere, binding = role(rule("list", "pods nodes"), space="")
    small = Small(everywhere, binding)
    assert small.ask("GET", "/api/v1/nodes", token=READER)[0] == 200
    assert small.ask("GET", "/api/v1/namespaces/default/pods", token=READER)[0] == 200
    here = {**binding, "kind": "RoleBinding", "metadata": {"name": "b", "namespace": SPACE}}
    small = Small(everywhere, here)
    assert small.ask("GET", "/api/v1/nodes", token=READER)[0] == 403
    assert small.ask("GET", f"/api/v1/namespaces/{SPACE}/pods", token=READER)[0] == 200


def test_a_refusal_names_what_to_grant(bare: Small) -> None:
    """The message says who cannot do what, to what, where; the details name it too."""
    status, found = bare.ask("GET", f"/api/v1/namespaces/{SPACE}/pods/x/log", token=READER)
    assert (status, found["reason"], found["code"]) == (403, "Forbidden", 403)
    assert found["message"] == (
        'pods "x" is forbidden: User "reader" cannot get resource "pods/log" in API group ""'
        ' in the namespace "platform"'
    )
    assert found["details"] == {"name": "x", "kind": "pods"}
    _, found = bare.ask("GET", "/apis/apps/v1/deployments", token=READER)
    assert found["message"] == (
        'deployments.apps is forbidden: User "reader" cannot list resource "deployments" in API group "apps"'
        " at the cluster scope"
    )
    _, found = bare.ask("GET", "/metrics", token=READER)
    assert found["message"] == 'forbidden: User "reader" cannot get path "/metrics"'


@pytest.mark.parametrize("token", ["", "unknown"])
def test_who_is_not_known_gets_no_answer(bare: Small, token: str) -> None:
    """Without a token, or with one that nobody has, everything is 401, existing or not."""
    for path in ("/version", "/api/v1/pods", "/nothing"):
        status, found = bare.ask("GET", path, token=token)
        assert (status, found["reason"]) == (401, "Unauthorized")


def test_whoever_is_known_may_ask_what_there_is_and_what_they_may(bare: Small) -> None:
    """Version, health, discovery and one's own permissions are everybody's."""
    for path in ("/version", "/api", "/apis", "/apis/apps/v1"):
        assert bare.ask("GET", path, token=READER)[0] == 200
    assert bare.answer("GET", "/readyz", token=READER).status == 200  # type: ignore[union-attr]  # no takeover


@pytest.mark.parametrize(
    ("attributes", "allowed"),
    [
        ({"verb": "list", "resource": "pods", "namespace": SPACE}, True),
        ({"verb": "list", "resource": "pods"}, False),
        ({"verb": "get", "resource": "pods", "subresource": "log", "namespace": SPACE}, True),
        ({"verb": "get", "resource": "secrets", "namespace": SPACE}, False),
        ({"verb": "list", "group": "apps", "resource": "pods", "namespace": SPACE}, False),
    ],
)
def test_a_review_answers_as_the_request_would_be(attributes: Object, *, allowed: bool) -> None:
    """A SelfSubjectAccessReview is decided by the same rules, and names the binding that allows."""
    small = Small(*role(rule("list get", "pods pods/log")))
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    status, found = small.ask("POST", path, {"spec": {"resourceAttributes": attributes}}, token=READER)
    assert (status, found["status"]["allowed"]) == (201, allowed)
    if allowed:
        assert found["status"]["reason"] == ('RBAC: allowed by RoleBinding "b/platform" of Role "r" to Group "readers"')
    assert small.ask("POST", path, {"spec": {}}, token=READER)[0] == 400
    assert small.ask("GET", path, token=READER)[0] == 403


def test_a_service_account_is_who_its_name_says() -> None:
    """A binding's service account is the user of that name, in the namespace that it names."""
    made, binding = role(rule("list", "pods"))
    subject = {"kind": "ServiceAccount", "name": "a", "namespace": "platform"}
    small = Small(made, {**binding, "subjects": [subject]})
    users = dict(small.parts.users)
    assert small.ask("GET", f"/api/v1/namespaces/{SPACE}/pods", token=READER)[0] == 403
    users[READER] = type(users[READER]).known("system:serviceaccount:platform:a")
    object.__setattr__(small.parts, "users", users)
    assert small.ask("GET", f"/api/v1/namespaces/{SPACE}/pods", token=READER)[0] == 200
