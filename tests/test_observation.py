"""Observations, their canonical JSON, and what records them."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.observation import (
    RAW_LIMIT,
    Attempt,
    Failure,
    Findings,
    Identity,
    Observation,
    Raw,
    Recorder,
    canonical,
    digest,
    timestamp,
)
from apgms_ops.redact import Redactor
from apgms_ops.secret import Secret

AT = datetime(2026, 11, 23, 2, 0, 0, 123456, tzinfo=UTC)
SEEN = Observation(
    probe="consumer_lag",
    schema="ConsumerLag/v1",
    started_at=AT,
    observed_at=AT + timedelta(seconds=2),
    took=2.0,
    facts={"groups": [{"name": "audit-writer", "lag": 3}]},
    identities=(Identity("kafka", "MkU3OEVBNTcwNTJENDM2Qg"),),
    raw=(Raw("offsets", "text/plain", "0 1 2", 5),),
    attempts=(Attempt("reading", "timed out"),),
)
FAILED = replace(SEEN, facts=None, failure=Failure("Unreachable", "nobody answered"))

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-(2.0**52), 2.0**52) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("observation", [SEEN, FAILED])
def test_an_observation_reads_back_as_it_was(observation: Observation) -> None:
    """Written as canonical JSON and read again, an observation is the same."""
    assert Observation.from_json(json.loads(canonical(observation.to_json()))) == observation


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"$schema": "other/v1"}, "not an observation"),
        ({"probe": 3}, "text expected"),
        ({"started_at": "2026-11-23T02:00:00"}, "zone"),
        ({"started_at": "yesterday"}, "malformed"),
        ({"took_seconds": True}, "number expected"),
        ({"identities": [{"system": "kafka"}]}, "malformed"),
        ({"identities": None}, "malformed"),
        ({"raw": ["x"]}, "malformed"),
        ({"facts": None}, "either facts or a failure"),
        ({"failure": {"kind": "X", "cause": "y"}}, "either facts or a failure"),
    ],
)
def test_a_malformed_record_is_refused(change: dict[str, object], why: str) -> None:
    """A record with a field that is missing or of the wrong shape is refused, never repaired."""
    with pytest.raises(EvidenceInvalid, match=why):
        Observation.from_json({**SEEN.to_json(), **change})


@pytest.mark.parametrize("key", sorted(SEEN.to_json()))
def test_every_field_of_a_record_is_required(key: str) -> None:
    """A record that lacks any field is refused."""
    data = SEEN.to_json()
    del data[key]
    with pytest.raises(EvidenceInvalid):
        Observation.from_json(data)


@settings(deadline=None)
@given(JSON)
def test_canonical_json_reads_back_and_is_the_same_for_equal_data(data: object) -> None:
    """Canonical JSON reads back as equal data, and equal data has the same digest."""
    written = canonical(data)
    again = json.loads(written)
    assert again == data
    assert digest(canonical(again)) == digest(written)


@pytest.mark.parametrize("data", [float("nan"), float("inf"), 2**53, {1: 2}, object(), "\ud800", b"x"])
def test_what_has_no_canonical_form_is_refused(data: object) -> None:
    """NaN, infinity, integers beyond 2^53, foreign types and half surrogate pairs are refused."""
    with pytest.raises(ValueError, match="no canonical JSON"):
        canonical(data)


def test_a_timestamp_is_utc_with_microseconds() -> None:
    """Times are written in UTC; one without a zone is refused."""
    sydney = timezone(timedelta(hours=11))
    assert timestamp(datetime(2026, 11, 23, 13, tzinfo=sydney)) == "2026-11-23T02:00:00.000000Z"
    with pytest.raises(ValueError, match="zone"):
        timestamp(datetime(2026, 11, 23, 13))  # noqa: DTZ001 — the point of it


def test_findings_are_false_when_there_are_none_and_read_as_prose() -> None:
    """No findings are false; several read as sentences in their order."""
    assert not Findings()
    assert repr(Findings(["a is behind", "b is gone"])) == "a is behind; b is gone"


def test_a_raw_payload_is_redacted_before_it_is_cut() -> None:
    """A secret that lies across the cut leaves no half of itself."""
    recorder = Recorder(Redactor([Secret("correct-horse-battery")]))
    recorder.raw("x", "a" * (RAW_LIMIT - 5) + "correct-horse-battery")
    (raw,) = recorder.seen[1]
    assert "corr" not in raw.text
    assert len(raw.text) == RAW_LIMIT
    assert raw.cut == 3


def test_a_huge_payload_is_cut_without_half_of_a_secret() -> None:
    """Of a payload that is too large to look through, only what was looked through is kept, and the cut is counted."""
    secret = "correct-horse-battery"
    recorder = Recorder(Redactor([Secret(secret)]))
    text = f"{secret} " * 100_000
    recorder.raw("x", text)
    (raw,) = recorder.seen[1]
    assert "corr" not in raw.text
    assert "*" in raw.text
    assert raw.cut > len(text) - 5 * RAW_LIMIT


def test_decoded_payloads_keep_their_numbers() -> None:
    """An offset that has the check digit of a tax file number stays; text that holds one does not."""
    recorder = Recorder(Redactor())
    recorder.raw_json("x", {"offset": 123456782, "note": "TFN 123456782", "password": 5, "at": AT})
    (raw,) = recorder.seen[1]
    data = json.loads(raw.text)
    assert data["offset"] == 123456782
    assert "123456782" not in data["note"]
    assert data["password"] == "********"


def test_half_a_surrogate_pair_does_not_stop_the_record() -> None:
    """Text that UTF-8 cannot hold is recorded in a form that it can."""
    recorder = Recorder(Redactor())
    recorder.raw("x", "a\ud800b")
    recorder.raw_json("y", ["\ud800"])
    assert canonical(replace(SEEN, raw=recorder.seen[1]).to_json())


def test_a_recorder_is_safe_from_several_threads() -> None:
    """Nothing that several threads record at once is lost."""
    recorder = Recorder(Redactor())
    gate = threading.Barrier(8)

    def work(number: int) -> None:
        gate.wait()
        for count in range(100):
            recorder.raw(f"{number}-{count}", "x")
            recorder.identify("kafka", str(count))
            recorder.attempt("reading", "password=hunter2")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    identities, raws, attempts = recorder.seen
    assert len(raws) == len({raw.name for raw in raws}) == 800
    assert len(identities) == 100
    assert {attempt.cause for attempt in attempts} == {"password=********"}
