"""Builds the clients of an environment, each over its access path, with the secrets and the recorder of one probe."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from apgms_ops.environment.model import Environment, Kafka, Prometheus
from apgms_ops.environment.types import Absent
from apgms_ops.errors import EnvironmentInvalid
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret, SecretReference

if TYPE_CHECKING:
    from apgms_ops.clients.kafka import KafkaClient
    from apgms_ops.clients.prometheus import PrometheusClient

T = TypeVar("T")

SECTION_OF_CLIENT: Mapping[str, str] = {"kafka": "kafka", "prometheus": "prometheus"}
"""The client fixtures and probe parameters, each with the section of the environment that it needs."""


class Estate:
    """The clients of one environment, made where they are first asked for.

    Each probe has an estate of its own, so that what its clients saw is recorded under its name.
    """

    def __init__(self, environment: Environment, secrets: Mapping[SecretReference, Secret], recorder: Recorder) -> None:
        """Take the model, the secrets that were read for this run, and where to record what is seen."""
        self.environment = environment
        self._secrets = secrets
        self._recorder = recorder

    def _secret(self, reference: SecretReference | None) -> Secret | None:
        return None if reference is None else self._secrets[reference]

    def _section(self, section: "T | Absent | None", name: str) -> "T":
        if section is None or isinstance(section, Absent):
            msg = f"environment {self.environment.name} has no section [{name}]"
            raise EnvironmentInvalid(msg)
        return section

    @cached_property
    def kafka(self) -> "KafkaClient":
        """The Kafka client."""
        from apgms_ops.clients.kafka import KafkaClient  # noqa: PLC0415 — heavy

        section: Kafka = self._section(self.environment.kafka, "kafka")
        security = section.security
        return KafkaClient(
            bootstrap=section.bootstrap,
            protocol=security.protocol,
            mechanism=security.mechanism,
            username=self._secret(security.username),
            password=self._secret(security.password),
            ca_file=security.ca_file,
            isolation_level=section.isolation_level,
            recorder=self._recorder,
        )

    @cached_property
    def prometheus(self) -> "PrometheusClient":
        """The Prometheus client."""
        from apgms_ops.clients.prometheus import PrometheusClient  # noqa: PLC0415 — heavy

        section: Prometheus = self._section(self.environment.prometheus, "prometheus")
        return PrometheusClient(
            url=section.url,
            token=self._secret(section.token),
            ca_file=section.ca_file,
            identity_label=section.identity_label,
            recorder=self._recorder,
        )
