"""What PagerDuty says, as frozen data. Names and addresses of people, which are personal data, are left with it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from apgms_ops.secret import Secret


class ServiceStatus(StrEnum):
    """How a service stands. Warning and critical speak of open incidents; these services do page."""

    ACTIVE = "active"
    WARNING = "warning"
    CRITICAL = "critical"
    MAINTENANCE = "maintenance"
    DISABLED = "disabled"
    UNKNOWN = "unknown"
    """A word that is not known here."""


class Urgency(StrEnum):
    """How urgent an incident is, or a rule is for."""

    HIGH = "high"
    LOW = "low"
    SEVERITY_BASED = "severity_based"
    """As the alert itself says: one that says nothing is not urgent."""
    UNKNOWN = "unknown"
    """A word that is not known here."""


class TargetKind(StrEnum):
    """What a level of an escalation policy points to."""

    USER = "user"
    SCHEDULE = "schedule"
    UNKNOWN = "unknown"
    """A word that is not known here."""


class ContactKind(StrEnum):
    """How a person is reached."""

    PHONE = "phone_contact_method"
    SMS = "sms_contact_method"
    EMAIL = "email_contact_method"
    PUSH = "push_notification_contact_method"
    WHATSAPP = "whatsapp_contact_method"
    UNKNOWN = "unknown"
    """A word that is not known here."""


class IncidentStatus(StrEnum):
    """How far an incident is."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    UNKNOWN = "unknown"
    """A word that is not known here."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service, as PagerDuty knows it."""

    id: str
    name: str
    status: ServiceStatus
    policy: str
    """Id of its escalation policy."""
    urgencies: tuple[Urgency, ...]
    """Of the incidents that it makes: one, or two where they differ by the hour of the day."""
    acknowledgement_timeout: float | None
    """Seconds after which an incident that was acknowledged is triggered again; None: it never is."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a level notifies."""

    kind: TargetKind
    id: str


@dataclass(frozen=True, slots=True)
class Level:
    """One level of an escalation policy."""

    delay: float
    """Seconds until it goes on to the next."""
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class EscalationPolicy:
    """Who is notified, one after the other; the first level is 1."""

    id: str
    name: str
    levels: tuple[Level, ...]
    services: tuple[str, ...]
    """Ids of the services that use it."""


@dataclass(frozen=True, slots=True)
class OnCall:
    """Somebody is on call at a level of a policy."""

    policy: str
    level: int
    user: str
    """Their id."""
    schedule: str | None
    """Id of the schedule that says so; None: the policy itself names the person."""
    start: datetime | None
    """None: always has been."""
    end: datetime | None
    """First moment after it; None: without an end."""


@dataclass(frozen=True, slots=True)
class ContactMethod:
    """A way to reach a person."""

    id: str
    kind: ContactKind
    number: Secret | None
    """With its country, digits alone after a plus: +61400000000. None where it is no telephone."""
    blocked: bool
    """PagerDuty sends nothing there any more."""


@dataclass(frozen=True, slots=True)
class NotificationRule:
    """When a person is told of an incident, and by which way."""

    urgency: Urgency
    delay: float
    """Seconds after the incident is assigned."""
    method: str
    """Id of the contact method."""
    kind: ContactKind


@dataclass(frozen=True, slots=True)
class User:
    """A person, without a name."""

    id: str
    role: str
    """`user`, `admin`, …; `read_only_user` and `read_only_limited_user` cannot act on an incident."""
    invited: bool
    """Whether an invitation is outstanding: such a person has never logged in."""
    methods: tuple[ContactMethod, ...]
    rules: tuple[NotificationRule, ...]


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """A time in which services make no incidents."""

    id: str
    start: datetime
    end: datetime
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident."""

    id: str
    number: int
    title: str
    status: IncidentStatus
    urgency: Urgency
    service: str
    """Id of the service."""
    created_at: datetime
    resolved_at: datetime | None
    """None: not resolved, or PagerDuty does not say when."""
    key: str | None
    """The dedup key; None where it was made by hand without one."""
    url: str
    """Its page, for people."""
    assigned: tuple[str, ...]
    """Ids of those whom it is assigned to."""


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote about an incident."""

    id: str
    created_at: datetime
    content: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """Something that happened to an incident."""

    id: str
    kind: str
    """As PagerDuty calls it, without the end: trigger, acknowledge, notify, escalate, resolve, annotate, …"""
    at: datetime
    summary: str
    agent: str | None
    """Id of who did it; None where nobody is named."""


@dataclass(frozen=True, slots=True)
class EventTaken:
    """An event that was taken. That says nothing of an incident: look for that by its key."""

    dedup_key: str
