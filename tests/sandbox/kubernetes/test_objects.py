"""The estate's objects are such as an API server takes, and come to the estate that the checks expect."""

import pytest

from apgms_ops.sandbox.kubernetes.objects import OBSERVABILITY, PLATFORM, Estate
from apgms_ops.sandbox.kubernetes_process.kinds import of_object
from tests.sandbox.kubernetes_process.small import Small

REPLICAS = {"api-gateway": 2, "audit": 1, "payments": 1, "registries": 1}
IMAGES = {name: f"{name}:v1" for name in (*REPLICAS, "postgres", "kafka-exporter", "kafka-tools")}


@pytest.fixture
def applied(small: Small) -> Small:
    """A cluster with the estate, everything running."""
    estate = Estate(IMAGES, REPLICAS, {"prometheus": 19090, "alertmanager": 19093}, network="10")
    for item in estate.objects():
        resource = of_object(item["apiVersion"], item["kind"])
        assert resource is not None
        namespace = item["metadata"].get("namespace", "")
        if small.store.get(resource.plural, namespace, item["metadata"]["name"]) is None:
            small.registry.create(resource.plural, namespace, item)
        small.manager.settle()
    small.obey_all()
    return small


@pytest.fixture
def small() -> Small:
    """A cluster of one node."""
    found = Small()
    found.add_node()
    return found


def test_every_workload_rolls_out(applied: Small) -> None:
    """Each Deployment has its replicas available, the database two pods, and no Job runs by itself."""
    available = {name: applied.get("deployments", name)["status"]["availableReplicas"] for name in REPLICAS}
    assert available == REPLICAS
    assert applied.get("deployments", "kafka-exporter")["status"]["availableReplicas"] == 1
    assert applied.names("pods", lambda pod: pod["metadata"]["labels"]["app"] == "postgres") == [
        "postgres-0",
        "postgres-1",
    ]
    assert applied.names("pods", lambda pod: pod["metadata"]["labels"]["app"].startswith("kafka-re")) == []
    assert applied.get("cronjobs", "kafka-snapshot")["spec"]["suspend"] is False


def test_every_service_leads_somewhere(applied: Small) -> None:
    """The services of the platform lead to their pods' port, those of the monitoring out of the cluster."""
    for name, replicas in REPLICAS.items():
        (subset,) = applied.get("endpoints", name)["subsets"]
        assert len(subset["addresses"]) == replicas
        assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    outside = applied.store.get("endpoints", OBSERVABILITY, "prometheus")
    assert outside is not None
    assert outside["subsets"] == [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"name": "http", "port": 19090}]}]
    service = applied.store.get("services", OBSERVABILITY, "prometheus")
    assert service is not None
    assert service["spec"]["ports"][0]["port"] == 9090


def test_pods_are_replaced_one_by_one(applied: Small) -> None:
    """A rollout has none to spare: the processes keep to their ports, so an old one goes before a new one comes."""
    spec = applied.get("deployments", "api-gateway")["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    assert applied.get("deployments", "api-gateway")["metadata"]["namespace"] == PLATFORM
