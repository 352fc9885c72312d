"""Which cluster it is, and what it lists. Each verb makes sure first of which cluster it reads."""

import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final, TypeVar

from apgms_ops.clients.kubernetes import parse, parse_jobs, parse_pods
from apgms_ops.clients.kubernetes.access import Access
from apgms_ops.clients.kubernetes.action import Action
from apgms_ops.clients.kubernetes.api import Api, Params
from apgms_ops.clients.kubernetes.facts import (
    Deployment,
    Event,
    Permission,
    Pod,
    ReplicaSet,
    StatefulSet,
    Version,
)
from apgms_ops.clients.kubernetes.jobs import CronJob, Job
from apgms_ops.clients.kubernetes.record import kept, plain
from apgms_ops.clients.kubernetes.watching import Follower
from apgms_ops.deadline import Deadline
from apgms_ops.observation import Recorder

SYSTEM: Final = "kubernetes"
"""As the environment pins it."""
T = TypeVar("T")


class ClusterReader:
    """Reads one cluster's objects. Safe to use from several threads."""

    def __init__(
        self,
        *,
        access: Access,
        recorder: Recorder,
        jitter: Callable[[], float] = random.random,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take how to get there; nothing is read or sent yet.

        Args:
            access: Which API server, and as whom.
            recorder: Keeps what was read, and of which cluster.
            jitter: A number in [0, 1), to spread those who wait.
            now: The present.
        """
        self._api = Api(access, recorder, jitter=jitter, now=now)
        self._recorder = recorder
        self._lock = threading.Lock()
        self._uid: str | None = None
        self.source = self._api.source
        """Who is asked, for people."""

    # Which cluster

    def identity(self, deadline: Deadline) -> str:
        """Return the UID of the namespace kube-system, which a cluster keeps for life.

        Raises:
            Unobserved: It could not be read.
        """
        answer = self._api.ask(Action.on("get", "namespaces", name="kube-system"), deadline)
        uid = parse_pods.uid(answer)
        self._recorder.identify(SYSTEM, uid)
        with self._lock:
            self._uid = uid
        return uid

    def version(self, deadline: Deadline) -> Version:
        """Return the release of the API server.

        Raises:
            Unobserved: It could not be read.
        """
        self._identified(deadline)
        answer = self._api.get("/version", deadline)
        self._recorder.raw("GET /version", answer.text, answer.media_type)
        return parse_pods.version(answer)

    def server_time(self, deadline: Deadline) -> datetime | None:
        """Return the API server's clock, which it tells by the second; None where it does not.

        Raises:
            Unobserved: It does not answer.
        """
        self._identified(deadline)
        return parse_pods.server_time(self._api.get("/version", deadline))

    def can_i(self, verb: str, resource: str, namespace: str, deadline: Deadline, *, name: str = "") -> Permission:
        """Return whether we may do something.

        Args:
            verb: `list`, `get`, `create`, …
            resource: `pods`, `pods/exec`, `deployments.apps`.
            namespace: Where; empty for what belongs to no namespace.
            deadline: For all of it.
            name: The one object that it is about.

        Raises:
            Unobserved: The server could not tell.
        """
        self._identified(deadline)
        wanted = Action.on(verb, resource, namespace, name)
        attributes = {
            "namespace": namespace,
            "verb": verb,
            "group": wanted.group,
            "resource": wanted.resource,
            "subresource": wanted.subresource,
            "name": name,
        }
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        review = Action.on("create", "selfsubjectaccessreviews.authorization.k8s.io")
        allowed, reason = parse_pods.allowed(self._api.ask(review, deadline, body=body))
        permission = Permission(verb, wanted.what, namespace, allowed, reason, name)
        self._recorder.raw_json(f"can i {wanted}", plain(permission))
        return permission

    # Workloads

    def deployments(self, namespace: str, deadline: Deadline, *, labels: str = "") -> tuple[Deployment, ...]:
        """Return the Deployments of a namespace, those that a label selector picks."""
        return self._list("deployments", "DeploymentList", namespace, deadline, parse.deployment, labels=labels)

    def follow_deployments(
        self, namespace: str, deadline: Deadline, *, every: float
    ) -> Iterator[tuple[Deployment, ...]]:
        """Yield the Deployments of a namespace: at once, whenever one has changed, and every so often without that.

        Args:
            namespace: Where.
            deadline: For all of it.
            every: Seconds without a change after which they are told again.

        Raises:
            DeadlineExceeded: Time is up: it never ends by itself.
            AccessDenied: We may not list, or not watch; the text names what to grant.
            Unobserved: The watch ended in an ERROR, or cannot be held up.
        """
        self._identified(deadline)
        listing = Action.on("list", "deployments", namespace)
        return Follower(self._api, listing, "DeploymentList", parse.deployment).follow(deadline, every=every)

    def replica_sets(self, namespace: str, deadline: Deadline, *, labels: str = "") -> tuple[ReplicaSet, ...]:
        """Return the ReplicaSets of a namespace, those that a label selector picks."""
        return self._list("replicasets", "ReplicaSetList", namespace, deadline, parse.replica_set, labels=labels)

    def stateful_sets(self, namespace: str, deadline: Deadline, *, labels: str = "") -> tuple[StatefulSet, ...]:
        """Return the StatefulSets of a namespace, those that a label selector picks."""
        return self._list("statefulsets", "StatefulSetList", namespace, deadline, parse.stateful_set, labels=labels)

    def pods(self, namespace: str, deadline: Deadline, *, labels: str = "", fields: str = "") -> tuple[Pod, ...]:
        """Return the pods of a namespace, those that the selectors pick: by label, and by field."""
        return self._list("pods", "PodList", namespace, deadline, parse_pods.pod, labels=labels, fields=fields)

    def events(self, namespace: str, deadline: Deadline, *, fields: str = "") -> tuple[Event, ...]:
        """Return what was noted in a namespace, that which a field selector picks."""
        return self._list("events", "EventList", namespace, deadline, parse_pods.event, fields=fields)

    def jobs(self, namespace: str, deadline: Deadline, *, labels: str = "") -> tuple[Job, ...]:
        """Return the Jobs of a namespace, those that a label selector picks."""
        return self._list("jobs", "JobList", namespace, deadline, parse_jobs.job, labels=labels)

    def cron_jobs(self, namespace: str, deadline: Deadline, *, labels: str = "") -> tuple[CronJob, ...]:
        """Return the CronJobs of a namespace, those that a label selector picks."""
        return self._list("cronjobs", "CronJobList", namespace, deadline, parse_jobs.cron_job, labels=labels)

    def _list(  # noqa: PLR0913 — what a list is asked for by
        self,
        resource: str,
        kind: str,
        namespace: str,
        deadline: Deadline,
        fact: Callable[[object, str], T],
        *,
        labels: str = "",
        fields: str = "",
    ) -> tuple[T, ...]:
        self._identified(deadline)
        action = Action.on("list", resource, namespace)
        params: Params = [(k, v) for k, v in (("labelSelector", labels), ("fieldSelector", fields)) if v]
        found: list[T] = []
        source = f"{self.source}, {action}"
        for page in self._api.pages(action, kind, deadline, params):
            if page is None:
                found.clear()
            else:
                found += [fact(item, source) for item in page]
        chosen = "".join(f", {value}" for _, value in params)
        self._recorder.raw_json(f"{action}{chosen}", kept(found))
        return tuple(found)

    def _identified(self, deadline: Deadline) -> None:
        """Ask once which cluster it is: right answers from another one are no answers."""
        with self._lock:
            known = self._uid is not None
        if not known:
            self.identity(deadline)
