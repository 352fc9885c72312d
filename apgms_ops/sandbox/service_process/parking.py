"""Parking: an event that cannot be worked on goes to the dead letters of its topic, whole and with the reason."""

from apgms_ops.sandbox.service_process.consumer import Received
from apgms_ops.sandbox.service_process.events import Emitter, Event

_PLATFORM = "org-platform"
_LONGEST = 10_000


class Parking:
    """Parks events."""

    def __init__(self, events: Emitter) -> None:
        """Hand them to a broker."""
        self._events = events

    def park(self, event: Received, why: str) -> None:
        """Park one event.

        Raises:
            Unavailable: The broker did not take it.
        """
        place = f"{event.topic}/{event.partition}/{event.offset}"
        payload = {"reason": why, "place": place, "value": event.value[:_LONGEST].decode(errors="replace")}
        self._events.emit(Event(f"{event.topic}.dlq", "EventParked", _PLATFORM, _PLATFORM, payload, place))
