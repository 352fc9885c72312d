"""What the register says of numbers whose answers are known."""

from http import HTTPStatus
from typing import TYPE_CHECKING

from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.journey.answers import differs, each, not_answered

if TYPE_CHECKING:
    from apgms_ops.probes.journey.facts import Journey


class LookUps:
    """Judges the look-ups."""

    def __init__(self, journey: "Journey") -> None:
        """Take the walk."""
        self._journey = journey

    def active_wrong(self) -> Findings:
        """Say whether an active number was not answered as one.

        Raises:
            Unobserved: None is declared, or it was not looked up.
        """
        return self._found("active")

    def cancelled_wrong(self) -> Findings:
        """Say whether a cancelled number was not answered as one.

        Raises:
            Unobserved: None is declared, or it was not looked up.
        """
        return self._found("cancelled")

    def invalid_taken(self) -> Findings:
        """Say whether a number with wrong check digits was looked up, or an employer was registered under it.

        Raises:
            Unobserved: None is declared, or it was not asked for.
        """
        self._declared("invalid")
        names = ["abn-invalid"] if self._journey.read_only else ["abn-invalid", "employer-invalid"]
        return each(
            names,
            lambda name: not_answered(self._journey.made(name), HTTPStatus.UNPROCESSABLE_ENTITY, "abn_invalid"),
        )

    def _found(self, standing: str) -> Findings:
        abn = self._declared(standing)
        seen = self._journey.made(f"abn-{standing}")
        refused = tuple(not_answered(seen, HTTPStatus.OK))
        return Findings(
            refused or (*differs(seen, "abn", abn), *differs(seen, "status", standing), *differs(seen, "source", "abr"))
        )

    def _declared(self, standing: str) -> str:
        if standing not in self._journey.known:
            msg = (
                f"no number is declared of which the register must say {standing!r}: "
                f'add {{ abn = "…", answer = "{standing}" }} to known_abns of the registries'
            )
            raise Unobserved(msg)
        return self._journey.known[standing]
