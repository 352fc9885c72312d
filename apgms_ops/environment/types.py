"""The scalar types of an environment file: durations and ratios with their unit, references to secrets, limits with a source."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator

from apgms_ops.secret import SecretReference

T = TypeVar("T")

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_RATIO = re.compile(r"(\d{1,3}(?:\.\d+)?) ?%")


def parse_duration(value: object) -> timedelta:
    """Parse `"250ms"`, `"1h"`, `"30d"`.

    Raises:
        ValueError: There is no unit, or an unknown one.
    """
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or float(match[1]) <= 0:
        msg = f'expected a duration with its unit, such as "250ms", "15s", "30m", "1h" or "30d", not {value!r}'
        raise ValueError(msg)
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])


def format_duration(value: timedelta) -> str:
    """Return the shortest text that `parse_duration` reads back: `250ms`, `90s`, `30d`."""
    seconds = value.total_seconds()
    for unit in ("d", "h", "m", "s"):
        if seconds >= _UNITS[unit] and seconds % _UNITS[unit] == 0:
            return f"{seconds / _UNITS[unit]:.0f}{unit}"
    return f"{seconds * 1000:g}ms" if seconds < 1 else f"{seconds:g}s"


def parse_ratio(value: object) -> Decimal:
    """Parse `"99.9%"` to 0.999.

    Raises:
        ValueError: It is not a percentage between 0 % and 100 %.
    """
    if isinstance(value, Decimal):
        return value
    match = _RATIO.fullmatch(value) if isinstance(value, str) else None
    if match is None or Decimal(match[1]) > 100:  # noqa: PLR2004 — per cent
        msg = f'expected a percentage such as "99.9%", not {value!r}'
        raise ValueError(msg)
    return Decimal(match[1]) / 100


def _reference(value: object) -> SecretReference:
    if isinstance(value, SecretReference):
        return value
    if not isinstance(value, str):
        msg = f"expected {SecretReference.EXPECTED}"
        raise ValueError(msg)  # noqa: TRY004 — pydantic reports ValueError with its key
    return SecretReference.parse(value)


def _zoned(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        msg = f"expected a date and time with its zone, such as 2026-11-23T02:00:00+11:00, not {value!s}"
        raise ValueError(msg)
    return value.astimezone(UTC)


Duration = Annotated[timedelta, PlainValidator(parse_duration), PlainSerializer(format_duration, return_type=str)]
Ratio = Annotated[Decimal, PlainValidator(parse_ratio), PlainSerializer(lambda r: f"{r * 100:f}%", return_type=str)]
SecretRef = Annotated[SecretReference, PlainValidator(_reference), PlainSerializer(str, return_type=str)]
Zoned = Annotated[datetime, PlainValidator(_zoned), PlainSerializer(datetime.isoformat, return_type=str)]
Text = Annotated[str, Field(min_length=1)]
Seq = Annotated[tuple[T, ...], Field(strict=False)]
"""A TOML array; its items stay strict."""


class Model(BaseModel):
    """A frozen section of an environment file: unknown keys are errors, and nothing is converted in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Limit(Model, Generic[T]):
    """A limit, and where it comes from: `{ value = 200, source = "runbook: Daily Checks, step 3" }`."""

    value: T
    source: Text


class Absent(Model):
    """A section that this environment does not have, on purpose: its checks are SKIPPED, and the plan says why."""

    absent: Text
