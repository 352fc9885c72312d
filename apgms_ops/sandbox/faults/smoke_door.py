"""A front door that is another environment's, speaks what is not spoken any more, or opens on two releases at once."""

from collections.abc import Mapping
from typing import ClassVar

from apgms_ops.sandbox.edge import Edge
from apgms_ops.sandbox.faults import deployment_tools as deployment
from apgms_ops.sandbox.faults import smoke_tools as tools
from apgms_ops.sandbox.faults.fault import DEPLOYMENT, Fault
from apgms_ops.sandbox.services import ApiGateway
from apgms_ops.verdict import Verdict


class Staging(tools.Switched):
    """Every answer is right, and of the wrong place: nothing may be written there."""

    id = "smoke-door-is-staging"
    title = "The front door leads to staging: `/version` names it, and another release."
    component = Edge.name
    references = ("P5.2",)
    places = ("edge",)
    switches: ClassVar = {"staging": True}
    expected: ClassVar[Mapping[str, Verdict]] = {
        tools.ENVIRONMENT: Verdict.FAIL,
        tools.PODS: Verdict.FAIL,
        **dict.fromkeys(tools.JOURNEY, Verdict.UNKNOWN),
    }
    may_notice: ClassVar[frozenset[str]] = frozenset({tools.CLOCKS})


class OldTls(tools.Switched):
    """Nobody noticed, for every client of ours still speaks it."""

    id = "smoke-door-tls-1-2"
    title = "The front door speaks TLS 1.2, and nothing newer."
    component = Edge.name
    places = ("edge",)
    switches: ClassVar = {"tls_1_2": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.TLS: Verdict.FAIL}
    # A client that speaks nothing older than is declared gets no further.
    may_notice: ClassVar[frozenset[str]] = frozenset({tools.ENVIRONMENT, tools.PODS, tools.CLOCKS}) | tools.JOURNEY


class OldPod(tools.Switched):
    """The load balancer picked the other one whenever somebody looked."""

    id = "smoke-pod-of-old-release"
    title = "One of the two pods of the gateway says that it is an old release."
    component = ApiGateway.name
    told = True
    reach = f"{DEPLOYMENT} {tools.FOLDER}"
    places = (tools.GATEWAYS[1],)
    switches: ClassVar = {"old_version": True}
    expected: ClassVar[Mapping[str, Verdict]] = {
        tools.PODS + f"[{ApiGateway.name}]": Verdict.FAIL,
        deployment.of(deployment.VERSIONS, ApiGateway.name): Verdict.FAIL,
        deployment.ONE: Verdict.FAIL,
    }
    # What the door itself says depends on who opens.
    may_notice: ClassVar[frozenset[str]] = frozenset({tools.ENVIRONMENT, tools.PODS, tools.CLOCKS}) | tools.JOURNEY


class ClockSkew(tools.Switched):
    """Each pod agrees with the other, and with nobody else."""

    id = "smoke-clock-skew"
    title = "The gateway's clock is five minutes ahead: its answers and its tokens are of the future."
    component = ApiGateway.name
    places = tools.GATEWAYS
    switches: ClassVar = {"skew_seconds": 300}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.CLOCKS: Verdict.FAIL}
    may_notice: ClassVar[frozenset[str]] = frozenset({tools.TOKEN})


FAULTS: tuple[type[Fault], ...] = (Staging, OldTls, OldPod, ClockSkew)
