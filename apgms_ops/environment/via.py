"""Access paths: how a target is reached where its own address cannot be."""

import re
from dataclasses import dataclass
from typing import Annotated, Final, Self

from pydantic import Field

from apgms_ops.environment.types import Expected

_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_SERVICE: Final = rf"^kubernetes:{_LABEL}/svc/(https?:)?{_LABEL}:[a-z0-9-]{{1,15}}$"
_EXEC: Final = rf"^exec:{_LABEL}/(deploy|statefulset)/{_LABEL}$"
_PARTS: Final = re.compile(r"(?:kubernetes|exec):(?P<namespace>[^/]+)/(?P<kind>[^/]+)/(?P<name>.+)")

ServiceVia = Annotated[
    str,
    Field(pattern=_SERVICE, max_length=200),
    Expected('the API server\'s proxy to a service, such as "kubernetes:observability/svc/prometheus:9090"'),
]
ExecVia = Annotated[
    str,
    Field(pattern=_EXEC, max_length=200),
    Expected('a workload in whose pods a command is run, such as "exec:platform/deploy/kafka-exporter"'),
]


@dataclass(frozen=True, slots=True)
class Path:
    """An access path, taken apart."""

    namespace: str
    kind: str
    """`svc`, `deploy` or `statefulset`."""
    name: str
    """Of a service with its port, and its scheme where one is given: `prometheus:9090`."""

    @classmethod
    def parse(cls, via: str) -> Self:
        """Take a path apart that the model has let pass.

        Raises:
            ValueError: It has not.
        """
        parts = _PARTS.fullmatch(via)
        if parts is None:
            msg = f"{via!r:.80} is no access path"
            raise ValueError(msg)
        return cls(parts["namespace"], parts["kind"], parts["name"])
