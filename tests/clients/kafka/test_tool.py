"""What Kafka's own tool prints is read strictly: nothing that it does not know becomes a number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.clients.kafka.tool import ToolRow, parse_describe
from apgms_ops.errors import BadAnswer, Incomplete, Unobserved

HEAD = (
    "GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     "
    "HOST            CLIENT-ID"
)
NO_MEMBERS = "\nConsumer group 'g1' has no active members.\n"


def test_a_table_is_read_row_by_row() -> None:
    """Each row has its offsets, its lag and its member."""
    text = f"\n{HEAD}\ng1 t 2 2 5 3 c-1 /127.0.0.1 rdkafka\n\n{HEAD}\ng2 t 0 3 3 0 - - -\n"
    assert parse_describe(text) == (ToolRow("g1", "t", 2, 2, 5, 3, "c-1"), ToolRow("g2", "t", 0, 3, 3, 0, None))


def test_a_client_id_with_spaces_is_read_by_its_column() -> None:
    """A value with spaces is read where it stands under its head, and nowhere else."""
    values = ("g1", "t", "2", "2", "5", "3", "my client-a", "/127.0.0.1", "my client")
    row = "".join(value.ljust(width) for value, width in zip(values, (16, 16, 11, 16, 16, 16, 16, 16, 9), strict=True))
    assert parse_describe(f"{HEAD}\n{row}\n") == (ToolRow("g1", "t", 2, 2, 5, 3, "my client-a"),)


def test_a_dash_is_not_zero() -> None:
    """A partition without a commit has no offset and no lag."""
    (row,) = parse_describe(f"{HEAD}\ng1 t 2 - 5 - c-1 /127.0.0.1 rdkafka\n")
    assert (row.committed, row.lag) == (None, None)


def test_a_header_without_rows_is_incomplete() -> None:
    """Exit 0 with a header alone says nothing of any group."""
    with pytest.raises(Incomplete, match="no row"):
        parse_describe(f"\n{HEAD}\n")


def test_no_output_is_incomplete() -> None:
    """Nothing printed is nothing known."""
    with pytest.raises(Incomplete, match="no row"):
        parse_describe("")


@pytest.mark.parametrize(
    "noise",
    [
        "Error: Executing consumer group command failed due to TimeoutException",
        "Warning: Consumer group 'g1' is rebalancing.",
        "Consumer group 'g9' does not exist.",
        "SLF4J: Failed to load class",
    ],
)
def test_a_complaint_beside_a_good_table_is_incomplete(noise: str) -> None:
    """Whatever is said on stderr, but that a group has no members, means that rows may be missing."""
    with pytest.raises(Incomplete, match="says"):
        parse_describe(f"{HEAD}\ng1 t 2 2 5 3 - - -\n", noise)


def test_a_group_without_members_is_still_read() -> None:
    """That a group has no members is no complaint about its rows."""
    assert len(parse_describe(f"{HEAD}\ng1 t 2 2 5 3 - - -\n", NO_MEMBERS)) == 1


def test_unknown_columns_are_refused() -> None:
    """A table with other columns is not guessed at."""
    with pytest.raises(BadAnswer, match="prints columns"):
        parse_describe(f"{HEAD.replace('LAG', 'DELAY')}\ng1 t 2 2 5 3 - - -\n")


@pytest.mark.parametrize(
    "row",
    ["g1 t 2 2 5", "g1 t 2 2 5 3 - - - extra", "g1 t x 2 5 3 - - -", "g1 t - 2 5 3 - - -", "g1 t 2 2 5 3.5 - - -"],
)
def test_a_row_that_does_not_fit_is_refused(row: str) -> None:
    """Too few or too many fields, or a word for a number, is a bad answer."""
    with pytest.raises(BadAnswer):
        parse_describe(f"{HEAD}\n{row}\n")


def test_a_lag_out_of_nowhere_is_refused() -> None:
    """A lag beside a missing commit contradicts itself."""
    with pytest.raises(BadAnswer, match="lag without the offsets"):
        parse_describe(f"{HEAD}\ng1 t 2 - 5 0 - - -\n")


@given(st.text(max_size=300))
def test_any_other_text_is_no_table(text: str) -> None:
    """Text that is not a table never reads as rows."""
    with pytest.raises(Unobserved):
        parse_describe(text.replace("GROUP", ""))
