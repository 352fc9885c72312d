"""The cluster of an estate, as the checks reach it."""

from typing import Final, Self

from pydantic import model_validator

from apgms_ops.environment.types import HttpUrl, Model, Name, SecretRef, Text

IN_CLUSTER: Final = "in-cluster"


class Kubernetes(Model):
    """The cluster, and the platform's namespace in it. Either `context` or `server` says which."""

    context: Text | None = None
    """A context of the kubeconfig file, which must verify certificates; "in-cluster" for the pod's own account."""
    operator_context: Text | None = None
    """The context of commands that change something there (restores); `context` where it is left out."""
    kubeconfig: Text | None = None
    """The kubeconfig file; `$KUBECONFIG`, or the one in the home folder, where it is left out."""
    server: HttpUrl | None = None
    """The API server's address, where there is no kubeconfig file."""
    token: SecretRef | None = None
    """Bearer token for `server`."""
    ca_file: Text | None = None
    """Certificate authority of `server`, a PEM file; the system's where it is left out."""
    namespace: Name
    """Where the platform runs."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.context is None) == (self.server is None):
            msg = "expected either context or server"
            raise ValueError(msg)
        if self.operator_context is not None and self.context is None:
            msg = "operator_context belongs to context, not to server"
            raise ValueError(msg)
        if self.kubeconfig is not None and self.context in (None, IN_CLUSTER):
            msg = "kubeconfig belongs to a context of its own, not to server or in-cluster"
            raise ValueError(msg)
        if self.server is None and (self.token is not None or self.ca_file is not None):
            msg = "token and ca_file belong to server; a context brings its own"
            raise ValueError(msg)
        return self

    @property
    def where(self) -> str:
        """Its address, for people."""
        return str(self.server) if self.server is not None else f"context {self.context}"
