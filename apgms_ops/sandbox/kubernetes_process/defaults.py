"""Defaults: what an API server writes into the fields that the writer of an object left out."""

from collections.abc import Callable
from typing import Any, Final

from apgms_ops.sandbox.kubernetes_process.kinds import Object

_POD: Final = {
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "terminationGracePeriodSeconds": 30,
    "enableServiceLinks": True,
}
_CONTAINER: Final = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_PROBE: Final = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")


def fill(plural: str, item: Object) -> None:
    """Fill in the defaults of a kind, in place."""
    if plural in _OF:
        _OF[plural](item)


def _put(into: dict[str, Any], values: dict[str, Any]) -> None:
    for name, value in values.items():
        into.setdefault(name, value.copy() if isinstance(value, dict) else value)


def pod_spec(spec: dict[str, Any]) -> None:
    """Fill in the defaults of a pod's spec."""
    _put(spec, _POD)
    spec.setdefault("securityContext", {})
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        if not isinstance(container, dict):
            continue
        _put(container, _CONTAINER)
        container.setdefault("resources", {})
        image = str(container.get("image", ""))
        tag = image.rpartition("/")[2].partition(":")[2]
        newest = "@" not in image and tag in ("", "latest")
        container.setdefault("imagePullPolicy", "Always" if newest else "IfNotPresent")
        for port in container.get("ports") or ():
            port.setdefault("protocol", "TCP")
        for name in _PROBES:
            if isinstance(container.get(name), dict):
                _put(container[name], _PROBE)
                if isinstance(container[name].get("httpGet"), dict):
                    _put(container[name]["httpGet"], {"path": "/", "scheme": "HTTP"})


def _template(item: Object) -> None:
    template = item["spec"].get("template")
    if isinstance(template, dict):
        template.setdefault("metadata", {})
        if isinstance(template.get("spec"), dict):
            pod_spec(template["spec"])


def _pod(item: Object) -> None:
    spec = item["spec"]
    pod_spec(spec)
    spec.setdefault("serviceAccountName", "default")
    item.setdefault("status", {}).setdefault("phase", "Pending")
    item["status"].setdefault("qosClass", "BestEffort")


def _deployment(item: Object) -> None:
    spec = item["spec"]
    _put(spec, {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600})
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _put(strategy.setdefault("rollingUpdate", {}), {"maxUnavailable": "25%", "maxSurge": "25%"})
    _template(item)


def _replica_set(item: Object) -> None:
    item["spec"].setdefault("replicas", 1)
    _template(item)


def _stateful_set(item: Object) -> None:
    spec = item["spec"]
    _put(spec, {"replicas": 1, "revisionHistoryLimit": 10, "podManagementPolicy": "OrderedReady"})
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    _template(item)


def _job(item: Object) -> None:
    spec = item["spec"]
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    _put(spec, {"parallelism": 1, "backoffLimit": 6, "completionMode": "NonIndexed", "suspend": False})
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")
    uid = item["metadata"].get("uid")
    if uid and not spec.get("selector") and isinstance(spec.get("template"), dict):
        name = item["metadata"]["name"]
        told = {
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": name,
            "controller-uid": uid,
            "job-name": name,
        }
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
        spec["template"].setdefault("metadata", {}).setdefault("labels", {}).update(told)
    _template(item)


def _cron_job(item: Object) -> None:
    spec = item["spec"]
    limits = {"successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1}
    _put(spec, {"concurrencyPolicy": "Allow", "suspend": False, **limits})
    template = spec.get("jobTemplate")
    if isinstance(template, dict):
        template.setdefault("metadata", {})
        if isinstance(template.get("spec"), dict):
            _template(template)


def _service(item: Object) -> None:
    spec = item["spec"]
    _put(spec, {"type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"})
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))


def _namespace(item: Object) -> None:
    item["spec"].setdefault("finalizers", ["kubernetes"])
    item.setdefault("status", {}).setdefault("phase", "Active")
    labels = item["metadata"].setdefault("labels", {})
    labels["kubernetes.io/metadata.name"] = item["metadata"]["name"]


_OF: Final[dict[str, Callable[[Object], None]]] = {
    "pods": _pod,
    "deployments": _deployment,
    "replicasets": _replica_set,
    "statefulsets": _stateful_set,
    "jobs": _job,
    "cronjobs": _cron_job,
    "services": _service,
    "namespaces": _namespace,
}
