"""The verbs of Prometheus. Each makes sure first of which server it reads."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from apgms_ops.clients.http import HttpReader
from apgms_ops.clients.http.through import Through
from apgms_ops.clients.prometheus import parse, parse_status
from apgms_ops.clients.prometheus.envelope import data_of
from apgms_ops.clients.prometheus.facts import Alert, Build, Matrix, Result, Rule, Sample, ServerTime, Target, Vector
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret

SYSTEM: Final = "prometheus"
"""As the environment pins it."""
ABSENT: Final = ""
"""The identity of a server without the identity label: equal to no pin."""
_IDENTITY_AGE: Final = 10.0
"""Seconds for which a server is taken to be the one it said it was."""

Params = list[tuple[str, str]]


class PrometheusClient:
    """Reads one Prometheus. Safe to use from several threads."""

    def __init__(  # noqa: PLR0913 — the section of the environment, and what comes in from outside
        self,
        *,
        url: str,
        recorder: Recorder,
        token: Secret | None = None,
        ca_file: str | None = None,
        identity_label: str = "cluster",
        through: Through | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take an address; nothing is sent yet.

        Args:
            url: Where it is, without `/api/v1`.
            recorder: Keeps what was answered, and by whom.
            token: Sent as a bearer token.
            ca_file: Certificates (PEM) to verify the server by.
            identity_label: The external label whose value names the server.
            through: Asks in our place, where `url` is the name of an access path.
            clock: A monotonic clock, in seconds.
            now: Our own time, to compare the server's with.
        """
        self._http = HttpReader(
            system="Prometheus", url=url, recorder=recorder, token=token, ca_file=ca_file, through=through, now=now
        )
        self._recorder = recorder
        self._identity_label = identity_label
        self._clock = clock
        self._now = now
        self._identified: float | None = None

    @property
    def source(self) -> str:
        """Who is asked, for people."""
        return self._http.source

    def identity(self, deadline: Deadline) -> str | None:
        """Return the value of the identity label, or None where the server does not have it."""
        data = data_of(self._http.get("/api/v1/status/config", deadline=deadline, keep=False))
        # The configuration itself is not kept: it is long, and not ours to spread.
        labels = parse_status.external_labels(data)
        self._recorder.raw_json("external labels", labels)
        value = labels.get(self._identity_label)
        self._recorder.identify(SYSTEM, value or ABSENT)
        self._identified = self._clock()
        return value or None

    def query(self, expression: str, *, at: datetime, deadline: Deadline) -> Result:
        """Return what an expression evaluates to at a time."""
        return self._query(expression, at, deadline)

    def vector(self, expression: str, *, at: datetime, deadline: Deadline) -> Vector:
        """Return the vector of floats that an expression evaluates to.

        Raises:
            BadAnswer: It is of another type, or holds native histograms, which have no single value.
        """
        found = self._query(expression, at, deadline)
        if not isinstance(found, Vector) or found.histograms:
            kind = "native histograms" if isinstance(found, Vector) else type(found).__name__.lower()
            msg = f"{self.source}: a vector of numbers was asked for, and {kind} answered: {expression}"
            raise BadAnswer(msg)
        return found

    def matrix(self, expression: str, *, start: datetime, end: datetime, step: timedelta, deadline: Deadline) -> Matrix:
        """Return the series of floats that an expression evaluates to, at every step from start to end.

        Raises:
            ValueError: The step is not positive, or leads to more points than Prometheus answers (11,000).
            BadAnswer: The answer is of another type, or holds native histograms.
        """
        if step <= timedelta() or end < start or (end - start) / step + 1 > parse.MAX_POINTS:
            msg = (
                f"a range query needs a positive step and at most {parse.MAX_POINTS} points: {start} to {end} by {step}"
            )
            raise ValueError(msg)
        params = [
            ("query", expression),
            ("start", _unix(start)),
            ("end", _unix(end)),
            ("step", f"{step.total_seconds():g}"),
        ]
        found = parse.result(self._read("/api/v1/query_range", params, deadline, server_timeout=True))
        if not isinstance(found, Matrix) or any(series.histograms for series in found.series):
            msg = f"{self.source}: series of numbers were asked for, and others answered: {expression}"
            raise BadAnswer(msg)
        return found

    def server_time(self, deadline: Deadline) -> ServerTime:
        """Return the server's clock, beside ours.

        Raises:
            BadAnswer: It answers something else than a time.
        """
        found = self._query("time()", None, deadline)
        if not isinstance(found, Sample):
            msg = f"{self.source}: a scalar was asked for, and {type(found).__name__.lower()} answered: time()"
            raise BadAnswer(msg)
        return ServerTime(server=found.at, ours=self._now())

    def rules(self, deadline: Deadline) -> tuple[Rule, ...]:
        """Return all rules, with their health and state."""
        return parse_status.rules(self._read("/api/v1/rules", [], deadline))

    def alerts(self, deadline: Deadline) -> tuple[Alert, ...]:
        """Return the pending and firing alerts; none is no news where `rules` does not show the rules expected."""
        return parse_status.alerts(self._read("/api/v1/alerts", [], deadline))

    def targets(self, deadline: Deadline) -> tuple[Target, ...]:
        """Return the active targets; those that discovery has lost are not among them."""
        return parse_status.targets(self._read("/api/v1/targets", [("state", "active")], deadline))

    def build(self, deadline: Deadline) -> Build:
        """Return the server's version."""
        return parse_status.build(self._read("/api/v1/status/buildinfo", [], deadline))

    def _query(self, expression: str, at: datetime | None, deadline: Deadline) -> Result:
        params = [("query", expression)] + ([] if at is None else [("time", _unix(at))])
        return parse.result(self._read("/api/v1/query", params, deadline, server_timeout=True))

    def _read(self, path: str, params: Params, deadline: Deadline, *, server_timeout: bool = False) -> object:
        # Two threads may both ask; each answer is recorded, so that a change between them shows.
        if self._identified is None or self._clock() - self._identified > _IDENTITY_AGE:
            self.identity(deadline)
        if server_timeout:  # what we no longer wait for, the server need not compute
            params = [*params, ("timeout", f"{deadline.require(f'asking {self.source}'):.3f}")]
        return data_of(self._http.get(path, params, deadline=deadline))


def _unix(at: datetime) -> str:
    return f"{at.timestamp():.3f}"
