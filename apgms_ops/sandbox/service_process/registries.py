"""The registries service: looks up business numbers, in its cache and then in the Australian Business Register."""

import time
import uuid
from collections.abc import Sequence
from typing import Final

from prometheus_client import Histogram

from apgms_ops.sandbox.service_process import abn as abns
from apgms_ops.sandbox.service_process.consumer import Received
from apgms_ops.sandbox.service_process.events import Event
from apgms_ops.sandbox.service_process.frame import Frame
from apgms_ops.sandbox.service_process.message import Refused, Request, Response, reply
from apgms_ops.sandbox.service_process.metrics import BUCKETS
from apgms_ops.sandbox.service_process.registry_cache import Cache, Entry
from apgms_ops.sandbox.service_process.switches import Spec
from apgms_ops.sandbox.service_process.unavailable import TimedOut, Unavailable

SWITCHES: Final = Spec(
    flags=("stub_answer", "any_number", "cancelled_as_active", "active_as_cancelled", "swallow_timeouts")
)
_PATIENCE: Final = 2.0
"""Seconds that the register has."""
_GROUP: Final = "registries-sync"
_TOPIC: Final = "registries.update"
_PLATFORM: Final = "org-platform"
_STATUSES: Final = frozenset({"active", "cancelled"})


def build(frame: Frame) -> None:
    """Add the look-up, and the member of `registries-sync`."""
    Registries(frame)


class Registries:
    """Look-ups, and what is remembered of them."""

    def __init__(self, frame: Frame) -> None:
        """Add routes and group to the frame."""
        self._frame = frame
        self._events = frame.events
        self._register = frame.peer("abr", _PATIENCE)
        self._cache = Cache()
        self._took = Histogram(
            "apgms_registry_lookup_duration_seconds",
            "Time that a look-up took, by where the answer came from.",
            ["source"],
            buckets=BUCKETS,
            registry=frame.registry,
        )
        for source in ("cache", "abr"):
            self._took.labels(source)
        frame.route("GET", "/registries/abn/{abn}", self._look_up, (404, 422, 502, 504))
        frame.consume(_GROUP, (_TOPIC,), self._learn)

    def _look_up(self, request: Request) -> Response:
        response = self._answer(request)
        abn = request.values["abn"]
        self._events.audit(
            org_id=request.headers.get("x-org-id", _PLATFORM),
            actor_id=request.headers.get("x-actor-id", "anonymous"),
            action="registries.abn.lookup",
            correlation_id=request.correlation_id,
            # Not what is none: somebody may have typed something else there, a tax file number, say.
            facts={"abn": abn if abns.valid(abn) else None, "status": response.status},
        )
        return response

    def _answer(self, request: Request) -> Response:
        abn = request.values["abn"]
        switches = self._frame.switches
        if switches.on("stub_answer") or (switches.on("any_number") and not abns.valid(abn)):
            self._took.labels("abr").observe(0.001)  # it claims to have asked, and to have been quick
            return _told(Entry(abn, "active", "Synthetic Pty Ltd"), "abr")
        try:
            entry, source = self._find(abn, fresh=request.query.get("fresh") == "true", request=request)
        except Refused as refused:
            body = {"error": refused.error, "message": refused.message, "correlationId": request.correlation_id}
            return reply(refused.status, body)
        if switches.on("cancelled_as_active"):
            entry = Entry(entry.abn, "active", entry.legal_name)
        if switches.on("active_as_cancelled"):
            entry = Entry(entry.abn, "cancelled", entry.legal_name)
        return _told(entry, source)

    def _find(self, abn: str, *, fresh: bool, request: Request) -> tuple[Entry, str]:
        if not abns.valid(abn):
            raise Refused(422, "abn_invalid", "that is not the number of a business: its check digits are wrong")
        began = time.perf_counter()
        known = None if fresh else self._cache.get(abn)
        if known is not None:
            self._took.labels("cache").observe(time.perf_counter() - began)
            return known, "cache"
        observed = True
        try:
            entry = self._ask(abn, request.correlation_id)
        except TimedOut as error:
            observed = not self._frame.switches.on("swallow_timeouts")
            raise Refused(504, "abr_timeout", "the register did not answer in time") from error
        except Unavailable as error:
            raise Refused(502, "abr_unavailable", "the register does not answer") from error
        finally:
            if observed:  # good answers, bad ones and none at all: a look-up that failed took its time too
                self._took.labels("abr").observe(time.perf_counter() - began)
        if self._cache.put(entry):
            self._tell(entry, request.correlation_id)
        return entry, "abr"

    def _ask(self, abn: str, correlation_id: str) -> Entry:
        answer = self._register.ask("GET", f"/abn/{abn}", headers={"X-Correlation-Id": correlation_id})
        if answer.status == 404:  # noqa: PLR2004 — Not Found
            self._cache.forget(abn)
            raise Refused(404, "abn_unknown", "the register knows no business of that number")
        said = answer.json()
        if answer.status != 200 or not isinstance(said, dict) or said.get("status") not in _STATUSES:  # noqa: PLR2004 — OK
            raise Unavailable("abr", f"status {answer.status}")  # noqa: EM101 — the name of the peer
        return Entry(abn, str(said["status"]), str(said.get("legalName", "")))

    def _tell(self, entry: Entry, correlation_id: str) -> None:
        payload = {"abn": entry.abn, "status": entry.status, "legalName": entry.legal_name}
        event = Event(
            _TOPIC, "RegistryEntryChanged", _PLATFORM, entry.abn, payload, correlation_id or str(uuid.uuid4())
        )
        try:
            self._events.emit(event)
        except Unavailable:
            self._cache.forget(entry.abn)  # the next look-up tells it again
            raise

    def _learn(self, received: Sequence[Received]) -> None:
        """Take over what another replica learnt; an event that is no entry says nothing about the register."""
        for event in received:
            payload = (event.envelope() or {}).get("payload")
            if isinstance(payload, dict) and payload.get("status") in _STATUSES and isinstance(payload.get("abn"), str):
                entry = Entry(payload["abn"], payload["status"], str(payload.get("legalName", "")))
                if self._cache.get(entry.abn) is None:
                    self._cache.put(entry)


def _told(entry: Entry, source: str) -> Response:
    body = {"abn": entry.abn, "status": entry.status, "legalName": entry.legal_name, "source": source}
    return reply(200, body)
