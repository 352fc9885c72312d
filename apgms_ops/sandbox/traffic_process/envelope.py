"""The platform's event envelope, around payloads of a synthetic tenant."""

import json
import random
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

_ORG = "org-synthetic"
_ABNS = ("53004085616", "51824753556")
"""Two that pass the ABN's check."""
_KINDS = {
    "connectors.sync.request": ("ConnectorSyncRequested", "api-gateway"),
    "sbr.submit": ("SbrSubmissionRequested", "payments"),
}
"""Topic → event type and the service that emits it."""


class Events:
    """Makes the events that a topic carries."""

    def __init__(self, clock: Callable[[], datetime], choose: random.Random) -> None:
        """Take the time, in UTC, from `clock`, and ids and amounts from `choose`."""
        self._clock = clock
        self._choose = choose
        self._sequence = 0

    def next(self, topic: str) -> tuple[bytes, bytes]:
        """Return key and value of the next event on a topic."""
        self._sequence += 1
        event_type, source = _KINDS.get(topic, ("SyntheticEvent", "traffic"))
        abn = self._choose.choice(_ABNS)
        identity = str(UUID(int=self._choose.getrandbits(128), version=4))
        envelope = {
            "id": identity,
            "orgId": _ORG,
            "eventType": event_type,
            "key": abn,
            "ts": self._clock().isoformat(timespec="microseconds"),
            "schemaVersion": 1,
            "source": source,
            "dedupeId": identity,
            "traceId": f"{self._choose.getrandbits(128):032x}",
            "payload": {"abn": abn, "sequence": self._sequence, "amountCents": self._choose.randint(100, 500_000)},
        }
        return abn.encode(), json.dumps(envelope, separators=(",", ":")).encode()
