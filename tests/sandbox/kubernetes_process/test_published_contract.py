"""What the stand-in answers, beside the API description that Kubernetes itself publishes, where a copy is at hand."""

import json
from pathlib import Path

import pytest

from tests.sandbox.kubernetes_process.small import SPACE, Object, Small, template, workload

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
NEWER = (".status.terminating", ".spec.podReplacementPolicy")
"""Fields that the stand-in has from a newer version than the description is of."""


def _contract() -> Object:
    root = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").is_file())
    path = root.parent / "shared" / "contracts" / "kubernetes.json"
    if not path.is_file():
        pytest.skip("no copy of Kubernetes's API description at ../shared/contracts/kubernetes.json")
    found: Object = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def contract() -> Object:
    """The API description."""
    return _contract()


@pytest.fixture(scope="module")
def lived() -> Small:
    """A cluster in which something of every kind has come to something."""
    small = Small()
    small.add_node()
    address = {"type": "InternalIP", "address": "127.0.0.1"}
    small.registry.update(
        "nodes", "", "one-node", lambda old: {**old, "status": {**old["status"], "addresses": [address]}}
    )
    port = {"name": "http", "port": 80, "targetPort": "http"}
    small.make("services", {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [port]}})
    small.make("configmaps", {"metadata": {"name": "one"}, "data": {"a": "1"}})
    small.make("deployments", workload(2))
    small.make("statefulsets", {**workload(1, serviceName="web"), "metadata": {"name": "state"}})
    once = template(restartPolicy="Never")
    small.make("jobs", {"metadata": {"name": "once"}, "spec": {"template": once}})
    plan = {"schedule": "0 2 * * *", "jobTemplate": {"spec": {"template": once}}}
    small.make("cronjobs", {"metadata": {"name": "nightly"}, "spec": plan})
    small.obey_all()
    for name in small.names("pods", lambda pod: pod["metadata"]["name"].startswith("once")):
        small.report(name, phase="Succeeded", ready=False)
    return small


def problems(value: object, schema: Object, contract: Object, where: str) -> list[str]:  # noqa: C901 — a case each
    """Return where a value breaks a schema; of OpenAPI, what this description uses. An unknown field breaks it too."""
    for part in schema.get("allOf", []):
        if found := problems(value, part, contract, where):
            return found
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return problems(value, contract["components"]["schemas"][name], contract, where)
    if value is None:  # an optional time that is not set is written as null by the real one too
        return [] if schema.get("format") == "date-time" else [f"{where} is null"]
    kind = schema.get("type")
    if kind is None:
        return []
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return [f"{where} is not {kind}: {value!r}"]
    found = []
    if isinstance(value, dict) and "properties" in schema:
        known = schema["properties"]
        found += [f"{where}.{key} is missing" for key in schema.get("required", []) if key not in value]
        unknown = [f"{where}.{key}" for key in value if key not in known]
        found += [f"{field} is not known" for field in unknown if not field.endswith(NEWER)]
        for key in known.keys() & value.keys():
            found += problems(value[key], known[key], contract, f"{where}.{key}")
    elif isinstance(value, dict) and isinstance(schema.get("additionalProperties"), dict):
        for key, inner in value.items():
            found += problems(inner, schema["additionalProperties"], contract, f"{where}.{key}")
    if isinstance(value, list):
        for number, item in enumerate(value):
            found += problems(item, schema["items"], contract, f"{where}[{number}]")
    return found


def described(contract: Object, path: str) -> Object:
    """Return the schema of a path's answer."""
    content = contract["paths"][path]["get"]["responses"]["200"]["content"]
    found: Object = content["application/json"]["schema"]
    return found


@pytest.mark.parametrize(
    ("template_path", "name"),
    [
        ("/version/", ""),
        ("/api/v1/nodes", ""),
        ("/api/v1/namespaces/{name}", SPACE),
        ("/api/v1/namespaces/{namespace}/pods", ""),
        ("/api/v1/namespaces/{namespace}/pods/{name}", "state-0"),
        ("/api/v1/namespaces/{namespace}/events", ""),
        ("/api/v1/namespaces/{namespace}/services", ""),
        ("/api/v1/namespaces/{namespace}/configmaps/{name}", "one"),
        ("/apis/apps/v1/namespaces/{namespace}/deployments", ""),
        ("/apis/apps/v1/namespaces/{namespace}/deployments/{name}", "web"),
        ("/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale", "web"),
        ("/apis/apps/v1/namespaces/{namespace}/replicasets", ""),
        ("/apis/apps/v1/namespaces/{namespace}/statefulsets", ""),
        ("/apis/batch/v1/namespaces/{namespace}/jobs", ""),
        ("/apis/batch/v1/namespaces/{namespace}/cronjobs", ""),
        ("/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices", ""),
    ],
)
def test_an_answer_is_as_it_is_described(contract: Object, lived: Small, template_path: str, name: str) -> None:
    """Every answer that the description knows fits its schema, and has no field that it does not know."""
    found = lived.good("GET", template_path.format(namespace=SPACE, name=name))
    if "items" in found:
        assert found["items"]
    assert problems(found, described(contract, template_path), contract, "$") == []


def test_every_error_is_a_status(contract: Object, lived: Small) -> None:
    """What is refused is answered with an object of schema Status, for the operations do not say so themselves."""
    schema = contract["components"]["schemas"]["io.k8s.apimachinery.pkg.apis.meta.v1.Status"]
    pods = f"/api/v1/namespaces/{SPACE}/pods"
    bad = {"metadata": {"name": "X"}, "spec": {}}
    for method, path, body in (("GET", f"{pods}/gone", None), ("POST", pods, bad), ("GET", "/nothing", None)):
        status, found = lived.ask(method, path, body)
        assert status >= 400
        assert problems(found, schema, contract, "$") == []
