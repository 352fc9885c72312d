"""One digest of many records: the same for the same ones in the same order, and for no others."""

from itertools import combinations

from apgms_ops.clients.kafka.fingerprint import Fingerprint

Record = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...], int | None]

ONE: Record = (b"key", b"value", (("a", b"b"),), 1)
OTHERS: tuple[tuple[Record, ...], ...] = (
    (),
    (ONE,),
    (ONE, ONE),
    ((None, b"value", (("a", b"b"),), 1),),
    ((b"", b"value", (("a", b"b"),), 1),),
    ((b"keyv", b"alue", (("a", b"b"),), 1),),
    ((b"key", None, (("a", b"b"),), 1),),
    ((b"key", b"value", (), 1),),
    ((b"key", b"value", (("a", None),), 1),),
    ((b"key", b"value", (("a", b""),), 1),),
    ((b"key", b"value", (("ab", b""),), 1),),
    ((b"key", b"value", (("a", b"b"), ("a", b"b")), 1),),
    ((b"key", b"value", (("a", b"b"),), 2),),
    ((b"key", b"value", (("a", b"b"),), None),),
    (ONE, (None, None, (), None)),
    ((None, None, (), None), ONE),
)


def digest(records: tuple[Record, ...]) -> str:
    """Return their digest."""
    seen = Fingerprint()
    for record in records:
        seen.take(*record)
    assert seen.records == len(records)
    return seen.sha256


def test_the_same_records_have_the_same_digest() -> None:
    """Whoever read them."""
    assert digest((ONE, ONE)) == digest((ONE, ONE))


def test_other_records_have_another_digest() -> None:
    """What is missing, empty, moved, repeated or joined otherwise is told."""
    for one, other in combinations(OTHERS, 2):
        assert digest(one) != digest(other), (one, other)
