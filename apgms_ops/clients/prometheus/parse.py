"""Prometheus's JSON → facts. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from apgms_ops.clients.http.shape import (
    list_field,
    mapping,
    rfc3339,
    sequence,
    text,
    text_field,
    texts,
    unix_time,
    wrong,
)
from apgms_ops.clients.prometheus.facts import (
    HistogramSample,
    Matrix,
    NotFinite,
    Result,
    Sample,
    Series,
    Text,
    Vector,
)

E = TypeVar("E", bound=StrEnum)

MAX_POINTS: Final = 11_000
"""Points a series that a range query may ask for."""
_PAIR: Final = 2
_NOT_FINITE: Final = {form.value: form for form in NotFinite} | {"Inf": NotFinite.INFINITE}


def value(wire: object, where: str) -> tuple[float | None, NotFinite | None]:
    """Return a sample's value, which travels as a string.

    Raises:
        BadAnswer: It is not a string, or not a number as Go writes them.
    """
    digits = text(wire, where)
    if digits in _NOT_FINITE:
        return None, _NOT_FINITE[digits]
    # float() accepts more than Go writes: "1_000", " 1", "infinity", digits of other scripts.
    if not digits.isascii() or set(digits) - set("0123456789+-.eE"):
        wrong(where, "a number", wire)
    try:
        number = float(digits)
    except ValueError:
        wrong(where, "a number", wire)
    if number in (float("inf"), float("-inf")):
        wrong(where, "a number of a sane size", wire)
    return number, None


def _pair(wire: object, where: str) -> tuple[object, object]:
    pair = sequence(wire, where)
    if len(pair) != _PAIR:
        wrong(where, "a pair of time and value", wire)
    return pair[0], pair[1]


def _sample(labels: dict[str, str], wire: object, where: str) -> Sample:
    at, number = _pair(wire, where)
    return Sample(labels, unix_time(at, where), *value(number, where))


def _histogram(labels: dict[str, str], wire: object, where: str) -> HistogramSample:
    at, body = _pair(wire, where)
    data = mapping(body, where)
    count, _ = value(text_field(data, "count", where), f"{where}.count")
    total, _ = value(text_field(data, "sum", where), f"{where}.sum")
    if count is None or count < 0:
        wrong(f"{where}.count", "a count", data["count"])
    return HistogramSample(labels, unix_time(at, where), count, total)


def result(data: object) -> Result:
    """Return what a query answered.

    Raises:
        BadAnswer: It is of no known result type, or not of the type it says.
    """
    body = mapping(data, "data")
    kind = text_field(body, "resultType", "data")
    items = list_field(body, "result", "data")
    if kind == "vector":
        return _vector(items)
    if kind == "matrix":
        return Matrix(tuple(_series(item, f"result[{i}]") for i, item in enumerate(items)))
    if kind == "scalar":
        return _sample({}, items, "result")
    if kind == "string":
        at, words = _pair(items, "result")
        return Text(unix_time(at, "result"), text(words, "result"))
    return wrong("data.resultType", "vector, matrix, scalar or string", kind)


def _vector(items: list[object]) -> Vector:
    samples: list[Sample] = []
    histograms: list[HistogramSample] = []
    for i, item in enumerate(items):
        where = f"result[{i}]"
        entry = mapping(item, where)
        labels = texts(entry.get("metric"), f"{where}.metric")
        # One of the two, as the kind of series has it.
        if "value" in entry:
            samples.append(_sample(labels, entry["value"], f"{where}.value"))
        elif "histogram" in entry:
            histograms.append(_histogram(labels, entry["histogram"], f"{where}.histogram"))
        else:
            wrong(where, "a sample: it has neither value nor histogram", item)
    return Vector(tuple(samples), tuple(histograms))


def _series(item: object, where: str) -> Series:
    entry = mapping(item, where)
    labels = texts(entry.get("metric"), f"{where}.metric")
    if not {"values", "histograms"} & set(entry):
        wrong(where, "a series: it has neither values nor histograms", item)
    values = list_field(entry, "values", where) if "values" in entry else []
    histograms = list_field(entry, "histograms", where) if "histograms" in entry else []
    return Series(
        labels,
        tuple(_sample(labels, wire, f"{where}.values[{i}]") for i, wire in enumerate(values)),
        tuple(_histogram(labels, wire, f"{where}.histograms[{i}]") for i, wire in enumerate(histograms)),
    )


def state(kind: type[E], wire: object, where: str) -> E:
    """Return a member of an enumeration; a word that it does not have is its UNKNOWN, never anything better."""
    word = text(wire, where)
    return kind(word) if word in {member.value for member in kind} else kind("unknown")


def never_or(data: Mapping[str, object], key: str, where: str) -> str | None:
    """Return a required time field as text, or None where it is the zero time of Go, which means never."""
    words = text_field(data, key, where)
    return None if words.startswith("0001-01-01T00:00:00") else words


__all__ = ["MAX_POINTS", "never_or", "result", "rfc3339", "state", "value"]
