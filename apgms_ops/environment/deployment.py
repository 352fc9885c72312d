"""What a release is held to once it is deployed: how long it must hold still, and what it may not make worse."""

from datetime import timedelta
from decimal import Decimal

from apgms_ops.environment.types import Count, Duration, Limit, Model, OpenRatio, Ratio, Seq, Text


class Comparison(Model):
    """How the requests after a rollout are compared with those before it."""

    before: Limit[Duration] = Limit[Duration](
        value=timedelta(minutes=15), source="decision: enough requests by night as well"
    )
    """The time that is looked at before the rollout began."""
    after: Limit[Duration] = Limit[Duration](
        value=timedelta(minutes=15), source="decision: how long a release may wait for its verdict"
    )
    """The time that is looked at once the rollout was complete; until it is over, the comparison is UNKNOWN."""
    minimum_requests: Limit[Count] = Limit[Count](
        value=1000, source="decision: so that one failed request in a thousand shows"
    )
    """Requests that either time must hold: fewer say nothing."""
    confidence: Limit[OpenRatio] = Limit[OpenRatio](
        value=Decimal("0.99"), source="decision: one rollout in a hundred may be stopped for nothing"
    )
    """How sure it must be that a difference is no chance before it counts."""
    error_margin: Limit[Ratio] = Limit[Ratio](
        value=Decimal("0.001"), source="runbook: Service Overview, what 99.9 % leaves"
    )
    """The smallest growth of the share of failed requests that matters, however sure it is."""
    slow_margin: Limit[Ratio] = Limit[Ratio](value=Decimal("0.01"), source="decision: a fifth of what a p95 leaves")
    """The smallest growth of the share of requests above the latency limit that matters, however sure it is."""


class DeploymentRules(Model):
    """What a release is held to once it is deployed."""

    settling_time: Limit[Duration] = Limit[Duration](
        value=timedelta(minutes=10), source="Kubernetes: progressDeadlineSeconds"
    )
    """How long a rollout may be under way: until then what is not finished is UNKNOWN, and then it is a finding."""
    soak: Limit[Duration] = Limit[Duration](
        value=timedelta(minutes=10), source="decision: by then the back-off of a crash loop is at its 5 minutes"
    )
    """How long every pod must have run, ready, before a release counts as stable; until then it is UNKNOWN."""
    migrations: Seq[Text] = ()
    """Versions that must be in `schema_migrations`: those that the release needs."""
    comparison: Comparison = Comparison()
    """How the requests before and after a rollout are compared."""
