"""The metrics server of an estate, as the checks reach it."""

from typing import Self

from pydantic import model_validator

from apgms_ops.environment.types import HttpUrl, Model, SecretRef, Text
from apgms_ops.environment.via import ServiceVia


class Prometheus(Model):
    """The metrics server. Either `url` or `via` says where it is."""

    url: HttpUrl | None = None
    """Its address."""
    via: ServiceVia | None = None
    """Its service, read through the API server's proxy."""
    token: SecretRef | None = None
    """Bearer token, where it asks for one."""
    ca_file: Text | None = None
    """Certificate authority of the server, a PEM file; the system's where it is left out."""
    identity_label: Text = "cluster"
    """The external label whose value is the server's identity."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.url is None) == (self.via is None):
            msg = "expected either url or via"
            raise ValueError(msg)
        if self.via is not None and (self.token is not None or self.ca_file is not None):
            msg = "token and ca_file belong to url: the API server's proxy passes no token on"
            raise ValueError(msg)
        return self

    @property
    def where(self) -> str:
        """Its address, for people."""
        return str(self.url or self.via)
