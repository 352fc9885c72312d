"""The kinds of objects that there are: where each is served, and what can be done with it."""

from dataclasses import dataclass
from typing import Any, Final

Object = dict[str, Any]
"""An object as JSON has it. One that is stored is never changed: a change is another object."""

_EVERY: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of objects."""

    group: str
    """Empty for the core group."""
    plural: str
    """As it stands in paths; here no two kinds share one."""
    kind: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    """`status` among them: what the main resource's writers cannot change, and the other way round."""
    generation: bool = False
    """Whether a change of its spec counts up `metadata.generation`."""
    returned: bool = False
    """Whether a deletion answers with the object, not with a Status."""
    verbs: tuple[str, ...] = _EVERY
    version: str = "v1"

    @property
    def api_version(self) -> str:
        """The field `apiVersion` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """Its name in messages: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """Its kind in messages: `Deployment.apps`."""
        return f"{self.kind}.{self.group}" if self.group else self.kind


_RBAC: Final = "rbac.authorization.k8s.io"

RESOURCES: Final = (
    Resource("", "namespaces", "Namespace", namespaced=False, short=("ns",), subresources=("status",)),
    Resource("", "nodes", "Node", namespaced=False, short=("no",), subresources=("status",)),
    Resource(
        "",
        "pods",
        "Pod",
        short=("po",),
        subresources=("status", "log", "exec", "proxy", "binding"),
        generation=True,
        returned=True,
    ),
    Resource("", "services", "Service", short=("svc",), subresources=("status", "proxy"), returned=True),
    Resource("", "endpoints", "Endpoints", short=("ep",)),
    Resource("", "events", "Event", short=("ev",)),
    Resource("", "configmaps", "ConfigMap", short=("cm",)),
    Resource("", "secrets", "Secret"),
    Resource("", "serviceaccounts", "ServiceAccount", short=("sa",), returned=True),
    Resource("apps", "deployments", "Deployment", short=("deploy",), subresources=("status", "scale"), generation=True),
    Resource("apps", "replicasets", "ReplicaSet", short=("rs",), subresources=("status", "scale"), generation=True),
    Resource("apps", "statefulsets", "StatefulSet", short=("sts",), subresources=("status", "scale"), generation=True),
    Resource("apps", "controllerrevisions", "ControllerRevision"),
    Resource("batch", "jobs", "Job", subresources=("status",), generation=True),
    Resource("batch", "cronjobs", "CronJob", short=("cj",), subresources=("status",), generation=True),
    Resource("coordination.k8s.io", "leases", "Lease"),
    Resource("discovery.k8s.io", "endpointslices", "EndpointSlice"),
    Resource(_RBAC, "roles", "Role"),
    Resource(_RBAC, "rolebindings", "RoleBinding"),
    Resource(_RBAC, "clusterroles", "ClusterRole", namespaced=False),
    Resource(_RBAC, "clusterrolebindings", "ClusterRoleBinding", namespaced=False),
    Resource(
        "authorization.k8s.io",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        namespaced=False,
        verbs=("create",),
    ),
)

OF: Final = {resource.plural: resource for resource in RESOURCES}
"""Plural → kind."""
SERVED: Final = {(resource.group, resource.plural): resource for resource in RESOURCES}
_OF_KIND: Final = {(resource.api_version, resource.kind): resource for resource in RESOURCES}


def of_object(api_version: object, kind: object) -> Resource | None:
    """Return the kind that an object's own fields name, if there is one."""
    return _OF_KIND.get((str(api_version), str(kind)))


def groups() -> list[str]:
    """Return the groups beside the core one, in the order of the table."""
    return list(dict.fromkeys(resource.group for resource in RESOURCES if resource.group))
