"""The verbs of Kubernetes. Each makes sure first of which cluster it reads."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from apgms_ops.clients.http import Answer
from apgms_ops.clients.kubernetes import logs
from apgms_ops.clients.kubernetes.action import Action
from apgms_ops.clients.kubernetes.api import SIZE_LIMIT
from apgms_ops.clients.kubernetes.errors import NotFound
from apgms_ops.clients.kubernetes.exchange import HEADERS, Sink
from apgms_ops.clients.kubernetes.exec import OUTPUT_LIMIT, Command
from apgms_ops.clients.kubernetes.facts import Deployment, Executed, Log, Phase, Pod, StatefulSet
from apgms_ops.clients.kubernetes.reader import SYSTEM, ClusterReader
from apgms_ops.deadline import Deadline
from apgms_ops.errors import Unobserved

__all__ = ["SYSTEM", "KubernetesClient"]

DEPLOYMENT: Final = "deploy"
STATEFUL_SET: Final = "statefulset"


class KubernetesClient(ClusterReader):
    """Reads one cluster, and what its pods say. Safe to use from several threads."""

    def running(self, namespace: str, kind: str, name: str, deadline: Deadline) -> tuple[Pod, ...]:
        """Return the pods of a workload that run and are to stay, by name.

        Args:
            namespace: Where.
            kind: `deploy` or `statefulset`.
            name: The workload's.
            deadline: For all of it.

        Raises:
            NotFound: There is no such workload.
            Unobserved: None of its pods runs.
        """
        workloads: Sequence[Deployment | StatefulSet] = (
            self.deployments(namespace, deadline) if kind == DEPLOYMENT else self.stateful_sets(namespace, deadline)
        )
        found = next((workload for workload in workloads if workload.name == name), None)
        if found is None:
            msg = f"{self.source}: there is no {kind} {name} in {namespace}"
            raise NotFound(msg)
        pods = self.pods(namespace, deadline, labels=found.selector.query)
        running = sorted(
            (pod for pod in pods if pod.phase is Phase.RUNNING and not pod.deleting), key=lambda pod: pod.name
        )
        if not running:
            msg = f"{self.source}: {kind} {name} in {namespace} has no pod that runs"
            raise Unobserved(msg)
        return tuple(running)

    def logs(  # noqa: PLR0913 — what a log is asked for by
        self,
        namespace: str,
        labels: str,
        deadline: Deadline,
        *,
        since: timedelta | None = None,
        previous: bool = False,
        limit: int = logs.LIMIT,
    ) -> tuple[Log, ...]:
        """Return the logs of all pods of a workload, each container's.

        Args:
            namespace: Where.
            labels: The workload's label selector.
            deadline: For all of it.
            since: How far back; None for as far as there is.
            previous: Of the runs before the present ones, where containers were restarted.
            limit: Bytes of each container's log that are kept, of its end; a longer one says how much was cut.

        Raises:
            Unobserved: There is no pod, one is gone before its log was read, or a log cannot be read.
        """
        pods = self.pods(namespace, deadline, labels=labels)
        if not pods:
            msg = f"{self.source}: no pod in {namespace} has the labels {labels}: there is no log to read"
            raise Unobserved(msg)
        reader = logs.Logs(self._api, self._recorder)
        return tuple(reader.read(pods, deadline, since=since, previous=previous, limit=limit))

    def follow_log(  # noqa: PLR0913 — what a log is asked for by
        self,
        pod: Pod,
        container: str,
        deadline: Deadline,
        sink: Callable[[], Sink],
        *,
        since: datetime | None = None,
        previous: bool = False,
    ) -> None:
        """Let a sink take all of a container's log, each line with its time. Nothing of it is recorded.

        Args:
            pod: As it was listed.
            container: Which of its containers.
            deadline: For all of it.
            sink: Makes what takes it, anew where the answer broke off and it is asked for again.
            since: From when on; None for as far as there is.
            previous: Of the run before the present one.

        Raises:
            Unobserved: It cannot be read, or its pod is gone.
        """
        reader = logs.Logs(self._api, self._recorder)
        reader.follow(pod, container, deadline, sink, since=since, previous=previous)

    def command(self, namespace: str, pod: str, command: Sequence[str], *, container: str = "") -> Command:
        """Return a command that can be run in a container of a pod, and talked with."""
        return Command(self._api, self._identified, namespace, pod, command, container)

    def execute(  # noqa: PLR0913 — what a command is run by
        self,
        namespace: str,
        pod: str,
        command: Sequence[str],
        deadline: Deadline,
        *,
        container: str = "",
        limit: int = OUTPUT_LIMIT,
    ) -> Executed:
        """Run a command in a container of a pod, and return what came of it.

        Args:
            namespace: Where.
            pod: Its name.
            command: The program and its arguments; no shell reads them.
            deadline: For all of it.
            container: Which; empty for the pod's first.
            limit: Bytes of each of its outputs that are kept.

        Raises:
            Unobserved: It could not be run, or how it ended is not known.
        """
        executed = self.command(namespace, pod, command, container=container).run(deadline, limit=limit)
        self._recorder.raw(f"exec in {pod}: {' '.join(command)}", f"{executed.stdout}\n{executed.stderr}".strip())
        return executed

    def pod_get(self, namespace: str, pod: str, port: int, path: str, deadline: Deadline) -> Answer:
        """Return what a pod answers to GET, through the API server's proxy.

        Raises:
            AccessDenied: The API server refuses us.
            Unobserved: The API server answers in the pod's place: it is not there, or does not listen.
        """
        action = Action.on("get", "pods/proxy", namespace, f"{pod}:{port}")
        source = f"pod {pod}:{port} through {self.source}, GET {path}"
        answer = self._through(action, path, deadline, source=source)
        self._recorder.raw(f"GET {namespace}/{pod}:{port}{path}", answer.text, answer.media_type or "text/plain")
        return answer

    def service_get(  # noqa: PLR0913 — what a request is made of
        self,
        namespace: str,
        service: str,
        path: str,
        deadline: Deadline,
        *,
        headers: Mapping[str, str] = HEADERS,
        size_limit: int = SIZE_LIMIT,
    ) -> Answer:
        """Return what a service answers to GET, through the API server's proxy. It is not kept: the caller knows why.

        Args:
            namespace: Where.
            service: Its name and port: `prometheus:9090`.
            path: There, with its query; begins with a slash.
            deadline: For all of it.
            headers: Sent along; one that says who we are would be kept by the API server.
            size_limit: Bytes that are read at most.

        Raises:
            AccessDenied: The API server refuses us.
            Unobserved: The API server answers in the service's place: it is not there, or nothing is behind it.
        """
        action = Action.on("get", "services/proxy", namespace, service)
        source = f"service {service} through {self.source}, GET {path.partition('?')[0]}"
        return self._through(action, path, deadline, source=source, headers=headers, size_limit=size_limit)

    def _through(  # noqa: PLR0913 — what a request is made of
        self,
        action: Action,
        path: str,
        deadline: Deadline,
        *,
        source: str,
        headers: Mapping[str, str] = HEADERS,
        size_limit: int = SIZE_LIMIT,
    ) -> Answer:
        self._identified(deadline)
        return self._api.through(action, path, deadline, headers=headers, source=source, size_limit=size_limit)
