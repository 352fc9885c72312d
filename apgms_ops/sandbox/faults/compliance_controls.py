"""Controls that nothing evidences any more."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import compliance_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.state import write_atomically
from apgms_ops.sandbox.timestamps import NAME, SINCE
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_DAY: Final = timedelta(days=1)
_LONG_AGO: Final = "2001-01-01T00:00:00+00:00"
_DOCUMENT: Final = "screening-policy.txt"
_REGISTERED: Final = "Everybody who can read tax file numbers is screened before they can.\n"


class NoEvidence(Fault):
    """The time that a new site is given is over; its policies were never written, and no check stands in for them."""

    id = "controls-without-evidence"
    title = "Evidence of every control has been asked for since long ago, and of some there is none."
    component = NAME
    expected: ClassVar[Mapping[str, Verdict]] = {tools.CONTROLS_EVIDENCED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:  # noqa: ARG002 — the next run is told of it
        """Publish a moment long past as that from which on evidence is asked for."""
        before = world.get(SINCE)
        world.set(SINCE, _LONG_AGO)
        return {"since": before}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — as above
        """Publish the one that was."""
        world.set(SINCE, memo["since"])


class _Document(Fault):
    """A policy in the sandbox's own folder, and registered there."""

    component = NAME
    expected: ClassVar[Mapping[str, Verdict]] = {tools.DOCUMENTS_HOLD: Verdict.FAIL}
    text: ClassVar[str] = _REGISTERED
    """What it says by now."""
    ends: ClassVar[timedelta] = 300 * _DAY
    """From now; one that is over has a negative one."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:  # noqa: ARG002 — files are written at once
        """Write both."""
        now = datetime.now(UTC).replace(microsecond=0)
        write_atomically(world.folder(NAME) / _DOCUMENT, self.text)
        values = {
            "control": "personnel-security",
            "title": "Screening policy 3.1",
            "owner": "people team",
            "file": f"{NAME}/{_DOCUMENT}",
            "sha256": hashlib.sha256(_REGISTERED.encode()).hexdigest(),
        }
        times = {"issued": (now - 30 * _DAY).isoformat(), "expires": (now + self.ends).isoformat()}
        return tools.put(world, tools.CONTROLS, "supplied", values, times)

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — as above
        """Remove both."""
        tools.take_back(world, tools.CONTROLS, memo)
        (world.folder(NAME) / _DOCUMENT).unlink(missing_ok=True)


class DocumentExpired(_Document):
    """It was to be reviewed once a year, and was not."""

    id = "controls-document-expired"
    title = "A policy that evidences a control expired yesterday."
    ends = -_DAY


class DocumentAltered(_Document):
    """What was approved is not what lies there."""

    id = "controls-document-altered"
    title = "A policy that evidences a control was changed after it had been registered."
    text = _REGISTERED.replace("before", "after")


FAULTS: tuple[type[Fault], ...] = (NoEvidence, DocumentExpired, DocumentAltered)
