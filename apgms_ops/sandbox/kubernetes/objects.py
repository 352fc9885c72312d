"""The objects of the sandbox's estate: what somebody who deploys the platform applies to a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Object = dict[str, Any]

PLATFORM: Final = "platform"
OBSERVABILITY: Final = "observability"
NAMESPACES: Final = (PLATFORM, OBSERVABILITY)
PORT: Final = 8080
"""Where every service listens in its pod; the port is named `http`."""
_PORTS: Final = {"prometheus": 9090, "alertmanager": 9093}
"""What is served in the namespace `observability`, and on which of the services' ports."""
_DEADLINE: Final = 60
"""Seconds in which a rollout must get further: the processes here start in a few."""


@dataclass(frozen=True, slots=True)
class Estate:
    """What differs from sandbox to sandbox."""

    images: Mapping[str, str]
    """Service or workload → the image that it runs: the four services, `postgres`, `kafka-exporter`, `kafka-tools`."""
    replicas: Mapping[str, int]
    """Service → replicas."""
    addresses: Mapping[str, int]
    """`prometheus` and `alertmanager` → the port on which they listen."""
    network: str = "127"
    """The first number of addresses in the API: there the loopback's 127.0.0.1 is `<network>.0.0.1`."""

    def objects(self) -> list[Object]:
        """Return every object, in the order in which to apply them."""
        services = list(self.replicas)
        return [
            *map(namespace, NAMESPACES),
            *(service(name, PLATFORM, {"http": PORT}) for name in services),
            service("postgres", PLATFORM, {"postgres": 5432}, headless=True),
            *(
                item
                for name in self.addresses
                for item in outside(name, _PORTS[name], self.addresses[name], self.network)
            ),
            *(deployment(name, self.images[name], self.replicas[name]) for name in services),
            deployment("kafka-exporter", self.images["kafka-exporter"], 1, serves=False),
            stateful_set("postgres", self.images["postgres"], 2, 5432),
            job("kafka-restore", self.images["kafka-tools"], "restore.sh"),
            cron_job("kafka-snapshot", self.images["kafka-tools"], "snapshot.sh", "0 2 * * *"),
        ]


def namespace(name: str) -> Object:
    """Return a namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def deployment(name: str, image: str, replicas: int, *, serves: bool = True) -> Object:
    """Return a Deployment whose pods are replaced one by one: the processes keep to their ports, so none is to spare.

    Args:
        name: Its name, which is its container's and its label `app` too.
        image: The image of its container.
        replicas: How many.
        serves: Whether it answers on port `http`, and is ready once `/health/ready` says so.
    """
    container: Object = {"name": name, "image": image}
    if serves:
        container["ports"] = [{"name": "http", "containerPort": PORT}]
        probe = {"httpGet": {"path": "/health/ready", "port": "http"}, "periodSeconds": 1, "failureThreshold": 3}
        container["readinessProbe"] = probe
    spec = {
        "replicas": replicas,
        "revisionHistoryLimit": 5,
        "progressDeadlineSeconds": _DEADLINE,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        **_pods(name, container),
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _metadata(name), "spec": spec}


def stateful_set(name: str, image: str, replicas: int, port: int) -> Object:
    """Return a StatefulSet, whose first pod is the primary."""
    container = {"name": name, "image": image, "ports": [{"name": name, "containerPort": port}]}
    spec = {"replicas": replicas, "serviceName": name, **_pods(name, container)}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": _metadata(name), "spec": spec}


def service(name: str, home: str, ports: Mapping[str, int], *, headless: bool = False) -> Object:
    """Return a service before the ready pods that are labelled with its name.

    Args:
        name: Its name.
        home: Its namespace.
        ports: By name; each leads to the pods' port of that name.
        headless: Whether it has no address of its own.
    """
    entries = [{"name": port, "port": number, "targetPort": port} for port, number in ports.items()]
    spec: Object = {"selector": {"app": name}, "ports": entries, **({"clusterIP": "None"} if headless else {})}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _metadata(name, home), "spec": spec}


def outside(name: str, port: int, listens: int, network: str) -> tuple[Object, Object]:
    """Return a service that leads out of the cluster, to a process of the sandbox, and the endpoints that say where.

    Args:
        name: Its name.
        port: Its port.
        listens: The port on 127.0.0.1 that it leads to.
        network: The first number of addresses in the API.
    """
    entry = {"name": "http", "port": port, "targetPort": listens}
    subset = {"addresses": [{"ip": f"{network}.0.0.1"}], "ports": [{"name": "http", "port": listens}]}
    metadata = _metadata(name, OBSERVABILITY)
    before = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [entry]}}
    return before, {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": [subset]}


def job(name: str, image: str, command: str) -> Object:
    """Return the Job that restores Kafka: suspended, for it is the template of those that do."""
    spec = {"suspend": True, "backoffLimit": 0, "template": _once(name, image, command)}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": _metadata(name), "spec": spec}


def cron_job(name: str, image: str, command: str, schedule: str) -> Object:
    """Return the CronJob of the nightly snapshot.

    The stand-in runs no CronJobs: the sandbox takes a snapshot as it starts, and writes that into the status. On a real
    cluster the CronJob takes one each night besides.
    """
    template = {"spec": {"backoffLimit": 0, "template": _once(name, image, command)}}
    spec = {"schedule": schedule, "suspend": False, "concurrencyPolicy": "Forbid", "jobTemplate": template}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": _metadata(name), "spec": spec}


def _metadata(name: str, home: str = PLATFORM) -> Object:
    return {"name": name, "namespace": home, "labels": {"app": name}}


def _pods(name: str, container: Object) -> Object:
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels},
        "spec": {"terminationGracePeriodSeconds": 10, "containers": [container]},
    }
    return {"selector": {"matchLabels": labels}, "template": template}


def _once(name: str, image: str, command: str) -> Object:
    spec = {"restartPolicy": "Never", "containers": [{"name": name, "image": image, "command": [command]}]}
    return {"metadata": {"labels": {"app": name}}, "spec": spec}
