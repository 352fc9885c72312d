"""The record of a rehearsal: what is not signed by whom is believed, or says something else, is none."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence import dsse
from apgms_ops.evidence.dsse import Envelope
from apgms_ops.evidence.rehearsal import RESTORE_DATABASE, Rehearsal, ended_at, read, signed
from apgms_ops.evidence.trust import Trust
from apgms_ops.observation import canonical
from tests.evidence.making import Key, a_key

BEGAN = datetime(2026, 11, 27, 5, 0, 0, 123456, tzinfo=UTC)
FOUND = Rehearsal(
    kind=RESTORE_DATABASE,
    environment="production",
    target="apgms",
    began=BEGAN,
    ended=BEGAN + timedelta(seconds=12),
    problems=(),
    figures={"recovery time": "12 s"},
    by="kim on a machine",
)
KEY = a_key()


def content(found: Rehearsal = FOUND, key: Key = KEY) -> bytes:
    """Return a record's content."""
    return signed(found, key.trusted.public, lambda data: key.signer.sign(data, None))  # type: ignore[arg-type]


def trust(*keys: Key, environment: str = "production") -> Trust:
    """Return the trust in keys."""
    return Trust(tuple(key.trusted for key in keys), environment=environment)


def test_what_is_signed_is_read_as_it_was() -> None:
    """A record says what was written, to whoever believes its key; its name is that of its end."""
    assert read(content(), FOUND.key, trust(KEY)) == FOUND
    assert FOUND.key == "drills/production/restore-database/20261127T050012.123456Z.json"
    assert ended_at(FOUND.key) == FOUND.ended
    assert FOUND.passed


def test_a_failed_one_cannot_be_made_a_passed_one() -> None:
    """Any change of what is signed is noticed."""
    failed = dataclasses.replace(FOUND, problems=("the heartbeat is missing",))
    envelope = json.loads(content(failed))
    other = json.loads(content(FOUND))
    envelope["payload"] = other["payload"]
    forged = json.dumps(envelope, separators=(",", ":")).encode()
    with pytest.raises(EvidenceInvalid, match="not signed by a key that is believed"):
        read(forged, FOUND.key, trust(KEY))


def test_a_foreign_key_is_not_believed() -> None:
    """Whoever may write into the archive is not thereby believed."""
    with pytest.raises(EvidenceInvalid, match="not signed by a key that is believed"):
        read(content(key=a_key()), FOUND.key, trust(KEY))


def test_a_key_is_believed_for_its_time_alone() -> None:
    """What a key signs that was rotated out before is no record."""
    old = a_key(end=BEGAN)
    with pytest.raises(EvidenceInvalid, match="was not in force"):
        read(content(key=old), FOUND.key, trust(old))


def test_a_record_stands_for_its_own_name_alone() -> None:
    """An old record under a new name is not a new one."""
    later = dataclasses.replace(FOUND, ended=FOUND.ended + timedelta(days=7))
    with pytest.raises(EvidenceInvalid, match="another rehearsal"):
        read(content(), later.key, trust(KEY))


def test_a_record_of_another_environment_is_none() -> None:
    """What was rehearsed in staging says nothing of production."""
    with pytest.raises(EvidenceInvalid, match="another rehearsal"):
        read(content(), FOUND.key, trust(KEY, environment="staging"))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "something"},
        {"ended": "2026-11-27T05:00:12"},
        {"ended": (BEGAN - timedelta(days=1)).isoformat()},
        {"problems": None},
        {"figures": []},
        {"by": 7},
    ],
)
def test_what_is_malformed_is_refused_though_it_is_signed(change: dict[str, object]) -> None:
    """A key that signs nonsense makes no sense of it."""
    payload = canonical(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [],
            "predicateType": "urn:apgms-ops:rehearsal:v1",
            "predicate": FOUND.to_json() | change,
        }
    )
    forged = Envelope(payload, KEY.trusted.public.id, KEY.signer.sign(dsse.encoding(payload), None))  # type: ignore[arg-type]
    with pytest.raises(EvidenceInvalid):
        read(forged.to_bytes(), FOUND.key, trust(KEY))


def test_the_seal_of_a_run_is_no_record() -> None:
    """A statement of another type, though the same key has signed it, is refused."""
    payload = canonical(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [],
            "predicateType": "urn:apgms-ops:run:v1",
            "predicate": FOUND.to_json(),
        }
    )
    seal = Envelope(payload, KEY.trusted.public.id, KEY.signer.sign(dsse.encoding(payload), None))  # type: ignore[arg-type]
    with pytest.raises(EvidenceInvalid, match="not the statement of a rehearsal"):
        read(seal.to_bytes(), FOUND.key, trust(KEY))


@pytest.mark.parametrize(
    "key",
    [
        "runs/production/x.zip",
        "drills/production/restore-database/now.json",
        "drills/production/something/20261127T050012.123456Z.json",
        "drills/production/restore-database/20269927T050012.123456Z.json",
        "drills/../restore-database/20261127T050012.123456Z.json",
    ],
)
def test_what_is_named_otherwise_is_no_record(key: str) -> None:
    """An object of another name is not taken for one."""
    assert ended_at(key) is None
