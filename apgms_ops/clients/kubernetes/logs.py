"""Logs of all pods of a workload: of each container its end, however much it wrote."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from apgms_ops.clients.kubernetes.action import Action
from apgms_ops.clients.kubernetes.api import Api
from apgms_ops.clients.kubernetes.errors import NotFound
from apgms_ops.clients.kubernetes.exchange import Sink
from apgms_ops.clients.kubernetes.facts import Container, ContainerState, Log, Pod
from apgms_ops.deadline import Deadline
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Recorder

LIMIT: Final = 1024 * 1024
"""Bytes of one container's log that are kept, unless somebody asks for more or less."""


class Tail:
    """Keeps the end of what it is given, and counts what it lets go."""

    def __init__(self, limit: int) -> None:
        """Keep at most `limit` bytes."""
        self._limit = limit
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self.cut = 0
        """Bytes that were let go."""

    def take(self, piece: bytes) -> None:
        """Take the next piece; whole pieces are let go for as long as what remains is enough."""
        self._pieces.append(piece)
        self._size += len(piece)
        while self._size - len(self._pieces[0]) >= self._limit:
            gone = len(self._pieces.popleft())
            self._size -= gone
            self.cut += gone

    def text(self) -> str:
        """Return what is kept, from the beginning of a line on where something was let go."""
        whole = b"".join(self._pieces)
        surplus = max(0, len(whole) - self._limit)
        if surplus or self.cut:
            line = whole.find(b"\n", max(0, surplus - 1)) + 1
            surplus = line or surplus
        self.cut += surplus
        self._pieces = deque([whole[surplus:]])
        self._size = len(self._pieces[0])
        return self._pieces[0].decode(errors="replace")


class Logs:
    """Reads logs through the API server."""

    def __init__(self, api: Api, recorder: Recorder) -> None:
        """Take what speaks to the server, and where to keep what was read."""
        self._api = api
        self._recorder = recorder

    def read(
        self, pods: Iterable[Pod], deadline: Deadline, *, since: timedelta | None, previous: bool, limit: int
    ) -> Iterator[Log]:
        """Yield the log of each container of each pod.

        Args:
            pods: As they were listed.
            deadline: For all of them.
            since: How far back; None for as far as there is.
            previous: Of the run before the present one; containers that never were restarted have none.
            limit: Bytes of each that are kept.

        Raises:
            Unobserved: One cannot be read, or its pod is gone.
        """
        for pod in pods:
            for container in (*pod.init_containers, *pod.containers):
                if previous and not container.restarts:
                    continue
                log = Log(pod.name, container.name, "", 0) if silent(container) else None
                log = log or self._one(pod, container.name, deadline, since, limit, previous=previous)
                kind = "previous log" if previous else "log"
                self._recorder.raw(f"{kind} of {pod.name}, {container.name} ({log.cut} bytes before it cut)", log.text)
                yield log

    def follow(  # noqa: PLR0913 — what a log is asked for by
        self,
        pod: Pod,
        container: str,
        deadline: Deadline,
        sink: Callable[[], Sink],
        *,
        since: datetime | None,
        previous: bool,
    ) -> None:
        """Let a sink take the log of a container, each line with its time.

        Args:
            pod: As it was listed.
            container: Which of its containers.
            deadline: For all of it.
            sink: Makes what takes it, anew where the answer broke off and it is asked for again.
            since: From when on; None for as far as there is.
            previous: Of the run before the present one.

        Raises:
            Unobserved: It cannot be read, or its pod is gone.
        """
        params = [("container", container), ("timestamps", "true")]
        if since is not None:
            params.append(("sinceTime", since.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")))
        if previous:
            params.append(("previous", "true"))
        try:
            self._api.ask(Action.on("get", "pods/log", pod.namespace, pod.name), deadline, params=params, sink=sink)
        except NotFound as error:
            msg = f"pod {pod.name} is gone since the pods were listed: its log was not read ({error})"
            raise Unobserved(msg) from error

    def _one(  # noqa: PLR0913 — what a log is asked for by
        self, pod: Pod, container: str, deadline: Deadline, since: timedelta | None, limit: int, *, previous: bool
    ) -> Log:
        params = [("container", container)]
        if since is not None:
            params.append(("sinceSeconds", str(max(1, round(since.total_seconds())))))
        if previous:
            params.append(("previous", "true"))
        tails: list[Tail] = []

        def sink() -> Tail:
            tails.append(Tail(limit))
            return tails[-1]

        action = Action.on("get", "pods/log", pod.namespace, pod.name)
        try:
            self._api.ask(action, deadline, params=params, sink=sink)
        except NotFound as error:
            msg = f"pod {pod.name} is gone since the pods were listed: its log was not read ({error})"
            raise Unobserved(msg) from error
        text = tails[-1].text()
        return Log(pod.name, container, text, tails[-1].cut)


def silent(container: Container) -> bool:
    """Whether a container has never run, so that it has written nothing, and the server would refuse its log."""
    return container.state is ContainerState.WAITING and not container.restarts and container.last_exit_code is None
