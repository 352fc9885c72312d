"""The frame of a service process: what every service has, and what it adds to it."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry

from apgms_ops.sandbox.service_process.guard import guarded
from apgms_ops.sandbox.service_process.health import Dependency, look
from apgms_ops.sandbox.service_process.log import Log
from apgms_ops.sandbox.service_process.message import Handler, Request, Response, reply
from apgms_ops.sandbox.service_process.metrics import RequestMetrics
from apgms_ops.sandbox.service_process.peer import Peer
from apgms_ops.sandbox.service_process.router import Route, Router
from apgms_ops.sandbox.service_process.settings import Settings
from apgms_ops.sandbox.service_process.switches import Spec, Switches
from apgms_ops.sandbox.service_process.unavailable import Unavailable
from apgms_ops.sandbox.service_process.web import Application, Server

if TYPE_CHECKING:
    from apgms_ops.sandbox.service_process.consumer import Member, Work
    from apgms_ops.sandbox.service_process.database import Database
    from apgms_ops.sandbox.service_process.events import Emitter

_ALWAYS: Final = (500, 503)
_OK: Final = 200
_UNREADY: Final = 503


class Frame:
    """One process: a service adds its routes, groups and work to it, then it runs."""

    def __init__(self, settings: Settings, spec: Spec) -> None:
        """Make what every service has; nothing listens and nothing is connected yet."""
        self.settings = settings
        self.log = Log(settings.service, settings.instance)
        self.switches = Switches(spec)
        self.registry = CollectorRegistry()
        self._metrics = RequestMetrics(settings.service, self.registry, self.switches)
        self._router = Router()
        self._dependencies: list[Dependency] = []
        self._members: list[Member] = []
        self._workers: list[threading.Thread] = []
        self._endings: list[Callable[[], None]] = []
        self._stopping = threading.Event()
        self.route("GET", "/health/live", lambda _: reply(_OK, {"ok": True}), statuses=())
        self.route("GET", "/health/ready", self._ready, statuses=())
        self.route("GET", "/metrics", lambda _: self._metrics.scrape(), statuses=())
        self.route("GET", "/version", self._version, statuses=())

    # What a service uses; each is made when it is first asked for, so that nobody loads a driver it does not need

    @cached_property
    def database(self) -> "Database":
        """The database, as its owner; `/health/ready` asks it as `db` from now on."""
        from apgms_ops.sandbox.service_process.database import Database  # noqa: PLC0415 — the driver takes 0.1 s

        database = Database(self.settings.dsn(), self.settings.instance)
        self.depend("db", database.ping)
        self._endings.append(database.close)
        return database

    @cached_property
    def replica(self) -> "Database":
        """The database's streaming replica, which has what it has; nobody's readiness depends on it."""
        from apgms_ops.sandbox.service_process.database import Database  # noqa: PLC0415 — the driver takes 0.1 s

        dsn = Path(self.settings.files["replica_dsn"]).read_text(encoding="utf-8").strip()
        replica = Database(dsn, self.settings.instance)
        self._endings.append(replica.close)
        return replica

    @cached_property
    def events(self) -> "Emitter":
        """What emits events; `/health/ready` asks the broker as `kafka` from now on."""
        from apgms_ops.sandbox.service_process.events import Emitter  # noqa: PLC0415 — the driver

        settings = self.settings
        emitter = Emitter(settings.bootstrap, settings.service, settings.instance, self.registry, self.log)
        self.depend("kafka", emitter.ask)
        self._endings.append(emitter.stop)
        return emitter

    def peer(self, name: str, seconds: float = 5.0) -> Peer:
        """Return another service of the settings, whose answers may take so many seconds."""
        peer = Peer(name, *self.settings.address(name), seconds)
        self._endings.append(peer.close)
        return peer

    def clock(self) -> float:
        """Return the time by the clock of this process, in seconds since 1970."""
        return time.time() + self.switches.number("skew_seconds")

    # What a service adds

    def route(self, method: str, template: str, handler: Handler, statuses: Sequence[int] = ()) -> None:
        """Answer a route.

        Args:
            method: GET, POST, …
            template: `/registries/abn/{abn}`; also its name in the metrics.
            handler: Answers, or raises Refused or Unavailable.
            statuses: What it may answer beside 200, 500 and 503: each is exported from the start, at 0.
        """
        every = (_OK, *statuses, *_ALWAYS)
        self._router.add(Route(method, template, handler, every))
        for status in every:
            self._metrics.expect(method, template, status)

    def consume(self, group: str, topics: Sequence[str], work: "Work", *, hold: str | None = None) -> None:
        """Be the member of a group.

        Args:
            group: The group.
            topics: What it reads.
            work: What is done with events before they count as read.
            hold: The flag that lets the member stay and consume nothing.
        """
        from apgms_ops.sandbox.service_process.consumer import Member  # noqa: PLC0415 — the driver

        settings = self.settings
        member = Member(settings.bootstrap, group, topics, work, log=self.log, instance=settings.instance)
        if hold is not None:
            member.hold_while(lambda: self.switches.on(hold))
            self.switches.confirm(hold, member.in_force)
        self._members.append(member)

    def depend(self, name: str, ask: Callable[[], None]) -> None:
        """Let `/health/ready` ask something, which raises Unavailable where it is away."""
        self._dependencies.append(Dependency(name, ask))

    def serve_without(self, name: str) -> None:
        """Stay ready while something that was asked until now is away."""
        self._dependencies = [dependency for dependency in self._dependencies if dependency.name != name]

    def every(self, name: str, seconds: float, work: Callable[[], None]) -> None:
        """Do something at once and then every so many seconds; it is tried again where something was away."""

        def once() -> str:
            try:
                work()
            except Unavailable as error:
                return str(error)
            return ""

        def loop() -> None:
            while not self._stopping.is_set():
                why = guarded(once, lambda trace: trace)
                if why:
                    self.log.trouble("work failed, and is tried again", worker=name, why=why)
                self._stopping.wait(seconds)

        self._workers.append(threading.Thread(target=loop, name=name, daemon=True))

    def at_end(self, ending: Callable[[], None]) -> None:
        """Do something when the process ends."""
        self._endings.append(ending)

    # Running

    def run(self, until: threading.Event) -> None:
        """Serve until asked to end, then leave the groups and close everything."""
        settings = self.settings
        application = Application(self._router, self._metrics, self.log)
        servers = [
            Server(settings.control_port, Application(self._control(), None, self.log), "control"),
            Server(settings.port, application, "http", date=self.clock),
        ]
        if settings.pod_address:
            host, _, port = settings.pod_address.rpartition(":")
            servers.append(Server(int(port), application, "pod", host, date=self.clock))
        for server in servers:
            server.start()
        for worker in self._workers:
            worker.start()
        for member in self._members:
            member.start()
        self.log.note("started")
        until.wait()
        self._stopping.set()
        for member in self._members:
            member.stop()
        for server in servers:
            server.stop()
        for member in self._members:
            member.join()
        for ending in reversed(self._endings):
            ending()
        self.log.note("ended")

    def _control(self) -> Router:
        def switched(request: Request) -> Response:
            self.switches.set(request.json())
            self.log.note("switched", request.correlation_id, switches=str(request.json()))
            return reply(_OK, self.switches.values)

        def status(_request: Request) -> Response:
            members = {member.group: member.state for member in self._members}
            return reply(_OK, {"settled": all(member.settled for member in self._members), "groups": members})

        router = Router()
        router.add(Route("GET", "/switches", lambda _: reply(_OK, self.switches.values), ()))
        router.add(Route("POST", "/switches", switched, ()))
        router.add(Route("GET", "/status", status, ()))
        return router

    def _ready(self, _request: Request) -> Response:
        checks = look(self._dependencies)
        ok = all(checks.values())
        return reply(_OK if ok else _UNREADY, {"ok": ok, "checks": dict(checks)})

    def _version(self, _request: Request) -> Response:
        settings = self.settings
        old = self.switches.on("old_version")
        return reply(
            _OK,
            {
                "service": settings.service,
                "version": _OLD_VERSION if old else settings.version,
                "gitSha": _OLD_COMMIT if old else settings.git_sha,
                "builtAt": settings.built_at or _STARTED,
                "environment": settings.environment,
            },
        )


_OLD_VERSION: Final = "v0.0.1"
_OLD_COMMIT: Final = "d" * 40
_STARTED: Final = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
