"""What Prometheus says, as frozen data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from apgms_ops.errors import Unobserved


class NotFinite(StrEnum):
    """A value that is legal in Prometheus and is no number to compare with: every comparison with NaN is false."""

    NAN = "NaN"
    INFINITE = "+Inf"
    MINUS_INFINITE = "-Inf"


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one series. Either `number` or `not_finite` is set."""

    labels: dict[str, str]
    at: datetime
    """The time of evaluation; the sample behind it may be older by the look-back (5 minutes by default)."""
    number: float | None
    not_finite: NotFinite | None = None

    @property
    def value(self) -> float:
        """The value as a finite number.

        Raises:
            Unobserved: It is NaN or infinite.
        """
        if self.number is None:
            msg = f"Prometheus answers {self.not_finite} for {described(self.labels)}, which is no number"
            raise Unobserved(msg)
        return self.number


@dataclass(frozen=True, slots=True)
class HistogramSample:
    """A native histogram of one series: its count and sum; it has no single value."""

    labels: dict[str, str]
    at: datetime
    count: float
    sum: float | None
    """None where it is NaN or infinite."""


@dataclass(frozen=True, slots=True)
class Vector:
    """The answer to an instant query. Empty is not zero: no series matched, or a comparison left none."""

    samples: tuple[Sample, ...]
    histograms: tuple[HistogramSample, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """One series over a range."""

    labels: dict[str, str]
    samples: tuple[Sample, ...]
    histograms: tuple[HistogramSample, ...] = ()


@dataclass(frozen=True, slots=True)
class Matrix:
    """The answer to a range query: series with the steps at which they had a value."""

    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """The answer to a query that is a string literal."""

    at: datetime
    text: str


Result = Vector | Matrix | Sample | Text
"""What a query can answer; a scalar is a sample without labels."""


class RuleHealth(StrEnum):
    """What became of a rule's last evaluation."""

    OK = "ok"
    FAILED = "err"
    UNKNOWN = "unknown"
    """Not evaluated yet, or a word that we do not know."""


class AlertState(StrEnum):
    """Where an alert stands."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    UNKNOWN = "unknown"
    """Not evaluated yet, or a word that we do not know."""


class RuleKind(StrEnum):
    """What a rule makes."""

    ALERTING = "alerting"
    RECORDING = "recording"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. It is quiet only if it is inactive, in good health, and was evaluated."""

    group: str
    file: str
    name: str
    kind: RuleKind
    query: str
    health: RuleHealth
    state: AlertState | None
    """None of a recording rule."""
    last_error: str
    last_evaluation: datetime | None
    """None where it was never evaluated."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert that is pending or firing."""

    labels: dict[str, str]
    annotations: dict[str, str]
    state: AlertState
    active_at: datetime | None


class TargetHealth(StrEnum):
    """What became of the last scrape."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"
    """Not scraped yet, or a word that we do not know."""


@dataclass(frozen=True, slots=True)
class Target:
    """One target that discovery yields. One that has vanished from discovery is absent, not down."""

    pool: str
    labels: dict[str, str]
    health: TargetHealth
    last_error: str
    last_scrape: datetime | None
    """None where it was never scraped."""


@dataclass(frozen=True, slots=True)
class Build:
    """The version of the server."""

    version: str
    revision: str


@dataclass(frozen=True, slots=True)
class ServerTime:
    """The server's clock, and ours when it answered."""

    server: datetime
    ours: datetime


def described(labels: dict[str, str]) -> str:
    """Return a series in Prometheus's own notation: `up{job="services"}`."""
    inner = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != "__name__")
    return f"{labels.get('__name__', '')}{{{inner}}}"
