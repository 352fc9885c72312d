"""What people and events do to incidents."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from apgms_ops.sandbox.pagerduty_process.answer import ProblemError, not_found, refuse, there
from apgms_ops.sandbox.pagerduty_process.query import Query
from apgms_ops.sandbox.pagerduty_process.records import Record, Records
from apgms_ops.sandbox.pagerduty_process.render import stamp
from apgms_ops.sandbox.pagerduty_process.state import called

_STATUSES: Final = ("triggered", "acknowledged", "resolved")
_URGENCIES: Final = ("high", "low")
_MONTH: Final = timedelta(days=30)
_HALF_A_YEAR: Final = timedelta(days=180)
_OPEN: Final = "Open incident with matching dedup key already exists on this service"
_FIELDS: Final = {"type", "title", "service", "urgency", "incident_key", "body"}
_SORTED: Final = "created_at:desc"


class Incidents:
    """The incidents of the account."""

    def __init__(self, records: Records, clock: Callable[[], datetime]) -> None:
        """Take what is there."""
        self._records = records
        self._clock = clock

    def one(self, id_: str) -> Record:
        """Return an incident by its id or its number."""
        found = self._records.one("incidents", number=int(id_)) if id_.isdecimal() else None
        return found or there(self._records.one("incidents", id=id_))

    def found(self, query: Query) -> list[Record]:
        """Return the incidents that a query asks for: of the last month, unless it says otherwise."""
        now = self._clock()
        statuses, urgencies = query.words("statuses[]", _STATUSES), query.words("urgencies[]", _URGENCIES)
        key, services, everything = query.one("incident_key"), query.every("service_ids[]"), query.one("date_range")
        if everything not in ("", "all"):
            refuse("date_range is all")
        until = query.time("until", now + timedelta(seconds=1))
        since = query.time("since", until - _MONTH)
        if until - since > _HALF_A_YEAR + timedelta(days=4):
            refuse("The time range is 6 months at most")
        found = [
            one
            for one in self._records.every("incidents")
            if (not statuses or one["status"] in statuses)
            and (not urgencies or one["urgency"] in urgencies)
            and (not services or one["service"] in services)
            and key in ("", one["key"])
            and (everything or since <= datetime.fromisoformat(one["created_at"]) < until)
        ]
        down = query.one("sort_by") == _SORTED
        return sorted(found, key=lambda one: int(one["number"]), reverse=down)

    def create(self, body: object, user: Record) -> Record:
        """Make an incident in somebody's name.

        Raises:
            ProblemError: It is not of the right form, or there is an open one of this key.
        """
        wanted = _wrapped(body, "incident")
        strange = sorted(set(wanted) - _FIELDS)
        if strange or wanted.get("type") != "incident":
            refuse(*(f"unknown field {name}" for name in strange), "type is incident")
        title, service = wanted.get("title"), wanted.get("service")
        id_ = service.get("id") if isinstance(service, dict) else None
        if not isinstance(title, str) or not title or not isinstance(id_, str):
            refuse("Title and Service cannot be empty")
        found = self._records.one("services", id=id_)
        if found is None:
            raise not_found()
        key, urgency = wanted.get("incident_key"), wanted.get("urgency", found["urgency_rule"].get("urgency", "high"))
        if urgency not in _URGENCIES or not (key is None or isinstance(key, str)):
            refuse("urgency is high or low, incident_key a string")
        if key is not None and self._open(key, id_) is not None:
            raise ProblemError(400, "Arguments Caused Error", 2002, [_OPEN])
        details = wanted.get("body")
        text = details.get("details", "") if isinstance(details, dict) else ""
        return self.open(found, title, key, urgency, text, user["id"])

    def open(  # noqa: PLR0913, PLR0917 — the parts of an incident
        self, service: Record, title: str, key: str | None, urgency: str, details: str, agent: str | None
    ) -> Record:
        """Keep a new incident, assigned to whom its policy calls now."""
        now = stamp(self._clock())
        number = max((int(one["number"]) for one in self._records.every("incidents")), default=0) + 1
        made = self._records.add(
            "incidents",
            {
                "number": number,
                "title": title,
                "status": "triggered",
                "urgency": urgency,
                "key": key,
                "service": service["id"],
                "details": details,
                "created_at": now,
                "updated_at": now,
                "assigned": called(self._records, service["policy"], self._clock()),
            },
        )
        self._log(made["id"], "trigger", agent)
        return made

    def note(self, id_: str, body: object, user: Record) -> Record:
        """Write a note.

        Raises:
            ProblemError: It is empty.
        """
        content = _wrapped(body, "note").get("content")
        if not isinstance(content, str) or not content:
            refuse("Content cannot be empty")
        incident = self.one(id_)
        self._log(incident["id"], "annotate", user["id"])
        note = {"incident": incident["id"], "content": content, "created_at": stamp(self._clock())}
        return self._records.add("notes", note | {"user": {"id": user["id"], "type": "user_reference"}})

    def update(self, id_: str, body: object, user: Record) -> Record:
        """Acknowledge or resolve; a status that is reached already changes nothing.

        Raises:
            ProblemError: It is something else, or the incident is resolved already and is to be opened.
        """
        wanted, incident = _wrapped(body, "incident"), self.one(id_)
        status = wanted.get("status")
        if set(wanted) - {"type", "status"} or status not in _STATUSES[1:]:
            refuse("status is acknowledged or resolved")
        if incident["status"] == "resolved" and status != "resolved":
            raise ProblemError(400, "Invalid Input Provided", 2001, ["Incident Already Resolved"])
        return self.set(incident, str(status), user["id"])

    def set(self, incident: Record, status: str, agent: str | None) -> Record:
        """Give an incident a status."""
        if incident["status"] != status:
            values = {"status": status, "updated_at": stamp(self._clock())}
            self._records.edit("incidents", {"id": incident["id"]}, values)
            self._log(incident["id"], {"acknowledged": "acknowledge", "resolved": "resolve"}[status], agent)
        return self.one(incident["id"])

    def _open(self, key: str, service: str) -> Record | None:
        found = self._records.every("incidents", key=key, service=service)
        return next((one for one in found if one["status"] != "resolved"), None)

    def by_key(self, key: str, service: str) -> Record | None:
        """Return the open incident of a key."""
        return self._open(key, service)

    def _log(self, incident: str, kind: str, agent: str | None) -> None:
        who = None if agent is None else {"id": agent, "type": "user_reference"}
        self._records.add(
            "log_entries",
            {
                "incident": incident,
                "type": f"{kind}_log_entry",
                "summary": f"{kind} through the API",
                "created_at": stamp(self._clock()),
                "agent": who,
                "html_url": None,
            },
        )


def _wrapped(body: object, key: str) -> dict[str, Any]:
    inner = body.get(key) if isinstance(body, dict) and set(body) == {key} else None
    if not isinstance(inner, dict):
        refuse(f"the body is an object {key}")
    return inner
