"""Builds what asks PagerDuty, and what changes something there."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from apgms_ops.environment.model import Oncall, PagedService
from apgms_ops.errors import EnvironmentInvalid
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret, SecretReference

if TYPE_CHECKING:
    from apgms_ops.clients.pagerduty import PagerdutyClient
    from apgms_ops.clients.pagerduty.commands import PagerdutyCommands, PagerdutyEvents

SecretOf = Callable[[SecretReference], Secret]
"""Returns a secret that was read for this run."""


def reader(section: Oncall, secret: SecretOf, recorder: Recorder) -> "PagerdutyClient":
    """Return what reads."""
    from apgms_ops.clients.pagerduty import PagerdutyClient  # noqa: PLC0415 — heavy

    return PagerdutyClient(url=section.url, token=secret(section.token), ca_file=section.ca_file, recorder=recorder)


def commands(section: Oncall, secret: SecretOf, recorder: Recorder) -> "PagerdutyCommands":
    """Return what makes incidents, for commands alone.

    Raises:
        EnvironmentInvalid: The environment does not say in whose name.
    """
    from apgms_ops.clients.pagerduty.commands import PagerdutyCommands  # noqa: PLC0415 — heavy

    if section.sender is None:
        msg = "[oncall] sender is not declared: PagerDuty wants to know in whose name an incident is made"
        raise EnvironmentInvalid(msg)
    return PagerdutyCommands(
        url=section.url,
        token=secret(section.token),
        sender=section.sender,
        ca_file=section.ca_file,
        recorder=recorder,
    )


def events(section: Oncall, service: PagedService, secret: SecretOf, recorder: Recorder) -> "PagerdutyEvents":
    """Return what sends events to a service, for commands alone.

    Raises:
        EnvironmentInvalid: The environment names no routing key of that service.
    """
    from apgms_ops.clients.pagerduty.commands import PagerdutyEvents  # noqa: PLC0415 — heavy

    if service.routing_key is None:
        msg = f"[oncall] service {service.id} has no routing_key"
        raise EnvironmentInvalid(msg)
    return PagerdutyEvents(
        url=section.events_url, routing_key=secret(service.routing_key), ca_file=section.ca_file, recorder=recorder
    )
