"""The node itself: brings what is into line with what is wanted, one pod at a time, in the loop's thread."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from apgms_ops.sandbox.node_process import lifecycle, pod_status
from apgms_ops.sandbox.node_process.containers import Containers
from apgms_ops.sandbox.node_process.loop import Loop
from apgms_ops.sandbox.node_process.pod import Pod, parse
from apgms_ops.sandbox.node_process.record import ContainerRecord, PodRecord
from apgms_ops.sandbox.node_process.reporter import Reporter
from apgms_ops.sandbox.node_process.settings import Settings
from apgms_ops.sandbox.node_process.shelf import Shelf

_LAST_ADDRESS: Final = 250
_ORPHAN_GRACE: Final = 5.0


@dataclass(slots=True)
class _Known:
    """A pod as this node knows it."""

    pod: Pod
    status: Mapping[str, Any]
    """As it was told last, or as the API had it at first."""
    gone: bool = False
    """Whether the API does not have it any more: then nothing is told of it."""


class Machine:
    """All pods of this node."""

    def __init__(  # noqa: PLR0913, PLR0917 — its parts
        self,
        loop: Loop,
        containers: Containers,
        reporter: Reporter,
        shelf: Shelf,
        settings: Settings,
        clock: Callable[[], float],
    ) -> None:
        """Take its parts; what an earlier process of this node has left is found on the shelf."""
        self._loop = loop
        self._containers = containers
        self._reporter = reporter
        self._shelf = shelf
        self._settings = settings
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._records = shelf.read()
        self._due: dict[str, float] = {}
        self._last = 0

    def listed(self, objects: Sequence[Mapping[str, Any]]) -> None:
        """Take every pod that the API has for this node: what runs for another one is ended."""
        present = {str(found["metadata"]["uid"]) for found in objects}
        for found in objects:
            self.changed("LISTED", found)
        for uid in [uid for uid in self._records if uid not in present]:
            self._lost(uid)

    def changed(self, kind: str, found: Mapping[str, Any]) -> None:
        """Take a change of one pod."""
        pod = parse(found)
        if kind == "DELETED":
            self._lost(pod.uid)
            return
        known = self._known.get(pod.uid)
        if known is None:
            known = self._known[pod.uid] = _Known(pod, found.get("status") or {})
            self._meet(known)
        known.pod = pod
        if pod.unsupported and pod.deleting:
            self._reporter.finished(pod)
        self.sync(pod.uid)

    def find(self, namespace: str, name: str, container: str) -> tuple[Pod, PodRecord, ContainerRecord] | None:
        """Return what there is of a container, if its pod is here."""
        for record in self._records.values():
            known = self._known.get(record.uid)
            if known is not None and record.key == f"{namespace}/{name}" and not known.gone:
                found = [entry for entry in record.containers if entry.name == container]
                return (known.pod, record, found[0]) if found else None
        return None

    def sync(self, uid: str) -> None:
        """Do what there is to do about one pod, and tell what came of it."""
        known, record = self._known.get(uid), self._records.get(uid)
        if known is None or record is None or known.pod.unsupported:
            return
        pod = known.pod
        for wanted in pod.containers:
            held = self._containers.held(record.container(wanted.name))
            step = lifecycle.step(pod, wanted, record.container(wanted.name), self._clock(), held=held)
            match step:
                case lifecycle.Start():
                    taken = [
                        entry for other in self._records.values() if other.uid != uid for entry in other.containers
                    ]
                    record, again = self._containers.start(pod, wanted, record, taken)
                    if again:
                        self._later(uid, again)
                case lifecycle.Stop(seconds):
                    record = record.put(self._containers.stop(pod, record.container(wanted.name), seconds))
                case lifecycle.Wait(waiting, until):
                    record = record.put(self._containers.wait(pod, record.container(wanted.name), waiting))
                    self._later(uid, until - self._clock())
                case lifecycle.Rest():
                    pass
        self.keep(known, record)
        if lifecycle.over(pod, record):
            self._finish(known, record)

    def _later(self, uid: str, seconds: float) -> None:
        """Look at a pod again after so many seconds, unless that is due before."""
        at = self._clock() + seconds

        def look() -> None:
            if self._due.get(uid) == at:
                del self._due[uid]
                self.sync(uid)

        if uid not in self._due or at < self._due[uid]:
            self._due[uid] = at
            self._loop.after(seconds, look)

    def put(self, uid: str, name: str, change: Callable[[Pod, ContainerRecord], ContainerRecord]) -> None:
        """Change the record of one container, and go on from there."""
        known, record = self._known.get(uid), self._records.get(uid)
        if known is not None and record is not None:
            self._records[uid] = record.put(change(known.pod, record.container(name)))
            self.sync(uid)

    def keep(self, known: _Known, record: PodRecord) -> None:
        """Remember a record, and tell what it changes."""
        self._records[record.uid] = record
        self._shelf.write(self._records)
        status = pod_status.told(known.pod, record, known.status, self._settings.reported, self._clock())
        if status != known.status and not known.gone:
            known.status = status
            self._reporter.status(known.pod, status)

    def _meet(self, known: _Known) -> None:
        pod = known.pod
        if pod.unsupported:
            self._reporter.status(pod, pod_status.refused(pod, self._clock()))
            return
        if pod.uid in self._records:
            for container in self._records[pod.uid].containers:
                self._containers.resume(pod, self._records[pod.uid], container)
            return
        containers = tuple(ContainerRecord(wanted.name, wanted.image) for wanted in pod.containers)
        self._records[pod.uid] = PodRecord(pod.uid, pod.key, self._address(), self._clock(), containers)

    def _address(self) -> str:
        """Return an address that no pod has; one that was given back is not given out again soon."""
        taken = {record.address for record in self._records.values()}
        for _ in range(_LAST_ADDRESS):
            self._last = self._last % _LAST_ADDRESS + 1
            address = f"{self._settings.network}.{self._last}"
            if address not in taken:
                return address
        return f"{self._settings.network}.{self._last}"

    def _lost(self, uid: str) -> None:
        """End what runs for a pod that the API does not have any more."""
        record = self._records.get(uid)
        if record is None:
            self._known.pop(uid, None)
            return
        known = self._known.get(uid)
        if known is None:
            namespace, _, name = record.key.partition("/")
            pod = Pod(uid, namespace, name, {}, "Never", _ORPHAN_GRACE, deleting=True, containers=(), unsupported="")
            known = self._known[uid] = _Known(pod, {}, gone=True)
            for container in record.containers:
                self._containers.resume(pod, record, container)
        known.gone = True
        known.pod = replace(known.pod, deleting=True)
        for container in record.containers:
            if container.run is not None and container.run.owned and not container.stopping:
                record = record.put(self._containers.stop(known.pod, container, known.pod.grace))
        self._records[uid] = record
        self.sync(uid)

    def _finish(self, known: _Known, record: PodRecord) -> None:
        """Forget a deleted pod of which nothing runs any more, and let those go on that waited for its place."""
        self._containers.forget(record)
        if not known.gone:
            self._reporter.finished(known.pod)
        del self._records[record.uid], self._known[record.uid]
        self._shelf.write(self._records)
        for uid in list(self._records):
            self._loop.soon(lambda uid=uid: self.sync(uid))  # type: ignore[misc]  # a default
