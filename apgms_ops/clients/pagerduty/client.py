"""The verbs of PagerDuty that read. Those that change something are in `commands`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from apgms_ops.clients.http.shape import text_field
from apgms_ops.clients.pagerduty import parse, parse_incidents
from apgms_ops.clients.pagerduty.facts import (
    EscalationPolicy,
    Incident,
    IncidentStatus,
    LogEntry,
    MaintenanceWindow,
    Note,
    OnCall,
    Service,
    User,
)
from apgms_ops.clients.pagerduty.reading import AccountReader, Listing
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer
from apgms_ops.observation import Recorder, timestamp
from apgms_ops.redact import printable
from apgms_ops.secret import Secret


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rotation, as far as it is needed to know that it is there."""

    id: str
    time_zone: str


class PagerdutyClient:
    """Reads one account. Safe to use from several threads."""

    def __init__(
        self, *, url: str, recorder: Recorder, token: Secret | None = None, ca_file: str | None = None
    ) -> None:
        """Take an address; nothing is sent yet.

        Args:
            url: The address of the API: `https://api.pagerduty.com`, or `https://api.eu.pagerduty.com`.
            recorder: Keeps whose account answered. What was answered is not kept: it is about people.
            token: Sent as PagerDuty's own kind of token, to this server only.
            ca_file: Certificates (PEM) to verify the server by.
        """
        self._account = AccountReader(url=url, recorder=recorder, token=token, ca_file=ca_file)

    @property
    def source(self) -> str:
        """Who is asked, for people."""
        return self._account.source

    # Who is called

    def service(self, id: str, deadline: Deadline) -> Service:  # noqa: A002 — PagerDuty's own word
        """Return a service.

        Raises:
            AccessDenied: There is none, or none that the token may see.
        """
        found = self._account.one(f"/services/{_part(id)}", "service", f"service {id}", deadline)
        made = parse.service(found)
        self._expect(made.id, id, "service")
        return made

    def escalation_policy(self, id: str, deadline: Deadline) -> EscalationPolicy:  # noqa: A002 — PagerDuty's own word
        """Return an escalation policy.

        Raises:
            AccessDenied: There is none, or none that the token may see.
        """
        found = self._account.one(
            f"/escalation_policies/{_part(id)}", "escalation_policy", f"escalation policy {id}", deadline
        )
        made = parse.policy(found)
        self._expect(made.id, id, "escalation policy")
        return made

    def schedule(self, id: str, deadline: Deadline) -> Schedule:  # noqa: A002 — PagerDuty's own word
        """Return a schedule.

        Raises:
            AccessDenied: There is none, or none that the token may see.
        """
        found = self._account.one(f"/schedules/{_part(id)}", "schedule", f"schedule {id}", deadline)
        made = Schedule(parse.identifier(found, "schedule"), text_field(found, "time_zone", "schedule"))
        self._expect(made.id, id, "schedule")
        return made

    def on_calls(
        self, policies: Sequence[str], since: datetime, until: datetime, deadline: Deadline
    ) -> tuple[OnCall, ...]:
        """Return who is on call, at any level of these policies, at any time in between; nothing is cut to it.

        Args:
            policies: Ids of policies that are there: of one that is not, PagerDuty says that nobody is on call.
            since: First moment.
            until: First moment after it, 90 days ahead at most.
            deadline: For all pages.
        """
        if not policies:  # PagerDuty would tell of every policy
            return ()
        listing = Listing("/oncalls", "oncalls", parse.on_call)
        params = [("since", timestamp(since)), ("until", timestamp(until))]
        params += [("escalation_policy_ids[]", policy) for policy in policies]
        return tuple(one for one in self._account.every(listing, params, deadline) if one.policy in policies)

    def user(self, id: str, deadline: Deadline) -> User | None:  # noqa: A002 — PagerDuty's own word
        """Return a person, with all ways to reach them and their rules; None where the account has no such user.

        Raises:
            AccessDenied: The token may not read users.
        """
        found = self._account.one_if_there(f"/users/{_part(id)}", "user", deadline)
        if found is None:
            # Only where other users can be read is one that cannot be one that does not exist.
            self._account.every(Listing("/users", "users", parse.user), [], deadline)
            return None
        there, role, invited = parse.user(found)
        self._expect(there, id, "user")
        path = f"/users/{_part(id)}"
        methods = Listing(f"{path}/contact_methods", "contact_methods", parse.contact_method, paged=False)
        rules = Listing(f"{path}/notification_rules", "notification_rules", parse.notification_rule, paged=False)
        return User(
            id=there,
            role=role,
            invited=invited,
            methods=self._account.every(methods, [], deadline),
            rules=self._account.every(rules, [], deadline),
        )

    def maintenance_windows(self, services: Sequence[str], deadline: Deadline) -> tuple[MaintenanceWindow, ...]:
        """Return the windows of any of these services that are open or to come."""
        listing = Listing("/maintenance_windows", "maintenance_windows", parse.maintenance_window)
        params = [("filter", "open"), *(("service_ids[]", service) for service in services)]
        return tuple(
            window
            for window in self._account.every(listing, params, deadline)
            if not set(services).isdisjoint(window.services)
        )

    # What happened

    def incidents(  # noqa: PLR0913 — PagerDuty's own filters
        self,
        deadline: Deadline,
        *,
        statuses: Sequence[IncidentStatus] = (),
        services: Sequence[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        key: str | None = None,
    ) -> tuple[Incident, ...]:
        """Return incidents, by the time at which they were made; without `since`, of all times.

        Left to itself PagerDuty would tell of the last month, and be silent about one that has been open for longer.

        Args:
            deadline: For all pages.
            statuses: Of these; of all where there are none.
            services: Ids of services; of all where there are none.
            since: Made from then on. PagerDuty tells of 6 months at most where this is given.
            until: Made before then; goes with `since`.
            key: With this dedup key alone.

        Raises:
            AccessDenied: The account's plan does not have incidents, or the token may not read them.
        """
        times = [("since", since), ("until", until)]
        params = [(name, timestamp(at)) for name, at in times if at is not None]
        params = params if since is not None else [("date_range", "all")]
        params += [("statuses[]", status.value) for status in statuses]
        params += [("service_ids[]", service) for service in services]
        params += [] if key is None else [("incident_key", key)]
        listing = Listing("/incidents", "incidents", parse_incidents.incident)
        # The filters are the server's; what it lets through beside them is not what was asked for.
        return tuple(
            one
            for one in self._account.every(listing, params, deadline)
            if (not statuses or one.status in statuses)
            and (not services or one.service in services)
            and (since is None or one.created_at >= since)
            and (until is None or one.created_at < until)
            and key in (None, one.key)
        )

    def incident(self, id: str, deadline: Deadline) -> Incident:  # noqa: A002 — PagerDuty's own word
        """Return an incident.

        Raises:
            AccessDenied: There is none, or none that the token may see.
        """
        found = self._account.one(f"/incidents/{_part(id)}", "incident", f"incident {id}", deadline)
        made = parse_incidents.incident(found)
        # An incident can be asked for by its number as well.
        self._expect(id, str(made.number) if id.isdecimal() else made.id, "incident")
        return made

    def notes(self, incident: str, deadline: Deadline) -> tuple[Note, ...]:
        """Return the notes on an incident."""
        listing = Listing(f"/incidents/{_part(incident)}/notes", "notes", parse_incidents.note, paged=False)
        return self._account.every(listing, [], deadline)

    def log_entries(self, incident: str, deadline: Deadline) -> tuple[LogEntry, ...]:
        """Return all that happened to an incident, in PagerDuty's order: the newest first."""
        listing = Listing(f"/incidents/{_part(incident)}/log_entries", "log_entries", parse_incidents.log_entry)
        return self._account.every(listing, [("is_overview", "false")], deadline)

    def _expect(self, found: str, asked: str, what: str) -> None:
        if found != asked:
            msg = f"{self.source}: {what} {asked} was asked for, and {printable(found, limit=40)} answered"
            raise BadAnswer(msg)


def _part(id_: str) -> str:
    """Return an id as one part of a path.

    Raises:
        BadAnswer: It is none: what was answered before would lead elsewhere.
    """
    if id_ in ("", ".", ".."):
        msg = f"{id_!r} is no id of PagerDuty's"
        raise BadAnswer(msg)
    return quote(id_, safe="")
