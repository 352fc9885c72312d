"""What another tenant sees of the walk, and can do to it: nothing."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.journey.answers import each, not_answered, shown

if TYPE_CHECKING:
    from apgms_ops.probes.journey.facts import Journey

HIDDEN: Final = (
    "other-ledger",
    "other-payment",
    "other-deposit",
    "other-close",
    "other-pay",
    "other-register",
    "other-remove",
)
"""Requests of the other tenant, each about something of ours."""
EVENTS: Final = "other-events"


class Isolation:
    """Judges what another tenant was answered."""

    def __init__(self, journey: "Journey") -> None:
        """Take the walk."""
        self._journey = journey

    def seen_by_others(self) -> Findings:
        """Say what another tenant could see or do: its requests must be answered as if there were nothing.

        Raises:
            Unobserved: It was not tried, or the other tenant could not log in.
        """
        log_in = self._journey.made("other-log-in")
        if log_in.status != HTTPStatus.OK:
            msg = f"the other tenant could not log in ({shown(log_in)}): what it would see is not known"
            raise Unobserved(msg)
        return each((*HIDDEN, EVENTS), self._leaked)

    def _leaked(self, name: str) -> Iterator[str]:
        seen = self._journey.made(name)
        if name != EVENTS:
            yield from not_answered(seen, HTTPStatus.NOT_FOUND)
        elif seen.status == HTTPStatus.OK:
            told = self._journey.others_events
            if told is None:
                msg = f"{seen.what} ({name}): the answer is none"
                raise Unobserved(msg)
            if told:
                yield f"{seen.what} ({name}) tells another tenant {len(told)} events of ours: {told[0].event_id}, …"
        elif seen.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}:
            yield f"{seen.what} ({name}) was answered with {shown(seen)}, neither empty nor refused"
