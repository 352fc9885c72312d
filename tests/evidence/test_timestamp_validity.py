"""When a seal was made, as an authority says: for as long as evidence is kept, and by nobody else."""

from datetime import UTC, datetime, timedelta

import pytest

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence import timestamp
from tests.evidence.toy_authority import ToyAuthority

MADE = datetime(2025, 12, 1, tzinfo=UTC)
"""A week after the certificate of the short-lived authority began to be valid."""
SIGNATURE = b"a signature"


@pytest.fixture(scope="module")
def authority() -> ToyAuthority:
    """One whose certificate was valid for a month, a year before the present of the tests."""
    return ToyAuthority(lambda: MADE, life=timedelta(days=30))


def test_a_timestamp_outlives_the_certificate_of_its_authority(authority: ToyAuthority) -> None:
    """What was dated while the certificate was valid holds long after it has expired."""
    assert authority.certificate.not_valid_after_utc < datetime(2026, 1, 1, tzinfo=UTC)
    answer = timestamp.normal(authority.answer(SIGNATURE, MADE))
    assert timestamp.verify(answer, SIGNATURE, [authority.ca]).at == MADE


@pytest.mark.parametrize("at", [MADE + timedelta(days=60), MADE - timedelta(days=60)], ids=["expired", "not yet"])
def test_a_timestamp_beyond_its_certificate_is_refused(authority: ToyAuthority, at: datetime) -> None:
    """An authority dates nothing before its certificate is valid, nor after it has expired."""
    answer = timestamp.normal(authority.answer(SIGNATURE, at))
    with pytest.raises(EvidenceInvalid, match="certificate"):
        timestamp.verify(answer, SIGNATURE, [authority.ca])


@pytest.mark.parametrize("garbage", [b"", b"x", b"0\x03\x02\x01\x00", b"\x30\x80" * 500, bytes(100), b"\xff" * 100])
def test_what_is_no_timestamp_is_refused(garbage: bytes) -> None:
    """Bytes of no kind are one clear error, and no crash."""
    with pytest.raises(EvidenceInvalid):
        timestamp.normal(garbage)
