"""The paths of REST v2 that the stand-in knows; all others are refused as PagerDuty refuses them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from apgms_ops.sandbox.pagerduty_process import rota
from apgms_ops.sandbox.pagerduty_process.answer import ProblemError, json_answer, not_found, refuse, there
from apgms_ops.sandbox.pagerduty_process.incidents import Incidents
from apgms_ops.sandbox.pagerduty_process.query import Query
from apgms_ops.sandbox.pagerduty_process.records import Record, Records
from apgms_ops.sandbox.pagerduty_process.render import Renderer
from apgms_ops.sandbox.pagerduty_process.state import windows_of
from apgms_ops.sandbox.standin.answer import Answer

_PAGE: Final = ("limit", "offset", "total")
_FURTHEST: Final = timedelta(days=90)
_FILTERS: Final = ("all", "future", "ongoing", "open", "past")


class Api:
    """Answers the requests of those who were let in."""

    def __init__(
        self, records: Records, account: str, url: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Take what is there."""
        self._records = records
        self._account = account
        self._url = url
        self._clock = clock
        self._incidents = Incidents(records, clock)

    def get(self, path: str, query: Query) -> Answer:
        """Answer GET.

        Raises:
            ProblemError: It is refused.
        """
        match path.strip("/").split("/"):
            case ["abilities"]:
                query.know()
                return json_answer({"abilities": ["advanced_reports", "teams", "urgencies"]})
            case ["oncalls"]:
                return self._on_calls(query)
            case ["maintenance_windows"]:
                return self._windows(query)
            case ["services" | "users" | "schedules" | "escalation_policies" as collection, *rest]:
                return self._people(collection, rest, query)
            case ["incidents", *rest]:
                return self._about_incidents(rest, query)
            case _:
                raise not_found()

    def change(self, method: str, path: str, sender: str, body: object) -> Answer:
        """Answer POST and PUT, in somebody's name.

        Raises:
            ProblemError: It is refused.
        """
        user = self._records.one("users", email=sender) if sender else None
        if not sender:
            refuse("From header is required")
        if user is None:
            raise ProblemError(400, "Requester User Not Found", 1008)
        match method, path.strip("/").split("/"):
            case "POST", ["incidents"]:
                made = self._incidents.create(body, user)
                return json_answer({"incident": self._incident(made)}, 201)
            case "POST", ["incidents", id_, "notes"]:
                return json_answer({"note": self._incidents.note(id_, body, user)})
            case "PUT", ["incidents", id_]:
                return json_answer({"incident": self._incident(self._incidents.update(id_, body, user))})
            case _:
                raise not_found()

    @property
    def _show(self) -> Renderer:
        return Renderer(self._records.switches["account"] or self._account, self._url, self._clock())

    # Who is called

    def _people(self, collection: str, rest: Sequence[str], query: Query) -> Answer:
        match collection, rest:
            case "users", [id_, "contact_methods" | "notification_rules" as kind]:
                query.know()
                return self._of_user(id_, kind)
            case _, []:
                query.know(*_PAGE, "query")
                named = query.one("query").lower()
                found = [record for record in self._records.every(collection) if named in record["name"].lower()]
                return self._page(query, collection, found, self._maker(collection, query))
            case _, [id_]:
                times = ("since", "until", "overflow", "time_zone") if collection == "schedules" else ()
                query.know(*times)
                body = self._maker(collection, query)(there(self._records.one(collection, id=id_)))
                return json_answer({body["type"]: body})
            case _:
                raise not_found()

    def _maker(self, collection: str, query: Query) -> Callable[[Record], dict[str, Any]]:
        show, now = self._show, self._clock()
        if collection == "services":
            return lambda record: show.service(record, self._status(record))
        if collection == "users":
            return show.user
        if collection == "escalation_policies":
            return lambda record: show.policy(record, self._records.every("services", policy=record["id"]))
        since = query.time("since", now)
        until = query.time("until", since + timedelta(days=14))
        if until <= since:
            refuse("until must be after since")
        overflow = query.one("overflow") == "true"
        return lambda record: show.schedule(record, since, until, overflow=overflow)

    def _of_user(self, id_: str, kind: str) -> Answer:
        there(self._records.one("users", id=id_))
        found, show = self._records.every(kind, user=id_), self._show
        if kind == "contact_methods":
            return json_answer({kind: [show.contact_method(record) for record in found]})
        return json_answer(
            {
                kind: [
                    show.notification_rule(one, self._records.one("contact_methods", id=one["method"])) for one in found
                ]
            }
        )

    def _status(self, service: Record) -> str:
        if service["disabled"]:
            return "disabled"
        if windows_of(self._records, service["id"], self._clock()):
            return "maintenance"
        states = {incident["status"] for incident in self._records.every("incidents", service=service["id"])}
        return "critical" if "triggered" in states else "warning" if "acknowledged" in states else "active"

    def _on_calls(self, query: Query) -> Answer:
        query.know(*_PAGE, "since", "until", "escalation_policy_ids[]", "schedule_ids[]", "user_ids[]", "time_zone")
        now = self._clock()
        since = query.time("since", now)
        until = query.time("until", since)
        if until < since or until > now + _FURTHEST + timedelta(days=1):
            refuse("until must be after since, and 90 days ahead at most")
        until = max(until, since + timedelta(seconds=1))
        # A filter that names what there is not finds nobody, and is no error.
        wanted = {name: query.every(f"{name}_ids[]") for name in ("escalation_policy", "schedule", "user")}
        found = []
        for policy in self._records.every("escalation_policies"):
            for entry in self._of_policy(policy, since, until):
                ids = {name: (entry[name] or {}).get("id") for name in wanted}
                if all(not allowed or ids[name] in allowed for name, allowed in wanted.items()):
                    found.append(entry)
        return self._page(query, "oncalls", found, lambda entry: entry)

    def _of_policy(self, policy: Record, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
        show = self._show
        for level, rule in enumerate(policy["rules"], 1):
            for target in rule["targets"]:
                schedule = self._records.one("schedules", id=target["id"]) if target["type"] == "schedule" else None
                if schedule is None:
                    always = {"schedule": None, "start": None, "end": None}
                    yield show.on_call(policy, level, self._user(target["id"]), always)
                    continue
                for start, end, user in rota.spans(schedule, since, until):
                    span = {"schedule": schedule, "start": start, "end": end}
                    yield show.on_call(policy, level, self._user(user), span)

    def _user(self, id_: str) -> Record | str:
        return self._records.one("users", id=id_) or id_

    def _windows(self, query: Query) -> Answer:
        query.know(*_PAGE, "filter", "service_ids[]", "query")
        words, now = query.words("filter", _FILTERS), self._clock()
        services = set(query.every("service_ids[]"))

        def fits(record: Record) -> bool:
            start, end = (datetime.fromisoformat(record[name]) for name in ("start", "end"))
            kinds = {"all"}
            kinds |= {"past"} if end <= now else {"open", "future" if start > now else "ongoing"}
            return (words or ["all"])[0] in kinds and (not services or bool(services & set(record["services"])))

        found = [record for record in self._records.every("maintenance_windows") if fits(record)]
        return self._page(query, "maintenance_windows", found, self._show.window)

    # What happened

    def _about_incidents(self, rest: Sequence[str], query: Query) -> Answer:
        match rest:
            case []:
                query.know(
                    *_PAGE,
                    "since",
                    "until",
                    "date_range",
                    "statuses[]",
                    "service_ids[]",
                    "incident_key",
                    "urgencies[]",
                    "sort_by",
                )
                return self._page(query, "incidents", self._incidents.found(query), self._incident)
            case [id_]:
                query.know()
                return json_answer({"incident": self._incident(self._incidents.one(id_))})
            case [id_, "notes"]:
                query.know()
                incident = self._incidents.one(id_)
                return json_answer({"notes": self._records.every("notes", incident=incident["id"])})
            case [id_, "log_entries"]:
                query.know(*_PAGE, "is_overview", "since", "until", "time_zone")
                entries = self._records.every("log_entries", incident=self._incidents.one(id_)["id"])
                return self._page(query, "log_entries", entries[::-1], lambda entry: entry)
            case _:
                raise not_found()

    def _incident(self, record: Record) -> dict[str, Any]:
        return self._show.incident(record, there(self._records.one("services", id=record["service"])))

    # Pages

    def _page(self, query: Query, key: str, found: Sequence[Any], make: Callable[[Any], Mapping[str, Any]]) -> Answer:
        limit, offset = query.page()
        switches = self._records.switches
        if switches["second_page_fails"]:
            if offset:
                raise ProblemError(500, "Internal Server Error", 2000)
            limit = 1
        if switches["page_size"]:
            limit = min(limit, switches["page_size"])
        endless = switches["endless"]
        part = found[:limit] if endless else found[offset : offset + limit]
        total = len(found) if query.one("total") == "true" else None
        more = endless or offset + len(part) < len(found)
        body = {key: [make(one) for one in part], "limit": limit, "offset": offset, "total": total, "more": more}
        return json_answer(body)
