"""An API server that is away, hangs or refuses, and a node that is gone."""

import signal
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import workloads
from apgms_ops.sandbox.cluster.api import ApiError
from apgms_ops.sandbox.faults import backups_tools as backups
from apgms_ops.sandbox.faults import deployment_tools as tools
from apgms_ops.sandbox.faults.fault import DEPLOYMENT, Fault
from apgms_ops.sandbox.faults.kafka_snapshots_tools import GOES_ON as SNAPSHOTS_GO_ON
from apgms_ops.sandbox.faults.kafka_tools import wait
from apgms_ops.sandbox.faults.services_tools import SERVICES
from apgms_ops.sandbox.kubernetes.component import CONTROL, Kubernetes
from apgms_ops.sandbox.kubernetes.credentials import READER
from apgms_ops.sandbox.node import Node
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

# What is run beside the database is run through it as well.
_SILENT: Final[Mapping[str, Verdict]] = dict.fromkeys(
    (*tools.CLUSTER, *backups.DATABASE, SNAPSHOTS_GO_ON), Verdict.UNKNOWN
)
_REACH: Final = f"{DEPLOYMENT} {backups.FOLDER}"
_NAME: Final = Kubernetes.name
_POLL: Final = 0.02


class Killed(Fault):
    """Nobody listens; everything goes on running."""

    id = "kubernetes-killed"
    title = "The API server was killed."
    component = _NAME
    reach = _REACH
    expected: ClassVar[Mapping[str, Verdict]] = _SILENT

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Kill it.

        Raises:
            SandboxError: It is a real one, whose parts would have to be started again together.
        """
        _require_stand_in(world, self.id)
        world.signal(_NAME, signal.SIGKILL)
        while world.alive(_NAME):
            deadline.pause(_POLL, "the API server to die")
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Start it again, with all that it knew."""
        if not world.alive(_NAME):
            world.stop(_NAME, deadline)
            Kubernetes().start(world, deadline)
        Kubernetes().ready(world, deadline)
        _await_all(world, deadline)


class Hung(Fault):
    """The kernel accepts connections for a process that does nothing."""

    id = "kubernetes-hung"
    title = "The API server hangs: it accepts connections and never answers."
    component = _NAME
    reach = _REACH
    expected: ClassVar[Mapping[str, Verdict]] = _SILENT

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Stop it in its tracks."""
        _require_stand_in(world, self.id)
        deadline.require("stopping the API server in its tracks")
        world.signal(_NAME, signal.SIGSTOP)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Let it go on."""
        world.signal(_NAME, signal.SIGCONT)
        Kubernetes().ready(world, deadline)
        _await_all(world, deadline)


class _Troubled(Fault):
    """The API answers the checks in another way; the node and the controllers as before."""

    component = _NAME
    reach = _REACH
    expected: ClassVar[Mapping[str, Verdict]] = _SILENT
    trouble: ClassVar[Mapping[str, Any]]

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Order it."""
        tools.order(world, "/troubles", {"kind": "answer", "user": READER, **self.trouble}, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Call it off."""
        tools.call_off(world, deadline)


class TokenRefused(_Troubled):
    """The token has expired."""

    id = "kubernetes-unauthorized"
    title = "The API server refuses the token."
    trouble: ClassVar[Mapping[str, Any]] = {"status": 401}


class Forbidden(_Troubled):
    """Somebody took the role away: nothing may be listed any more."""

    id = "kubernetes-forbidden"
    title = "The API server does not let us list anything in the platform's namespace."
    trouble: ClassVar[Mapping[str, Any]] = {"status": 403, "contains": "/namespaces/platform/"}


class ProxyForbidden(_Troubled):
    """A role without one of its permissions."""

    id = "kubernetes-proxy-forbidden"
    title = "The API server does not let us ask a pod for its version."
    trouble: ClassVar[Mapping[str, Any]] = {"status": 403, "contains": "/proxy/"}
    expected: ClassVar[Mapping[str, Verdict]] = dict.fromkeys((tools.VERSIONS, tools.ONE), Verdict.UNKNOWN)


class RateLimited(_Troubled):
    """It asks us to come back later than anybody waits."""

    id = "kubernetes-rate-limited"
    title = "The API server is overloaded: it answers 429, and asks for ten minutes."
    trouble: ClassVar[Mapping[str, Any]] = {"status": 429, "retry_after": 600}


class Broken(_Troubled):
    """Its storage is away."""

    id = "kubernetes-internal-error"
    title = "The API server answers 500: its storage does not answer it."
    trouble: ClassVar[Mapping[str, Any]] = {"status": 500}


class LoginPage(_Troubled):
    """What a proxy or a wrong address answers: success, and nothing that was asked for."""

    id = "kubernetes-login-page"
    title = "A login page answers in the place of the API server, with status 200."
    trouble: ClassVar[Mapping[str, Any]] = {
        "status": 200,
        "body": "<!doctype html><title>Log in</title>",
        "content_type": "text/html",
    }


class NodeGone(Fault):
    """Its processes go on, and nobody hears of them: every pod counts as not ready."""

    id = "kubernetes-node-gone"
    title = "The cluster's only node gives no sign of life: none of its pods is ready."
    component = _NAME
    told = True
    expected: ClassVar[Mapping[str, Verdict]] = {
        tools.ROLLED_OUT: Verdict.FAIL,
        tools.VERSIONS: Verdict.UNKNOWN,
        tools.ONE: Verdict.UNKNOWN,
        tools.RESTARTS: Verdict.UNKNOWN,
        tools.BACKS_OFF: Verdict.UNKNOWN,
        **dict.fromkeys(backups.DATABASE, Verdict.UNKNOWN),
    }

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Kill what plays the kubelet, and wait until the controllers have missed it."""
        world.signal(Node.name, signal.SIGKILL)
        wait(
            lambda: not any(pod.ready for service in SERVICES for pod in workloads.pods(world, service)),
            deadline,
            "no pod being ready",
        )
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Start it again; it finds what it had started."""
        if not world.alive(Node.name):
            world.stop(Node.name, deadline)
            Node().start(world, deadline)
        Node().ready(world, deadline)
        _await_all(world, deadline)


def _await_all(world: World, deadline: Deadline) -> None:
    """Return once every service is rolled out, as far as the API knows."""

    def answered() -> bool:
        try:
            workloads.deployment(world, next(iter(SERVICES)))
        except ApiError:
            return False
        return True

    wait(answered, deadline, "the API answering")
    for service in SERVICES:
        workloads.await_rolled_out(world, service, deadline)


def _require_stand_in(world: World, fault: str) -> None:
    if not world.get(CONTROL, ""):
        msg = f"{fault} is a fault of the Kubernetes stand-in: bring the sandbox up without --real-kubernetes"
        raise SandboxError(msg)


FAULTS: tuple[type[Fault], ...] = (
    Killed,
    Hung,
    TokenRefused,
    Forbidden,
    ProxyForbidden,
    RateLimited,
    Broken,
    LoginPage,
    NodeGone,
)
