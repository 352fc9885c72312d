"""Endpoints: where the ready pods are that a service selects, told twice, as Endpoints and as an EndpointSlice."""

from collections.abc import Iterable, Sequence
from typing import Final

from apgms_ops.sandbox.kubernetes_process import selectors
from apgms_ops.sandbox.kubernetes_process.controllers import owning, pods
from apgms_ops.sandbox.kubernetes_process.controllers.controller import Controller, Key
from apgms_ops.sandbox.kubernetes_process.kinds import Object
from apgms_ops.sandbox.kubernetes_process.store import Change

_SERVICE: Final = "kubernetes.io/service-name"
_MANAGED: Final = "endpointslice.kubernetes.io/managed-by"


class Endpoints(Controller):
    """Follows the pods of each service that selects some; those of other services are somebody else's."""

    name = "endpoints"

    def concerns(self, change: Change) -> Iterable[Key]:
        """Return the service that changed, and those that select a pod that did."""
        if change.plural == "services":
            yield owning.key(change.object)
        elif change.plural == "pods":
            for service in self.store.items("services", change.object["metadata"]["namespace"]):
                requirements = _requirements(service)
                versions = (change.object, change.before or change.object)
                if requirements and any(selectors.selected(requirements, pod) for pod in versions):
                    yield owning.key(service)

    def sync(self, key: Key) -> float | None:
        """Write where a service leads."""
        namespace, name = key
        service = self.store.get("services", namespace, name)
        if service is None:
            if self.store.get("endpoints", namespace, name) is not None:
                self.registry.delete("endpoints", namespace, name)
            return None
        requirements = _requirements(service)
        if not requirements:
            return None
        found = [
            pod
            for pod in self.store.items("pods", namespace)
            if selectors.selected(requirements, pod)
            and pod["status"].get("podIP")
            and pod["status"].get("phase") not in ("Succeeded", "Failed")
        ]
        self._write("endpoints", key, {"metadata": {"name": name}, "subsets": _subsets(service, found)})
        self._write("endpointslices", (namespace, f"{name}-{pods.fingerprint(name)[:5]}"), _slice(service, found))
        return None

    def _write(self, plural: str, key: Key, wanted: Object) -> None:
        namespace, name = key
        content = {field: value for field, value in wanted.items() if field != "metadata"}
        if self.store.get(plural, namespace, name) is None:
            self.registry.create(plural, namespace, {**wanted, "metadata": {**wanted["metadata"], "name": name}})
        else:
            self.registry.update(plural, namespace, name, lambda old: {**old, **content})


def _requirements(service: Object) -> tuple[selectors.Requirement, ...]:
    return selectors.of_object({"matchLabels": service["spec"].get("selector") or {}})


def _serves(pod: Object) -> bool:
    return pods.ready(pod) and not pod["metadata"].get("deletionTimestamp")


def _ports(service: Object, pod: Object) -> list[Object]:
    """Return a service's ports as a pod has them; a name that its containers do not have leads nowhere."""
    named = {
        port["name"]: port["containerPort"]
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or ()
        if "name" in port
    }
    found = []
    for port in service["spec"].get("ports") or ():
        number = named.get(port["targetPort"]) if isinstance(port["targetPort"], str) else port["targetPort"]
        if number is not None:
            name = {"name": port["name"]} if port.get("name") else {}
            found.append({**name, "port": number, "protocol": port["protocol"]})
    return found


def _subsets(service: Object, found: Sequence[Object]) -> list[Object]:
    """Return the pods, those with equal ports together."""
    subsets: dict[str, Object] = {}
    for pod in found:
        ports = _ports(service, pod)
        if not ports:
            continue
        subset = subsets.setdefault(str(ports), {"ports": ports})
        where = "addresses" if _serves(pod) else "notReadyAddresses"
        subset.setdefault(where, []).append(
            {"ip": pod["status"]["podIP"], "nodeName": pod["spec"].get("nodeName"), "targetRef": _target(pod)}
        )
    return list(subsets.values())


def _slice(service: Object, found: Sequence[Object]) -> Object:
    name = service["metadata"]["name"]
    endpoints = []
    for pod in found:
        serving, ending = pods.ready(pod), bool(pod["metadata"].get("deletionTimestamp"))
        endpoints.append(
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {"ready": serving and not ending, "serving": serving, "terminating": ending},
                "nodeName": pod["spec"].get("nodeName"),
                "targetRef": _target(pod),
            }
        )
    metadata = {
        "labels": {_SERVICE: name, _MANAGED: "endpointslice-controller.k8s.io"},
        "ownerReferences": [owning.reference(service)],
    }
    ports = [{"name": "", **port} for port in (_ports(service, found[0]) if found else ())]
    return {"metadata": metadata, "addressType": "IPv4", "endpoints": endpoints, "ports": ports}


def _target(pod: Object) -> Object:
    metadata = pod["metadata"]
    return {"kind": "Pod", "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}
