"""Ways to a target: one each, and what belongs to it."""

from typing import Any

import pytest
from pydantic import ValidationError

from apgms_ops.environment.kafka import Kafka
from apgms_ops.environment.kubernetes import Kubernetes
from apgms_ops.environment.loading import secrets_of
from apgms_ops.environment.model import Environment
from apgms_ops.environment.postgres import Postgres
from apgms_ops.environment.prometheus import Prometheus
from apgms_ops.environment.via import Path

SERVICES = {
    "payments": {
        "deployment": "payments",
        "replicas": 1,
        "objectives": [{"kind": "reconciliation-delay", "limit": "1h", "source": "a test"}],
    }
}
BROKERS = {
    "bootstrap": ["kafka:9092"],
    "topics": [{"name": "audit.log", "partitions": 3}],
    "groups": [{"name": "audit-writer", "topics": ["audit.log"]}],
}
BY_TOOLS = {"via": "exec:platform/deploy/kafka-exporter", "isolation_level": "read_uncommitted"}
SERVICE = "kubernetes:observability/svc/prometheus:9090"


@pytest.mark.parametrize(
    ("model", "section"),
    [
        (Prometheus, {}),
        (Prometheus, {"url": "http://p:9090", "via": SERVICE}),
        (Prometheus, {"via": SERVICE, "token": "env:TOKEN"}),
        (Prometheus, {"via": "kubernetes:observability/svc/prometheus"}),
        (Prometheus, {"via": "kubernetes:observability/pods/prometheus:9090"}),
        (Prometheus, {"via": "exec:platform/deploy/kafka-exporter"}),
        (Postgres, {}),
        (Postgres, {"dsn": "env:DSN", "via": "exec:platform/statefulset/postgres"}),
        (Postgres, {"dsn": "env:DSN", "role": "replica"}),
        (Postgres, {"via": "exec:platform/postgres"}),
        (Kafka, {**BROKERS, "via": "exec:platform/deploy/kafka-exporter"}),
        (Kafka, {**BROKERS, "command_config": "/etc/client.properties"}),
        (
            Kafka,
            {
                **BROKERS,
                "via": "exec:platform/deploy/e",
                "isolation_level": "read_uncommitted",
                "security": {"protocol": "SSL"},
            },
        ),
        (Kubernetes, {"namespace": "platform"}),
        (Kubernetes, {"namespace": "platform", "context": "c", "server": "https://k"}),
        (Kubernetes, {"namespace": "platform", "context": "c", "token": "env:TOKEN"}),
        (Kubernetes, {"namespace": "platform", "server": "https://k", "kubeconfig": "/config"}),
        (Kubernetes, {"namespace": "platform", "context": "in-cluster", "kubeconfig": "/config"}),
    ],
)
def test_two_ways_none_or_half_of_one_are_mistakes(model: Any, section: dict[str, Any]) -> None:  # noqa: ANN401
    """A section names one way, and nothing that belongs to another."""
    with pytest.raises(ValidationError):
        model.model_validate(section)


def test_each_way_by_itself_is_one() -> None:
    """Every section takes its way through the cluster, with what belongs to it."""
    by_tools = {**BROKERS, **BY_TOOLS, "command_config": "/etc/client.properties"}
    assert Kafka.model_validate(by_tools).where == BY_TOOLS["via"]
    assert Prometheus.model_validate({"via": SERVICE}).where == SERVICE
    way = {"via": "exec:platform/statefulset/postgres", "role": "primary", "database": "apgms", "user": "reader"}
    assert Postgres.model_validate(way).where == way["via"]
    assert Kubernetes.model_validate({"namespace": "platform", "context": "in-cluster"}).where == "context in-cluster"


def test_a_way_is_taken_apart() -> None:
    """Namespace, kind and name of a path, with a service's scheme and port."""
    assert Path.parse(SERVICE) == Path("observability", "svc", "prometheus:9090")
    assert Path.parse("kubernetes:a/svc/https:b:443") == Path("a", "svc", "https:b:443")
    assert Path.parse("exec:platform/statefulset/postgres") == Path("platform", "statefulset", "postgres")


def test_a_way_through_the_cluster_needs_the_cluster_and_its_secrets() -> None:
    """Without [kubernetes] a way through it leads nowhere; with it, its token is read with the section's own."""
    data: dict[str, Any] = {"name": "toy", "services": SERVICES, "prometheus": {"via": SERVICE}}
    with pytest.raises(ValidationError, match="leads through the cluster"):
        Environment.model_validate(data)
    cluster = {"server": "https://k", "token": "env:KUBERNETES_TOKEN", "namespace": "platform"}
    environment = Environment.model_validate({**data, "kubernetes": cluster})
    assert [str(reference) for reference in secrets_of(environment, ["prometheus"])] == ["env:KUBERNETES_TOKEN"]
    assert secrets_of(environment, ["services"]) == ()
