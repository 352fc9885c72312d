"""Prometheus's text format → metrics, or `BadAnswer` that names the line. Pure.

Written here on purpose: what an exporter and the checks parse with the same code would hide its bugs.
"""

import re
from collections.abc import Mapping
from typing import Final

from apgms_ops.clients.gateway.facts import Family, Sample
from apgms_ops.errors import BadAnswer
from apgms_ops.redact import printable

_TYPE: Final = re.compile(r"# TYPE ([A-Za-z_:][A-Za-z0-9_:]*) (counter|gauge|histogram|summary|untyped)[ \t]*")
_PARTS: Final = ("_bucket", "_count", "_sum")
_SAMPLE: Final = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?[ \t]*")
_LABEL: Final = re.compile(r'[ \t]*([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"[ \t]*(?:,|$)')
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|NaN|[+-]?Inf")
_ESCAPES: Final = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


def families(text: str) -> dict[str, Family]:
    """Return the metrics of an exposition, by name.

    Raises:
        BadAnswer: A line is none, a series is there twice, or a metric is declared twice.
    """
    kinds: dict[str, str] = {}
    found: dict[tuple[str, frozenset[tuple[str, str]]], Sample] = {}
    for number, line in enumerate(text.split("\n"), 1):
        declared = _TYPE.fullmatch(line)
        if declared is not None:
            if declared[1] in kinds:
                raise _malformed(line, number, "a metric that was declared before")
            kinds[declared[1]] = declared[2]
        if not line.strip() or line.startswith("#"):
            continue
        sample = _sample(line, number)
        key = sample.name, frozenset(sample.labels.items())
        if key in found:
            raise _malformed(line, number, "a series that was there before")
        found[key] = sample
    members: dict[str, list[Sample]] = {name: [] for name in kinds}
    for sample in found.values():
        members.setdefault(_family(sample.name, kinds), []).append(sample)
    return {name: Family(name, kinds.get(name, "untyped"), tuple(inner)) for name, inner in members.items()}


def _family(name: str, kinds: Mapping[str, str]) -> str:
    """Return the metric that a sample belongs to: a histogram's buckets have names of their own."""
    if name in kinds:
        return name
    for suffix in _PARTS:
        whole = name.removesuffix(suffix)
        if whole != name and kinds.get(whole) in {"histogram", "summary"}:
            return whole
    return name


def _sample(line: str, number: int) -> Sample:
    match = _SAMPLE.fullmatch(line)
    if match is None or not _NUMBER.fullmatch(match[3]):
        raise _malformed(line, number, "no sample")
    labels: dict[str, str] = {}
    inner, at = match[2] or "", 0
    while at < len(inner):
        label = _LABEL.match(inner, at)
        if label is None or label[1] in labels:
            raise _malformed(line, number, "malformed labels")
        labels[label[1]] = re.sub(r'\\[\\"n]', lambda escape: _ESCAPES[escape[0]], label[2])
        at = label.end()
    return Sample(match[1], labels, float(match[3]))


def _malformed(line: str, number: int, what: str) -> BadAnswer:
    return BadAnswer(f"metrics, line {number}: {what}: {printable(line, limit=80)!r}")
