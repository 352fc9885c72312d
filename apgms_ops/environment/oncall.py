"""Who is called when something breaks, as PagerDuty is to have it."""

from datetime import timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from apgms_ops.environment.types import Duration, Expected, HttpUrl, Limit, Model, Name, SecretRef, Seq, Text

PagerdutyId = Annotated[
    str,
    Field(pattern=r"^[A-Z0-9]{4,20}$"),
    Expected("an id of PagerDuty's, the last part of the address of its page: PABC123"),
]
Sender = Annotated[
    str,
    Field(pattern=r"^[^\s@<>]{1,64}@[A-Za-z0-9.\-]{1,190}$"),
    Expected("an e-mail address, such as ops@example.com"),
]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):  # a zone that is not known is a KeyError
        msg = f"expected a time zone such as Australia/Sydney, not {value!r}"
        raise ValueError(msg) from None
    return value


class EscalationPath(Model):
    """An escalation policy."""

    id: PagerdutyId
    """Its id."""
    schedules: Annotated[Seq[PagerdutyId], Field(min_length=2)]
    """Ids of the schedules that its levels point to, the first level's first. Each level is to be covered."""


class PagedService(Model):
    """A service of PagerDuty's."""

    id: PagerdutyId
    """Its id."""
    policy: Name
    """Which of `policies` it is to use."""
    routing_key: SecretRef | None = None
    """Of its integration for Events v2, where events are sent to it."""


class Contact(Model):
    """A number of the runbook's list of contacts."""

    role: Text
    """Whose: "platform lead". No name."""
    user: PagerdutyId
    """Their id."""
    number: SecretRef
    """With its country, as +61400000000. It is personal data: neither a run nor a report shows more than its end."""


class IncidentRules(Model):
    """Where incidents are written down, and when they are reviewed."""

    folder: Text
    """Of the timeline files, relative to the folder of this file: "../runbooks/incidents"."""
    looked_back: Limit[Duration]
    """For which time each incident that was resolved must have its file."""
    reviewed: Limit[Duration]
    """Within which time of its resolution an incident's review is held."""
    service: Name | None = None
    """The service that `incident declare` calls for where it is told none."""


class Oncall(Model):
    """PagerDuty, and what is required of it."""

    url: HttpUrl = "https://api.pagerduty.com"
    """The address of the API; `https://api.eu.pagerduty.com` for an account in the EU."""
    events_url: HttpUrl = "https://events.pagerduty.com"
    """The address of Events v2."""
    token: SecretRef
    """A token of the REST API; that for checks may only read."""
    ca_file: Text | None = None
    """Certificate authority of the server, a PEM file; the system's where it is left out."""
    sender: Sender | None = None
    """The e-mail address of the user in whose name `incident` commands act: a role's, for every run records it."""
    time_zone: Annotated[Text, AfterValidator(_zone)] = "Australia/Sydney"
    """In which times are told."""
    policies: Annotated[dict[Name, EscalationPath], Field(min_length=1)]
    """The escalation policies, by a name of ours."""
    services: Annotated[dict[Name, PagedService], Field(min_length=1)]
    """Every service of the platform, by its name here."""
    contacts: Annotated[Seq[Contact], Field(min_length=1)]
    """The runbook's list."""
    near: Limit[Duration]
    """How far ahead somebody must be on call, without a gap, for the night to be safe."""
    far: Limit[Duration]
    """How far ahead a gap is to be found while there is time to close it; maintenance windows are looked for as far."""
    escalation: Limit[Duration]
    """Within which time a level that does not answer passes an incident on to the next."""
    acknowledgement: Limit[Duration]
    """How long an acknowledged incident may rest before it calls again."""

    incidents: IncidentRules
    """Where incidents are written down, and when they are reviewed."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        unknown = sorted({service.policy for service in self.services.values()} - set(self.policies))
        if unknown:
            msg = f"services use policies that are not declared: {', '.join(unknown)}"
            raise ValueError(msg)
        if self.incidents.service is not None and self.incidents.service not in self.services:
            msg = f"incidents.service is {self.incidents.service}, which is none of the services"
            raise ValueError(msg)
        if not self.near.value <= self.far.value <= timedelta(days=90):
            msg = "`near` must not be longer than `far`, nor `far` longer than 90d, which is as far as PagerDuty tells"
            raise ValueError(msg)
        return self
