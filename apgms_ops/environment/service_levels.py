"""A service of the platform, and the levels that it has promised."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from apgms_ops.environment.types import Duration, Model, OpenRatio, Ratio, Seq, Text


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


class Persistence(Model):
    """`target` of the events that were emitted are persisted; 100 % is a comparison of integers."""

    kind: Literal["persistence"]
    """Always "persistence"."""
    target: Ratio
    """Share of the emitted events that must be found again."""
    source: Text
    """Where the objective comes from."""


class ReconciliationDelay(Model):
    """The oldest item that is not reconciled is younger than `limit`."""

    kind: Literal["reconciliation-delay"]
    """Always "reconciliation-delay"."""
    limit: Duration
    """Age that no item may reach."""
    source: Text
    """Where the objective comes from."""


Objective = Annotated[Latency | LookupLatency | Availability | Persistence | ReconciliationDelay, Discriminator("kind")]


class Service(Model):
    """A service of the platform: where it runs, and its service levels."""

    deployment: Text
    """Name of its Deployment."""
    replicas: Annotated[int, Field(ge=1, le=10_000)]
    """Replicas that must run, and that Prometheus must scrape."""
    objectives: Annotated[Seq[Objective], Field(min_length=1)]
    """Its service levels."""

    @property
    def availability(self) -> Availability | None:
        """The availability objective, where the service has one."""
        return next((o for o in self.objectives if isinstance(o, Availability)), None)

    @property
    def latency(self) -> Latency | None:
        """The latency objective, where the service has one."""
        return next((o for o in self.objectives if isinstance(o, Latency)), None)
