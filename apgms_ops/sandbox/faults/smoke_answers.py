"""A gateway that answers, and wrongly: calculations, refusals, times; and an audit log without what was done."""

from collections.abc import Mapping
from typing import ClassVar

from apgms_ops.sandbox.faults import smoke_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.services import ApiGateway, Audit
from apgms_ops.verdict import Verdict


class _Gateway(tools.Switched):
    component = ApiGateway.name
    places = tools.GATEWAYS


class PaygwCutOff(_Gateway):
    """Right for every second employee."""

    id = "smoke-paygw-cut-off"
    title = "What is withheld is cut off to the dollar, not rounded to the nearest one."
    switches: ClassVar = {"paygw_cut_off": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.PAYGW: Verdict.FAIL}


class PaygwExact(_Gateway):
    """More exact than is prescribed, and so wrong."""

    id = "smoke-paygw-exact"
    title = "What is withheld is rounded to the cent, not to the dollar."
    switches: ClassVar = {"paygw_exact": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.PAYGW: Verdict.FAIL}


class GstCutOff(_Gateway):
    """A cent, on every other invoice."""

    id = "smoke-gst-cut-off"
    title = "GST is cut off to the cent, not rounded to the nearest one."
    switches: ClassVar = {"gst_cut_off": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.GST: Verdict.FAIL}


class SilentRefusals(_Gateway):
    """Nobody who is refused can say which request it was."""

    id = "smoke-silent-refusals"
    title = "A refusal says neither why, nor under which correlation id."
    switches: ClassVar = {"silent_refusals": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.REFUSALS: Verdict.FAIL}


class SlowStep(_Gateway):
    """One step of thirty, which no percentile shows."""

    id = "smoke-slow-step"
    title = "Calculations take three seconds each."
    switches: ClassVar = {"calculation_ms": 3000.0}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.STEPS: Verdict.FAIL}
    may_notice: ClassVar[frozenset[str]] = frozenset({tools.WALK})


class SlowWalk(_Gateway):
    """No step takes too long, and all of them together do."""

    id = "smoke-slow-walk"
    title = "Every request of a journey takes most of a second."
    switches: ClassVar = {"journey_ms": 800.0}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.WALK: Verdict.FAIL}
    may_notice: ClassVar[frozenset[str]] = frozenset({tools.STEPS})


class Unaudited(tools.Switched):
    """Counted nowhere, so that every comparison of counts is right."""

    id = "smoke-step-not-audited"
    title = "Deposits leave nothing in the audit log."
    component = ApiGateway.name
    references = ("P5.6",)
    places = (*tools.GATEWAYS, *tools.PAYMENTS)
    switches: ClassVar = {"unaudited_deposits": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.AUDITED: Verdict.FAIL}
    may_notice: ClassVar[frozenset[str]] = frozenset({tools.HASHES})


class AlteredHashes(tools.Switched):
    """The log is whole, and what is told of it is not."""

    id = "smoke-audit-hash-altered"
    title = "The audit service tells an event with another hash than it has."
    component = Audit.name
    places = ("audit.1",)
    switches: ClassVar = {"altered_hashes": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.HASHES: Verdict.FAIL}


FAULTS: tuple[type[Fault], ...] = (
    PaygwCutOff,
    PaygwExact,
    GstCutOff,
    SilentRefusals,
    SlowStep,
    SlowWalk,
    Unaudited,
    AlteredHashes,
)
