"""The audit log's past: what a synthetic tenant did before the sandbox was born, about two entries a day."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from apgms_ops.sandbox.service_process import chain
from apgms_ops.sandbox.service_process.audit_entry import Entry

DAYS: Final = 400
"""Longer than the year that the DSP OSF asks for."""
_A_DAY: Final = 2
_ORG: Final = "org-synthetic"
_ACTORS: Final = ("user-bookkeeper", "user-owner")
_ACTIONS: Final = (
    ("auth.login", "api-gateway"),
    ("registries.abn.lookup", "registries"),
    ("deposit.create", "payments"),
    ("period.close", "payments"),
    ("payment.create", "payments"),
)
_ABNS: Final = ("53004085616", "51824753556")
_SEED: Final = 400


def entries(now: datetime, days: int = DAYS) -> Iterator[Entry]:
    """Return the entries of the days before `now`, oldest first; the first is just over `days` old.

    Args:
        now: The present, with a zone.
        days: How far back it goes.
    """
    choose = random.Random(_SEED)  # noqa: S311 — ids and times of a synthetic tenant, not secrets
    step = timedelta(days=1) / _A_DAY
    first = now.astimezone(UTC) - timedelta(days=days, hours=1)
    for number in range(days * _A_DAY):
        action, source = choose.choice(_ACTIONS)
        actor = choose.choice(_ACTORS)
        late = timedelta(microseconds=choose.randrange(int(step / timedelta(microseconds=1)) - 1) if number else 0)
        payload = {
            "action": action,
            "actorId": actor,
            "correlationId": f"{choose.getrandbits(128):032x}",
            "abn": choose.choice(_ABNS),
            "outcome": "ok",
        }
        yield Entry(
            event_id=str(UUID(int=choose.getrandbits(128), version=4)),
            org_id=_ORG,
            actor_id=actor,
            action=action,
            at=first + number * step + late,
            payload=chain.canonical(payload),
            source=source,
        )
