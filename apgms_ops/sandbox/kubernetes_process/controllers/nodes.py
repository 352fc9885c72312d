"""Nodes: one that no longer gives a sign of life is not ready, and none of its pods is."""

from collections.abc import Iterable
from typing import Final

from apgms_ops.sandbox.kubernetes_process.clock import stamp
from apgms_ops.sandbox.kubernetes_process.conditions import condition, told, with_condition
from apgms_ops.sandbox.kubernetes_process.controllers import owning
from apgms_ops.sandbox.kubernetes_process.controllers.controller import Controller, Key
from apgms_ops.sandbox.kubernetes_process.kinds import Object
from apgms_ops.sandbox.kubernetes_process.managed import STATUS
from apgms_ops.sandbox.kubernetes_process.registry import Registry
from apgms_ops.sandbox.kubernetes_process.store import Change

_LEASES: Final = "kube-node-lease"
_LOOK: Final = 1.0
"""Seconds from one look to the next, at most."""
_AWAY: Final = 5.0
_CONDITIONS: Final = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


class Nodes(Controller):
    """Looks at the nodes' heartbeats: their leases, and the times in their conditions."""

    name = "nodes"

    def __init__(self, registry: Registry, grace: float) -> None:
        """Take how many seconds a node may be silent."""
        super().__init__(registry)
        self._grace = grace
        self._looked: dict[str, float] = {}
        """Node → when it was looked at last."""
        self._silent_since: dict[str, tuple[tuple[str, str], float]] = {}
        """Node → the heartbeat last seen, and when it was seen first: by our clock, not by the node's."""

    def concerns(self, change: Change) -> Iterable[Key]:
        """Return the node that changed, or whose lease did."""
        if change.plural == "nodes" or (
            change.plural == "leases" and change.object["metadata"].get("namespace") == _LEASES
        ):
            yield "", change.object["metadata"]["name"]

    def sync(self, key: Key) -> float | None:
        """Judge a node by how long it has been silent."""
        name = key[1]
        node = self.store.get("nodes", "", name)
        if node is None:
            self._silent_since.pop(name, None)
            self._looked.pop(name, None)
            self._forget_pods(name)
            return None
        now, beat = self.registry.clock(), self._heartbeat(node)
        seen, since = self._silent_since.get(name, (beat, now))
        away = now - self._looked.get(name, now)
        if away > _AWAY:  # we were, stopped in our tracks: nobody could tell us anything meanwhile
            since += away
        self._silent_since[name] = (beat, now if seen != beat else since)
        self._looked[name] = now
        left = self._silent_since[name][1] + self._grace - now
        if left > 0:
            return min(left, _LOOK)
        if condition(node, "Ready").get("status") != "Unknown":
            self._lose(node, now)
        return _LOOK

    def _heartbeat(self, node: Object) -> tuple[str, str]:
        lease = self.store.get("leases", _LEASES, node["metadata"]["name"]) or {}
        beat = condition(node, "Ready").get("lastHeartbeatTime", "")
        return (lease.get("spec") or {}).get("renewTime", ""), beat

    def _lose(self, node: Object, now: float) -> None:
        conditions, message = (node.get("status") or {}).get("conditions") or [], "Kubelet stopped posting node status."
        beats = {entry["type"]: entry.get("lastHeartbeatTime") for entry in conditions}
        for kind in _CONDITIONS:
            wanted = told(kind, "Unknown", "NodeStatusUnknown", message)
            conditions = with_condition(conditions, wanted, stamp(now))
            if beats.get(kind):
                conditions[-1]["lastHeartbeatTime"] = beats[kind]

        def lost(old: Object) -> Object:
            return {**old, "status": {**(old.get("status") or {}), "conditions": conditions}}

        self.registry.update("nodes", "", node["metadata"]["name"], lost, STATUS)
        for pod in self._pods(node["metadata"]["name"]):
            if condition(pod, "Ready").get("status") == "True":
                unready = told("Ready", "False", "NodeNotReady")
                found = with_condition(pod["status"]["conditions"], unready, stamp(now))
                self.store.write("pods", {**pod, "status": {**pod["status"], "conditions": found}})

    def _forget_pods(self, name: str) -> None:
        for pod in self._pods(name):
            self.registry.delete("pods", *owning.key(pod), {"gracePeriodSeconds": 0})

    def _pods(self, name: str) -> list[Object]:
        return [pod for pod in self.store.items("pods") if pod["spec"].get("nodeName") == name]
