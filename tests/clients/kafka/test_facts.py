"""What an offset says of itself: lag, loss, and what cannot be said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.clients.kafka.facts import DeadLetters, GroupState, Offset

OFFSETS = st.one_of(st.none(), st.integers(min_value=0, max_value=2**53))


def offset(committed: int | None, *, start: int | None = 0, end: int | None = 100, high: int | None = None) -> Offset:
    """Return an offset of group g on t, partition 0."""
    return Offset("g", "t", 0, start, end, committed, None, end if high is None else high)


def test_lag_is_the_distance_from_the_commit_to_the_end() -> None:
    """Lag is the log's end minus the commit."""
    assert offset(58).lag == 42


def test_a_group_that_has_read_all_has_no_lag() -> None:
    """A commit at the end is lag 0."""
    assert offset(100).lag == 0


def test_a_missing_commit_is_no_lag_at_all() -> None:
    """Without a commit the lag is not known, and never 0."""
    assert offset(None).lag is None


def test_an_unread_end_is_no_lag_at_all() -> None:
    """Without the log's end the lag is not known, and never 0."""
    assert offset(5, end=None).lag is None


def test_a_reader_of_uncommitted_messages_is_not_behind() -> None:
    """A commit between the last stable offset and the high watermark is lag 0, not a negative one."""
    ahead = offset(105, end=100, high=110)
    assert (ahead.lag, ahead.beyond) == (0, False)


def test_a_commit_beyond_the_log_is_another_log() -> None:
    """A commit beyond the high watermark has no lag: the topic was cut or made anew."""
    beyond = offset(5000, end=10)
    assert (beyond.lag, beyond.beyond) == (None, True)


def test_a_commit_below_the_start_is_a_loss() -> None:
    """What lies between the commit and the start of the log was removed unread."""
    assert offset(10, start=60).lost == 50


@given(committed=OFFSETS, start=OFFSETS, end=OFFSETS)
def test_lag_and_loss_are_never_negative(committed: int | None, start: int | None, end: int | None) -> None:
    """Whatever is read, neither is below 0, and the lag is unknown wherever a part of it is."""
    one = offset(committed, start=start, end=end)
    assert one.lost >= 0
    assert one.lag is None or one.lag >= 0
    if committed is None or end is None:
        assert one.lag is None


@pytest.mark.parametrize("state", list(GroupState))
def test_an_unknown_state_counts_as_a_rebalance(state: GroupState) -> None:
    """Only a state that is known to be settled is taken for settled."""
    settled = {GroupState.STABLE, GroupState.EMPTY, GroupState.DEAD}
    assert state.rebalancing is (state not in settled)


def test_dead_letters_are_counted_from_the_offset_of_then() -> None:
    """What arrived is the end of now minus the end of then."""
    assert DeadLetters("t.dlq", 0, since=7, end=12).arrived == 5
