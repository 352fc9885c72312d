"""Makes the node known to the cluster, and keeps saying that it is there."""

import os
import platform
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from apgms_ops.sandbox.cluster.api import CONFLICT, NOT_FOUND, Api, ApiError, Object, namespaced
from apgms_ops.sandbox.node_process.pod_status import when

_LEASES: Final = "kube-node-lease"
_RENEW: Final = 10.0
"""Seconds between two renewals of the lease; it is good for four times as long."""
_STATUS: Final = 60.0
"""Seconds between two reports of the node's own status."""
_PODS: Final = 250
_AGAIN: Final = 0.5


class Registration:
    """One node, to one API."""

    def __init__(self, api: Api, node: str, address: str, port: int, clock: Callable[[], float]) -> None:
        """Take where its kubelet listens, and a clock in seconds since the epoch."""
        self._api = api
        self._node = node
        self._address = address
        self._port = port
        self._clock = clock
        self._began = clock()

    def run(self, stopping: threading.Event, trouble: Callable[[str], None]) -> None:
        """Register, and renew until told to stop; who does not answer is asked again."""
        reported = -_STATUS
        while not stopping.is_set():
            try:
                if self._clock() - reported >= _STATUS:
                    self._report()
                    reported = self._clock()
                wait = _RENEW
                if not self._renew():  # nobody knows us: all we have told is lost
                    reported, wait = -_STATUS, 0.0
            except ApiError as error:
                trouble(str(error))
                reported, wait = -_STATUS, _AGAIN
            stopping.wait(wait)

    def _report(self) -> None:
        path = f"/api/v1/nodes/{self._node}"
        labels = {"kubernetes.io/hostname": self._node, "kubernetes.io/os": "linux", "kubernetes.io/arch": _arch()}
        try:
            self._api.get(path)
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            metadata = {"name": self._node, "labels": labels}
            self._api.create("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": metadata})
        self._api.merge(f"{path}/status", {"status": self._status()})

    def _status(self) -> dict[str, Any]:
        now, began = when(self._clock()), when(self._began)
        fine = {"lastHeartbeatTime": now, "lastTransitionTime": began}
        pressures = {
            "MemoryPressure": "KubeletHasSufficientMemory",
            "DiskPressure": "KubeletHasNoDiskPressure",
            "PIDPressure": "KubeletHasSufficientPID",
        }
        conditions = [{"type": kind, "status": "False", "reason": why, **fine} for kind, why in pressures.items()]
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "message": "the sandbox's node runs",
            **fine,
        }
        capacity = {"cpu": str(os.cpu_count() or 1), "memory": f"{_memory()}Ki", "pods": str(_PODS)}
        return {
            "addresses": [
                {"type": "InternalIP", "address": self._address},
                {"type": "Hostname", "address": self._node},
            ],
            "allocatable": capacity,
            "capacity": capacity,
            "conditions": [*conditions, ready],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._port}},
            "nodeInfo": {
                "architecture": _arch(),
                "bootID": "",
                "containerRuntimeVersion": "sandbox://1",
                "kernelVersion": platform.release(),
                "kubeProxyVersion": "",
                "kubeletVersion": "v1.35.0-sandbox",
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "the processes of a sandbox",
                "systemUUID": "",
            },
        }

    def _renew(self) -> bool:
        """Renew the lease; return whether it was there."""
        path = namespaced("coordination.k8s.io/v1", _LEASES, "leases", self._node)
        now = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        spec = {"holderIdentity": self._node, "leaseDurationSeconds": round(_RENEW * 4), "renewTime": now}
        try:
            self._api.merge(path, {"spec": spec})
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            self._create(spec)
            return False
        return True

    def _create(self, spec: Object) -> None:
        metadata = {"name": self._node, "namespace": _LEASES}
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
        try:
            self._api.create(namespaced("coordination.k8s.io/v1", _LEASES, "leases"), lease)
        except ApiError as error:
            if error.status != CONFLICT:
                raise


def _arch() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def _memory() -> int:
    """Return the machine's memory in KiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024
