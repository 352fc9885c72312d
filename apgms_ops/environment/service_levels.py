"""A service of the platform, and the levels that it has promised."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Discriminator, Field

from apgms_ops.environment.types import (
    Count,
    Duration,
    Expected,
    HttpUrl,
    Model,
    OpenRatio,
    Ratio,
    Seq,
    Text,
    TopicName,
    Zoned,
)


class Latency(Model):
    """At least `quantile` of the requests within `window` take less than `limit`, a bucket edge of the histogram."""

    kind: Literal["latency"]
    """Always "latency"."""
    quantile: OpenRatio
    """Share of the requests that must be faster."""
    limit: Duration
    """How long a request may take; an edge of the histogram's buckets, because nothing is interpolated."""
    window: Duration
    """The time that is looked back over."""
    source: Text
    """Where the objective comes from."""


class LookupLatency(Model):
    """At least `quantile` of the register look-ups from `sources` within `window` take less than `limit`.

    Kept apart from `latency`: a warm cache answers at once and hides a dead register, so look-ups are judged by where
    they were answered.
    """

    kind: Literal["lookup-latency"]
    """Always "lookup-latency"."""
    quantile: OpenRatio
    """Share of the look-ups that must be faster."""
    limit: Duration
    """How long a look-up may take; an edge of the histogram's buckets."""
    window: Duration
    """The time that is looked back over."""
    sources: Annotated[Seq[Text], Field(min_length=1)] = ("abr",)
    """Values of the label `source` that count: uncached look-ups, unless the environment says otherwise."""
    source: Text
    """Where the objective comes from."""


class Availability(Model):
    """At least `target` of the requests within `window` are not answered with 5xx."""

    kind: Literal["availability"]
    """Always "availability"."""
    target: OpenRatio
    """Share of the requests that must not be answered with 5xx; what it leaves is the error budget."""
    window: Duration
    """The time over which the budget is counted."""
    source: Text
    """Where the objective comes from."""


class Anchor(Model):
    """A row of the audit log that was verified, and must be there unchanged for ever."""

    seq: Count
    """Its sequence number."""
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$"), Expected("64 lower-case hexadecimal digits")]
    """Its hash."""


class Persistence(Model):
    """`target` of the events that were emitted are persisted; 100 % is a comparison of integers."""

    kind: Literal["persistence"]
    """Always "persistence"."""
    target: Ratio
    """Share of the emitted events that must be found again."""
    topic: TopicName = "audit.log"
    """Where the events are emitted to."""
    window: Duration = timedelta(hours=1)
    """The time over which emitted and persisted events are compared, one by one."""
    settling_time: Duration = timedelta(seconds=60)
    """How long an event may take to be persisted; until then a missing one is UNKNOWN, and then it is lost."""
    since: Zoned | None = None
    """When logging began, where that is less than the retention ago."""
    anchor: Anchor | None = None
    """A verified row to hold the log to where no earlier run of this environment is kept beside the checks."""
    source: Text
    """Where the objective comes from."""


class ReconciliationDelay(Model):
    """The oldest item that is not reconciled is younger than `limit`."""

    kind: Literal["reconciliation-delay"]
    """Always "reconciliation-delay"."""
    limit: Duration
    """Age that no item may reach."""
    window: Duration = timedelta(hours=24)
    """The time over which the age is drawn, and a gauge that does not move is noticed."""
    expects_rows: bool = True
    """Whether there must be payments at all: an empty table is then a finding, not a quiet night."""
    source: Text
    """Where the objective comes from."""


Objective = Annotated[Latency | LookupLatency | Availability | Persistence | ReconciliationDelay, Discriminator("kind")]


class Outside(Model):
    """How a service is seen from outside: by a prober, such as the blackbox exporter, that Prometheus scrapes."""

    job: Text
    """The job of the prober in Prometheus."""
    target: HttpUrl
    """What it probes: the label `instance` of its series."""


class KnownAbn(Model):
    """A business number whose answer is known, to tell a register from something that merely answers."""

    abn: Annotated[str, Field(pattern=r"^[0-9]{11}$"), Expected("11 digits")]
    """The number."""
    answer: Literal["active", "cancelled", "invalid"]
    """What the register must say; "invalid" is a number with a wrong check digit."""


class Service(Model):
    """A service of the platform: where it runs, and its service levels."""

    deployment: Text
    """Name of its Deployment."""
    replicas: Annotated[int, Field(ge=1, le=10_000)]
    """Replicas that must run, and that Prometheus must scrape."""
    sidecars: Seq[Text] = ()
    """Containers of its pods that no release holds, such as a mesh's proxy; every other one must be its image."""
    objectives: Annotated[Seq[Objective], Field(min_length=1)]
    """Its service levels."""
    urls: Seq[HttpUrl] = ()
    """The address of each replica, where the replicas can be reached one by one."""
    outside: Outside | None = None
    """How it is seen from outside."""
    known_abns: Seq[KnownAbn] = ()
    """Numbers whose answers are known, for a service that looks them up."""

    @property
    def availability(self) -> Availability | None:
        """The availability objective, where the service has one."""
        return next((o for o in self.objectives if isinstance(o, Availability)), None)

    @property
    def latency(self) -> Latency | None:
        """The latency objective, where the service has one."""
        return next((o for o in self.objectives if isinstance(o, Latency)), None)

    @property
    def lookups(self) -> LookupLatency | None:
        """The objective of register look-ups, where the service has one."""
        return next((o for o in self.objectives if isinstance(o, LookupLatency)), None)

    @property
    def persistence(self) -> Persistence | None:
        """The persistence objective, where the service has one."""
        return next((o for o in self.objectives if isinstance(o, Persistence)), None)

    @property
    def reconciliation(self) -> ReconciliationDelay | None:
        """The reconciliation objective, where the service has one."""
        return next((o for o in self.objectives if isinstance(o, ReconciliationDelay)), None)
