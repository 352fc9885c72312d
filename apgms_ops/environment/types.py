"""The scalar types of an environment file: durations and ratios with their unit, references to secrets, zoned times."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, ValidationInfo

from apgms_ops.secret import SecretReference

T = TypeVar("T")

_MICROSECONDS = {
    "w": 604_800_000_000,
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1000,
}
_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(ms|s|m|h|d|w)")
_LONGEST = timedelta(days=3660)
_RATIO = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,12})?) ?%")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")

A_DURATION = 'a duration with its unit, such as "250ms", "15s", "30m", "1h" or "30d"'
A_RATIO = 'a percentage such as "99.9%"'
A_ZONED_TIME = "a date and time with its zone, such as 2026-11-23T02:00:00+11:00"


@dataclass(frozen=True, slots=True)
class Expected:
    """What an annotated type takes, in words: for error messages and for the reference of all keys."""

    text: str


def parse_duration(value: object) -> timedelta:
    """Parse `"250ms"`, `"1h"`, `"30d"`.

    Raises:
        ValueError: There is no unit or an unknown one, or it is zero, finer than 1 µs or longer than ten years.
    """
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    microseconds = Decimal(match[1]) * _MICROSECONDS[match[2]] if match else Decimal(0)
    # Decimal, not float: "0.3s" is 300,000 µs, and what is recorded must read back as the same number.
    if microseconds <= 0 or microseconds % 1 or microseconds > _LONGEST // timedelta(microseconds=1):
        msg = f"expected {A_DURATION}, not {value!r}"
        raise ValueError(msg)
    return timedelta(microseconds=int(microseconds))


def format_duration(value: timedelta) -> str:
    """Return the shortest text that `parse_duration` reads back as the same duration: `250ms`, `90s`, `30d`."""
    microseconds = value // timedelta(microseconds=1)
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(microseconds, _MICROSECONDS[unit])
        if count and not rest:
            return f"{count}{unit}"
    return f"{Decimal(microseconds) / 1000:f}ms"


def parse_ratio(value: object) -> Decimal:
    """Parse `"99.9%"` to 0.999.

    Raises:
        ValueError: It is not a percentage between 0 % and 100 %.
    """
    if isinstance(value, Decimal):
        return value
    match = _RATIO.fullmatch(value) if isinstance(value, str) else None
    if match is None or Decimal(match[1]) > 100:  # noqa: PLR2004 — per cent
        msg = f"expected {A_RATIO}, not {value!r}"
        raise ValueError(msg)
    return Decimal(match[1]) / 100


def format_ratio(value: Decimal) -> str:
    """Return the text that `parse_ratio` reads back: `99.9%`."""
    return f"{(value * 100).normalize():f}%"


def _reference(value: object) -> SecretReference:
    if isinstance(value, SecretReference):
        return value
    if not isinstance(value, str):
        msg = f"expected {SecretReference.EXPECTED}"
        raise ValueError(msg)  # noqa: TRY004 — pydantic reports ValueError with its key
    return SecretReference.parse(value)


def _zoned(value: object, info: ValidationInfo) -> datetime:
    # TOML has times of its own; only a recorded snapshot, which is JSON, writes them as text.
    at = datetime.fromisoformat(value) if info.mode == "json" and isinstance(value, str) else value
    if not isinstance(at, datetime) or at.tzinfo is None:
        msg = f"expected {A_ZONED_TIME}, not {value!s}"
        raise ValueError(msg)
    return at.astimezone(UTC)


def _plain(value: str) -> str:
    if value != value.strip() or _UNPRINTABLE.search(value):
        msg = "expected text without control characters and without white space around it"
        raise ValueError(msg)
    return value


def _part(value: Decimal) -> Decimal:
    if not 0 < value < 1:
        msg = "expected a percentage above 0% and below 100%"
        raise ValueError(msg)
    return value


Duration = Annotated[
    timedelta,
    PlainValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    Expected(A_DURATION),
]
Ratio = Annotated[
    Decimal, PlainValidator(parse_ratio), PlainSerializer(format_ratio, return_type=str), Expected(A_RATIO)
]
OpenRatio = Annotated[
    Decimal,
    PlainValidator(parse_ratio),
    AfterValidator(_part),
    PlainSerializer(format_ratio, return_type=str),
    Expected(f"{A_RATIO}, above 0% and below 100%"),
]
"""A ratio that is neither nothing nor all: a target of 100 % would leave no error budget to divide by."""
SecretRef = Annotated[
    SecretReference,
    PlainValidator(_reference),
    PlainSerializer(str, return_type=str),
    Expected(SecretReference.EXPECTED),
]
Zoned = Annotated[
    datetime,
    PlainValidator(_zoned),
    PlainSerializer(datetime.isoformat, return_type=str),
    Expected(A_ZONED_TIME),
]
Text = Annotated[
    str,
    Field(min_length=1, max_length=1000),
    AfterValidator(_plain),
    Expected("one line of text, without white space around it"),
]
Name = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9-]{0,62}$"),
    Expected("a name of lower-case letters, digits and hyphens, such as api-gateway"),
]
"""A DNS label: an environment, a service, a namespace."""
TopicName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._-]{1,249}$"),
    Expected("a topic's name: at most 249 letters, digits, dots, underscores and hyphens"),
]
HttpUrl = Annotated[
    str,
    Field(pattern=r"^https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?(/[^\s?#]*)?$", max_length=1000),
    Expected("an address such as https://prometheus.example:9090, without user, password or query"),
]
HostPort = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9.\-]+:[0-9]{1,5}$", max_length=300), Expected("host:port, such as kafka:9092")
]
Count = Annotated[int, Field(ge=1, le=2**53 - 1)]
Seq = Annotated[tuple[T, ...], Field(strict=False)]
"""A TOML array; its items stay strict."""


class Model(BaseModel):
    """A frozen section of an environment file: unknown keys are errors, and nothing is converted in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Limit(Model, Generic[T]):
    """A limit, and where it comes from: `{ value = 200, source = "runbook: Daily Checks, step 3" }`."""

    value: T
    """What is compared with."""
    source: Text
    """Where the value comes from: a section of the runbook, a contract, a decision."""


class Absent(Model):
    """A section that this environment does not have, on purpose: its checks are SKIPPED, and the plan says why."""

    absent: Text
    """Why there is none."""
