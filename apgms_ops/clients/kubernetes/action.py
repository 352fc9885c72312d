"""What is asked of the API server: the verb and the resource that a permission is granted for, and the path. Pure."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

_GROUPS: Final = {
    "deployments": "apps",
    "replicasets": "apps",
    "statefulsets": "apps",
    "jobs": "batch",
    "cronjobs": "batch",
}
"""Resources of a group other than the core's, of which the checks ask."""
_VERSION: Final = "v1"
_SEGMENT: Final = re.compile(r"[A-Za-z0-9._:-]+")
_METHODS: Final = {"create": "POST", "delete": "DELETE"}


@dataclass(frozen=True, slots=True)
class Action:
    """A verb on a resource, as role-based access control names them."""

    verb: str
    resource: str
    namespace: str = ""
    """Empty for what belongs to no namespace."""
    name: str = ""
    """Empty for all of them."""
    subresource: str = ""
    group: str = ""

    @classmethod
    def on(cls, verb: str, resource: str, namespace: str = "", name: str = "") -> "Action":
        """Name an action in short.

        Args:
            verb: `get`, `list`, `create`, …
            resource: `pods`, `pods/log`, `deployments`, or with its group, `deployments.apps`.
            namespace: Where; empty for what belongs to no namespace.
            name: The one object that it is about.

        Raises:
            ValueError: One of them cannot be a part of a path.
        """
        kind, _, subresource = resource.partition("/")
        kind, _, group = kind.partition(".")
        for part in (kind, namespace, name):
            if part and (not _SEGMENT.fullmatch(part) or part in (".", "..")):
                msg = f"{part!r:.80} is no name in Kubernetes"
                raise ValueError(msg)
        return cls(verb, kind, namespace, name, subresource, group or _GROUPS.get(kind, ""))

    @property
    def method(self) -> str:
        """The HTTP method."""
        return _METHODS.get(self.verb, "GET")

    @property
    def path(self) -> str:
        """Where it is asked for."""
        root = f"/apis/{self.group}/{_VERSION}" if self.group else f"/api/{_VERSION}"
        parts = [root]
        if self.namespace:
            parts += ["namespaces", quote(self.namespace, safe="")]
        parts.append(self.resource)
        if self.name:
            # A proxied service is named with its scheme and port, whose colons stand for themselves.
            parts.append(quote(self.name, safe=":"))
        if self.subresource:
            parts.append(self.subresource)
        return "/".join(parts)

    @property
    def what(self) -> str:
        """The resource as a role names it: `pods/log`, `deployments.apps`."""
        kind = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        return f"{kind}.{self.group}" if self.group else kind

    @property
    def grant(self) -> str:
        """What must be granted, for a person: verb, resource and where."""
        verbs = "create and get" if self.subresource == "exec" else self.verb
        one = f" {self.name}" if self.name else ""
        where = f" in namespace {self.namespace}" if self.namespace else " in the whole cluster"
        return f"{verbs} on {self.what}{one}{where}"

    def __str__(self) -> str:
        """Say what is done."""
        one = f" {self.name}" if self.name else ""
        return f"{self.verb} {self.what}{one}{f' in {self.namespace}' if self.namespace else ''}"
