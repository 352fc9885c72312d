"""What is left of the walk, and of those before it, once it has cleaned up."""

from http import HTTPStatus
from typing import TYPE_CHECKING

from apgms_ops.environment.model import Smoke
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.journey.answers import not_answered

if TYPE_CHECKING:
    from apgms_ops.probes.journey.facts import Journey


class Leftovers:
    """Judges the clean-up."""

    def __init__(self, journey: "Journey") -> None:
        """Take the walk."""
        self._journey = journey

    def residue(self, rules: Smoke) -> Findings:
        """Say what is left, unless the environment accepts it by the employer's number.

        Raises:
            Unobserved: The walk took no number to itself, and so had nothing to clean up.
        """
        accepted = {one.name for one in rules.accepted_residue if one.in_force(self._journey.at)}
        found = [
            f"{left.abn}: {left.what}; apgms-ops smoke clean removes it, accepted_residue accepts it"
            for left in self._journey.residue
            if left.abn not in accepted
        ]
        if found or self._journey.residue:
            return Findings(found)
        if self._journey.written is None:
            self._journey.made("employer")  # says how far the walk came
            msg = "the walk took no number to itself: there was nothing to clean up"
            raise Unobserved(msg)
        return Findings(not_answered(self._journey.made("clean-up"), HTTPStatus.NO_CONTENT))
