"""Tells the API what became of the pods, in a thread of its own: the API may be slow, or away, and the pods run on."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from apgms_ops.sandbox.cluster.api import CONFLICT, NOT_FOUND, Api, ApiError, namespaced
from apgms_ops.sandbox.node_process.pod import Pod
from apgms_ops.sandbox.node_process.pod_status import when

_AGAIN: Final = 1.0
"""Seconds before the same thing is told again to who did not answer."""
_MOST_EVENTS: Final = 1000
_REFUSED: Final = range(400, 500)


class Reporter:
    """Statuses, of which only the last one of a pod counts, and events, which are added up."""

    def __init__(self, api: Api, node: str, clock: Callable[[], float], trouble: Callable[[str], None]) -> None:
        """Take whom to tell, this node's name, a clock in seconds since the epoch, and who hears of refusals."""
        self._api = api
        self._node = node
        self._clock = clock
        self._trouble = trouble
        self._changed = threading.Condition()
        self._statuses: dict[str, tuple[Pod, Mapping[str, Any]]] = {}
        self._finished: dict[str, Pod] = {}
        self._events: list[dict[str, Any]] = []
        self._known: dict[tuple[str, str, str], dict[str, Any]] = {}

    def status(self, pod: Pod, status: Mapping[str, Any]) -> None:
        """Tell a pod's status."""
        with self._changed:
            self._statuses[pod.uid] = (pod, status)
            self._changed.notify()

    def finished(self, pod: Pod) -> None:
        """Tell that nothing of a deleted pod is left, once its last status is told."""
        with self._changed:
            self._finished[pod.uid] = pod
            self._changed.notify()

    def event(self, pod: Pod, kind: str, reason: str, message: str, container: str = "") -> None:
        """Tell an event of a pod: `Normal` or `Warning`. The same one again is counted with the first."""
        if len(self._known) > _MOST_EVENTS:
            self._known.clear()
        with self._changed:
            now = when(self._clock())
            known = self._known.get((pod.uid, reason, message))
            if known is None:
                known = self._known[pod.uid, reason, message] = self._new_event(pod, kind, reason, message, container)
            else:
                known["count"] += 1
            known["lastTimestamp"] = now
            if known not in self._events:
                self._events.append(known)
            self._changed.notify()

    def run(self) -> None:
        """Tell, for ever."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._statuses or self._finished or self._events)
                statuses, self._statuses = self._statuses, {}
                finished, self._finished = self._finished, {}
                events, self._events = [dict(event) for event in self._events], []
            for uid, (pod, status) in statuses.items():
                if not self._told(pod, status):
                    with self._changed:
                        self._statuses.setdefault(uid, (pod, status))
            for pod in finished.values():
                self._remove(pod)
            for event in events:
                self._tell_event(event)

    def _told(self, pod: Pod, status: Mapping[str, Any]) -> bool:
        path = f"{namespaced('v1', pod.namespace, 'pods', pod.name)}/status"
        try:
            self._api.merge(path, {"metadata": {"uid": pod.uid}, "status": dict(status)})
        except ApiError as error:
            return self._in_vain(error)
        return True

    def _remove(self, pod: Pod) -> None:
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0, "preconditions": {"uid": pod.uid}}
        try:
            self._api.delete(namespaced("v1", pod.namespace, "pods", pod.name), body)
        except ApiError as error:
            if not self._in_vain(error):
                with self._changed:
                    self._finished.setdefault(pod.uid, pod)

    def _in_vain(self, error: ApiError) -> bool:
        """Whether telling it again would change nothing; else wait a moment."""
        if error.status in {NOT_FOUND, CONFLICT}:
            return True
        self._trouble(str(error))
        threading.Event().wait(_AGAIN)
        return error.status in _REFUSED

    def _tell_event(self, event: dict[str, Any]) -> None:
        namespace, name = event["metadata"]["namespace"], event["metadata"]["name"]
        try:
            if event["count"] == 1:
                self._api.create(namespaced("v1", namespace, "events"), event)
            else:
                changed = {key: event[key] for key in ("count", "lastTimestamp")}
                self._api.merge(namespaced("v1", namespace, "events", name), changed)
        except ApiError as error:
            if error.status not in {NOT_FOUND, CONFLICT}:  # its namespace is gone, or somebody was faster
                self._trouble(str(error))

    def _new_event(self, pod: Pod, kind: str, reason: str, message: str, container: str) -> dict[str, Any]:
        now = self._clock()
        involved = {"apiVersion": "v1", "kind": "Pod", "namespace": pod.namespace, "name": pod.name, "uid": pod.uid}
        if container:
            involved["fieldPath"] = f"spec.containers{{{container}}}"
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"namespace": pod.namespace, "name": f"{pod.name}.{int(now * 1e9):x}{len(self._known):x}"},
            "involvedObject": involved,
            "type": kind,
            "reason": reason,
            "message": message,
            "source": {"component": "kubelet", "host": self._node},
            "reportingComponent": "kubelet",
            "reportingInstance": self._node,
            "firstTimestamp": when(now),
            "count": 1,
        }
