"""The manifest of a snapshot: whole and of its topic, or refused."""

import copy
import json
from typing import Any

import pytest

from apgms_ops.probes.kafka_snapshot_manifest import Manifest, ManifestInvalid, parse

TOPIC = "payments.execute"
SHA256 = "0" * 64
GOOD: dict[str, Any] = {
    "format": "apgms-kafka-snapshot/v1",
    "topic": TOPIC,
    "taken_at": "2026-11-27T02:00:00+00:00",
    "cluster_id": "abc",
    "isolation_level": "read_committed",
    "partitions": [
        {"partition": 1, "object": "1.jsonl.gz", "first": 0, "next": 0, "records": 0, "bytes": 20, "sha256": SHA256},
        {"partition": 0, "object": "0.jsonl.gz", "first": 3, "next": 9, "records": 6, "bytes": 99, "sha256": SHA256},
    ],
    "groups": {"payments-executor": {"0": 7, "1": None}},
}


def read(data: object) -> Manifest:
    """Parse what an object's JSON is."""
    return parse(json.dumps(data).encode(), TOPIC)


def changed(**different: object) -> dict[str, Any]:
    """Return the good one with something else in it."""
    return {**copy.deepcopy(GOOD), **different}


def with_part(**different: object) -> dict[str, Any]:
    """Return the good one with something else in its first partition."""
    data = copy.deepcopy(GOOD)
    data["partitions"][1].update(different)
    return data


def test_a_whole_manifest_is_read() -> None:
    """Its partitions come in their order, and a group that has committed nothing is told from one that is at 0."""
    found = read(GOOD)
    assert [(part.partition, part.records) for part in found.parts] == [(0, 6), (1, 0)]
    assert found.groups == {"payments-executor": {"0": 7, "1": None}}


@pytest.mark.parametrize("cut", [0, 1, 40, 300, -1])
def test_a_truncated_manifest_is_refused(cut: int) -> None:
    """Wherever it ends."""
    with pytest.raises(ManifestInvalid, match="no JSON"):
        parse(json.dumps(GOOD).encode()[:cut], TOPIC)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ([], "not whole"),
        (None, "not whole"),
        ({}, "not whole"),
        (changed(format="v2"), "of the format"),
        (changed(topic="audit.log"), "of another topic"),
        (changed(taken_at="2026-11-27T02:00:00"), "not whole"),
        (changed(taken_at=12), "not whole"),
        (changed(partitions=[]), "every partition once"),
        (changed(partitions=GOOD["partitions"][:1]), "every partition once"),
        (changed(partitions=[*GOOD["partitions"], GOOD["partitions"][0]]), "every partition once"),
        (changed(partitions={"0": {}}), "not whole"),
        (with_part(object="1.jsonl.gz"), "one object for two"),
        (with_part(object="../../another"), "not whole"),
        (with_part(object=""), "not whole"),
        (with_part(first=10), "not whole"),
        (with_part(first=-1), "not whole"),
        (with_part(records=True), "not whole"),
        (with_part(records=1.5), "not whole"),
        (with_part(next=2**60), "not whole"),
        (with_part(sha256="ABC"), "not whole"),
        (changed(groups=[]), "not whole"),
        (changed(groups={"g": {"x": 1}}), "not whole"),
        (changed(groups={"g": {"0": -1}}), "not whole"),
    ],
)
def test_what_is_not_whole_is_refused(data: object, why: str) -> None:
    """A field that is missing, of another type, or impossible is never a default."""
    with pytest.raises(ManifestInvalid, match=why):
        read(data)


def test_deep_nesting_is_refused() -> None:
    """Rather than the parser's own end."""
    with pytest.raises(ManifestInvalid):
        parse(b"[" * 200_000, TOPIC)
