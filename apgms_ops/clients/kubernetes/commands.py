"""What can be asked of a cluster that changes something: Jobs, of another's template. No probe has it; commands do."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from apgms_ops.clients.http.shape import mapping
from apgms_ops.clients.kubernetes import parse_jobs
from apgms_ops.clients.kubernetes.action import Action
from apgms_ops.clients.kubernetes.client import KubernetesClient
from apgms_ops.clients.kubernetes.errors import NotFound
from apgms_ops.clients.kubernetes.jobs import Job
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer

_TOLD: Final = ("batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name")
"""Labels that the cluster gives a Job's pods, so that another Job's must not have them."""
MADE_BY: Final = "app.kubernetes.io/managed-by"
MADE_FOR: Final = "apgms-ops/job"
"""Labels of what is made here."""


@dataclass(frozen=True, slots=True)
class Template:
    """What the pods of a Job are made of. It may name secrets, and is not kept."""

    job: str
    namespace: str
    container: str
    """The one that is told what to do."""
    image: str
    pod: Mapping[str, Any]


class KubernetesCommands(KubernetesClient):
    """Makes and removes Jobs in one cluster."""

    def template(self, namespace: str, name: str, deadline: Deadline) -> Template:
        """Return the template of a Job that is there: suspended, or long over.

        Raises:
            NotFound: There is none.
            BadAnswer: It has more than one container, so that nobody knows which to tell what to do.
            Unobserved: It cannot be read.
        """
        self._identified(deadline)
        answer = self._api.ask(Action.on("get", "jobs", namespace, name), deadline)
        found = mapping(answer.json(), answer.source)
        spec = mapping(found.get("spec"), f"{answer.source}: spec")
        pod = mapping(spec.get("template"), f"{answer.source}: spec.template")
        containers = mapping(pod.get("spec"), f"{answer.source}: spec.template.spec").get("containers")
        if not isinstance(containers, list) or len(containers) != 1:
            answer.refuse("a Job that is no template: its pods have not one container")
        container = mapping(containers[0], f"{answer.source}: containers")
        return Template(name, namespace, str(container.get("name")), str(container.get("image")), pod)

    def create_job(
        self, name: str, template: Template, arguments: Sequence[str], deadline: Deadline, *, seconds: int
    ) -> Job:
        """Make a Job that runs at once, once, and is told what to do by arguments.

        Args:
            name: Its name; a Job of that name is left as it is.
            template: Of its pods.
            arguments: Put in place of the container's `args`.
            deadline: For the request.
            seconds: For which it may run; an hour after its end the cluster removes it, if nobody has.

        Raises:
            AccessDenied: We may not; the text names what to grant.
            Unobserved: Whether it was made is not known.
        """
        self._identified(deadline)
        pod = copy.deepcopy(dict(template.pod))
        metadata = pod.setdefault("metadata", {})
        labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key not in _TOLD}
        ours = {MADE_BY: "apgms-ops", MADE_FOR: name}
        pod["metadata"] = {"labels": labels | ours, "annotations": metadata.get("annotations") or {}}
        pod["spec"]["containers"][0]["args"] = list(arguments)
        body = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "namespace": template.namespace, "labels": ours},
            "spec": {
                "backoffLimit": 0,
                "activeDeadlineSeconds": max(1, seconds),
                "ttlSecondsAfterFinished": 3600,
                "template": pod,
            },
        }
        answer = self._api.change(Action.on("create", "jobs", template.namespace), deadline, body=body)
        made = parse_jobs.job(answer.json(), answer.source)
        if made.name != name:
            msg = f"{answer.source}: another Job was made than was asked for"
            raise BadAnswer(msg)
        return made

    def job(self, namespace: str, name: str, deadline: Deadline) -> Job | None:
        """Return a Job that was made here, by its name; None if it is not there."""
        return next((one for one in self.jobs(namespace, deadline, labels=f"{MADE_FOR}={name}")), None)

    def output(self, namespace: str, name: str, deadline: Deadline) -> str:
        """Return what the pods of a Job that was made here have said; nothing where there is none yet.

        Raises:
            Unobserved: It cannot be read.
        """
        if not self.pods(namespace, deadline, labels=f"{MADE_FOR}={name}"):
            return ""
        return "".join(log.text for log in self.logs(namespace, f"{MADE_FOR}={name}", deadline))

    def delete_job(self, namespace: str, name: str, deadline: Deadline) -> None:
        """Remove a Job with its pods; what is gone already is well.

        Raises:
            AccessDenied: We may not; the text names what to grant.
            Unobserved: Whether it is removed is not known.
        """
        self._identified(deadline)
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        try:
            self._api.change(Action.on("delete", "jobs", namespace, name), deadline, body=body)
        except NotFound:
            return
