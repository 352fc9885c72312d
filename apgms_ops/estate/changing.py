"""What can be asked of an environment's systems that changes something, and as whom: for commands alone."""

from typing import TYPE_CHECKING

from apgms_ops.environment.model import Kafka, Kubernetes
from apgms_ops.errors import EnvironmentInvalid
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret

if TYPE_CHECKING:
    from apgms_ops.clients.kafka.commands import KafkaCommands
    from apgms_ops.clients.kubernetes.access import Access
    from apgms_ops.clients.kubernetes.commands import KubernetesCommands


def access(section: Kubernetes, context: str | None, token: Secret | None) -> "Access":
    """Return which API server is asked, and as whom.

    Args:
        section: What the environment declares.
        context: Of its kubeconfig file.
        token: For its server, where it has no kubeconfig file.
    """
    from apgms_ops.clients.kubernetes.access import Access  # noqa: PLC0415 — heavy

    return Access(
        context=context,
        kubeconfig=section.kubeconfig,
        server=section.server,
        token=token,
        ca_file=section.ca_file,
    )


def kubernetes_commands(section: Kubernetes, token: Secret | None, recorder: Recorder) -> "KubernetesCommands":
    """Return what makes Jobs: in the operator's context, where the environment names one."""
    from apgms_ops.clients.kubernetes.commands import KubernetesCommands  # noqa: PLC0415 — heavy

    operator = access(section, section.operator_context or section.context, token)
    return KubernetesCommands(access=operator, recorder=recorder)


def kafka_commands(section: Kafka, login: tuple[Secret | None, Secret | None], recorder: Recorder) -> "KafkaCommands":
    """Return what removes topics and groups, as whoever the checks read as.

    Raises:
        EnvironmentInvalid: Kafka is reached by its tools in a pod, which only read.
    """
    from apgms_ops.clients.kafka.commands import KafkaCommands  # noqa: PLC0415 — heavy

    if section.via is not None:
        msg = "kafka.via reaches Kafka by its tools in a pod, which only read: this needs a connection to the brokers"
        raise EnvironmentInvalid(msg)
    settings = {
        "bootstrap": list(section.bootstrap),
        "protocol": section.security.protocol,
        "mechanism": section.security.mechanism,
        "username": login[0],
        "password": login[1],
        "ca_file": section.security.ca_file,
        "read_committed": section.isolation_level == "read_committed",
    }
    return KafkaCommands(settings, recorder)
