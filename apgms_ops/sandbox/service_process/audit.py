"""The audit service: writes what happened into a chain of hashes, and tells what happened under a correlation id."""

from typing import Final

from prometheus_client import Counter

from apgms_ops.sandbox.service_process.audit_store import AuditStore
from apgms_ops.sandbox.service_process.audit_writer import AuditWriter
from apgms_ops.sandbox.service_process.events import AUDIT_TOPIC
from apgms_ops.sandbox.service_process.frame import Frame
from apgms_ops.sandbox.service_process.message import Refused, Request, Response, reply
from apgms_ops.sandbox.service_process.parking import Parking
from apgms_ops.sandbox.service_process.switches import Spec
from apgms_ops.sandbox.service_process.unavailable import Unavailable

SWITCHES: Final = Spec(flags=("swallow_writes", "hold", "altered_hashes"), counts=("lose", "duplicate"))
_GROUP: Final = "audit-writer"
_SOURCES: Final = ("api-gateway", "audit", "payments", "registries")
_PLATFORM: Final = "org-platform"
_SEEDING: Final = 0.5


def build(frame: Frame) -> None:
    """Add the look-up, and the member of `audit-writer`."""
    Audit(frame)


class Audit:
    """What the service answers and does."""

    def __init__(self, frame: Frame) -> None:
        """Add it to the frame."""
        self._events = frame.events
        self._switches = frame.switches
        self._store = AuditStore(frame.database)
        self._seeded = False
        persisted = Counter(
            "apgms_audit_events_persisted", "Audit events in the log.", ["source"], registry=frame.registry
        )
        for source in _SOURCES:
            persisted.labels(source)
        writer = AuditWriter(self._store, frame.switches, persisted, Parking(frame.events).park, frame.log)
        frame.every("history", _SEEDING, self._seed)
        frame.depend("history", self._require_history)
        frame.route("GET", "/audit/events", self._look_up, (422,))
        frame.consume(_GROUP, (AUDIT_TOPIC,), writer.work, hold="hold")

    def _seed(self) -> None:
        if not self._seeded:
            self._store.seed()
            self._seeded = True

    def _require_history(self) -> None:
        if not self._seeded:
            raise Unavailable("history", "the log is not looked at yet")  # noqa: EM101 — what is away

    def _look_up(self, request: Request) -> Response:
        wanted = request.query.get("correlationId", "")
        if not wanted or "\0" in wanted:
            raise Refused(422, "correlation_id_required", "the parameter correlationId is needed")
        found = self._store.events_of(wanted)
        self._events.audit(
            org_id=request.headers.get("x-org-id", _PLATFORM),
            actor_id=request.headers.get("x-actor-id", "anonymous"),
            action="audit.read",
            correlation_id=request.correlation_id,
            facts={"found": len(found)},
        )
        if found and self._switches.on("altered_hashes"):
            told = str(found[-1]["hash"])
            found[-1]["hash"] = f"{'1' if told.startswith('0') else '0'}{told[1:]}"
        return reply(200, {"events": found})
