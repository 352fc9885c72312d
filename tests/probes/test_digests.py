"""Sets of digests."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.probes.digests import SIZE, Digests


def short(text: str) -> bytes:
    """Return a digest."""
    return hashlib.sha256(text.encode()).digest()[:SIZE]


@given(st.lists(st.text(max_size=3)), st.lists(st.text(max_size=3)))
def test_they_differ_as_sets_do(left: list[str], right: list[str]) -> None:
    """However they were added, what is missing and what is distinct is what sets say."""
    one, other = Digests(), Digests()
    one.add_all([b"".join(map(short, left[:2])), b"".join(map(short, left[2:]))])
    for text in right:
        other.add(short(text))
    assert len(one) == len(left)
    assert one.distinct() == len(set(left))
    assert set(one.missing_from(other)) == {short(text) for text in set(left) - set(right)}
    assert len(one.missing_from(other)) == len(set(left) - set(right))
