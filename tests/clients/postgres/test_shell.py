"""SQL through psql: the end of an answer, and the many ways of not getting one."""

import re
from collections.abc import Callable, Sequence

import pytest

from apgms_ops.clients.postgres import Kind, PostgresClient, Statement
from apgms_ops.clients.postgres.shell import Heard, Host, Line, Shells
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, BadAnswer, DeadlineExceeded, Incomplete, Unobserved, Unreachable
from apgms_ops.observation import Recorder

NUMBERS = Statement("numbers", "SELECT n FROM t", {"n": Kind.INTEGER})
Answer = Callable[[bytes], Sequence[Heard]]


class Psql:
    """Plays psql: answers the mode, the server's identity and then a statement of the test's."""

    def __init__(self, answer: Answer, *, replica: bool = True) -> None:
        """Take what comes of a statement."""
        self.sent: list[bytes] = []
        self.closed = False
        self._answer = answer
        self._replica = replica
        self._coming: list[Heard] = []

    def send(self, data: bytes) -> None:
        """Answer at once."""
        self.sent.append(data)
        if b"pg_control_system" in data:
            self._coming += marked(
                data, f"4711\t15.18\t2026-11-25 01:02:03+00\t{'t' if self._replica else 'f'}\t\\N\n".encode()
            )
        elif b"COPY" in data:
            self._coming += self._answer(data)
        else:
            self._coming += marked(data, b"")

    def receive(self, deadline: Deadline) -> Heard:
        """Return what comes next."""
        if not self._coming:
            msg = f"{deadline.seconds} s are over"
            raise DeadlineExceeded(msg)
        return self._coming.pop(0)

    def close(self) -> None:
        """Remember it."""
        self.closed = True


def mark(data: bytes) -> bytes:
    """Return the mark that ends an answer."""
    found = re.search(rb"\\echo '([^']+)'\n$", data)
    assert found is not None
    return found[1]


def marked(data: bytes, rows: bytes, *, size: int = 1 << 20) -> list[Heard]:
    """Return rows and the mark, in pieces."""
    whole = rows + mark(data) + b"\n"
    return [Heard(stdout=whole[at : at + size]) for at in range(0, len(whole), size)]


def always(pieces: Sequence[Heard]) -> Answer:
    """Answer every statement alike."""
    return lambda _: pieces


def client(*programs: Psql, replica: bool = True) -> PostgresClient:
    """Return a client of pods in which these programs run."""

    def host(number: int, program: Psql) -> Host:
        def line(_command: Sequence[str], _deadline: Deadline) -> Line:
            return program

        return Host(f"pod postgres-{number}", line)

    hosts = [host(number, program) for number, program in enumerate(programs)]
    return PostgresClient(
        dsn=Shells(lambda _: hosts, "exec:platform/statefulset/postgres", replica, "apgms", "postgres"),
        recorder=Recorder(lambda text: text),
    )


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_rows_are_those_of_a_direct_read_however_they_are_cut(size: int) -> None:
    """Rows come whole whatever pieces they arrive in, and the mark is none of them."""
    program = Psql(lambda data: marked(data, b"1\n22\n333\n", size=size))
    rows = client(program).rows(NUMBERS, Deadline(5))
    assert [row.integer("n") for row in rows] == [1, 22, 333]
    assert program.closed


def test_no_row_is_an_empty_answer_not_none() -> None:
    """The mark alone is an answer without rows."""
    assert client(Psql(lambda data: marked(data, b""))).rows(NUMBERS, Deadline(5)) == ()


def test_everything_is_read_in_a_read_only_snapshot_with_a_timeout() -> None:
    """The transaction is read only and repeatable, and each statement is told how long it may take."""
    program = Psql(lambda data: marked(data, b""))
    client(program).rows(NUMBERS, Deadline(5))
    assert b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;" in program.sent[0]
    assert re.search(
        rb"SET LOCAL statement_timeout = [1-9][0-9]{2,3};\nCOPY \(SELECT n FROM t\) TO STDOUT;\n", program.sent[-1]
    )


def test_an_error_is_told_by_its_state() -> None:
    """What psql says on its standard error is read by its SQLSTATE; its exit code alone says nothing."""
    for said, kind in (
        (b"psql:<stdin>:7: ERROR:  57014: canceling statement due to statement timeout\n", DeadlineExceeded),
        (b"psql:<stdin>:7: ERROR:  25006: cannot execute DELETE in a read-only transaction\n", AccessDenied),
        (b'psql:<stdin>:7: ERROR:  42P01: relation "t" does not exist\nLOCATION:  parse.c\n', BadAnswer),
        (b"psql:<stdin>:7: FATAL:  57P01: terminating connection\n", Unreachable),
        (b"", Incomplete),
    ):
        pieces = [Heard(stdout=b"1\n"), Heard(stderr=said), Heard(exit_code=3)]
        with pytest.raises(kind):
            client(Psql(always(pieces))).rows(NUMBERS, Deadline(5))


def test_an_end_without_the_mark_is_never_an_answer() -> None:
    """A psql that ends with 0 in the middle has answered nothing, and so has one that falls silent."""
    with pytest.raises(Incomplete, match="psql ended with 0"):
        client(Psql(lambda _: [Heard(stdout=b"1\n2\n"), Heard(exit_code=0)])).rows(NUMBERS, Deadline(5))
    with pytest.raises(DeadlineExceeded, match="did not answer within 5 s while reading numbers"):
        client(Psql(lambda _: [Heard(stdout=b"1\n2\n")])).rows(NUMBERS, Deadline(5))


def test_a_row_that_forges_the_mark_ends_nothing() -> None:
    """A row that looks like a mark, or holds the true one among other text, is a row."""
    text = Statement("texts", "SELECT n FROM t", {"n": Kind.TEXT})
    program = Psql(lambda data: marked(data, b"-- 00000000000000000000000000000000\nx" + mark(data) + b"\n"))
    assert len(client(program).rows(text, Deadline(5))) == 2


def test_a_replica_is_one_that_says_so() -> None:
    """The wanted kind of server is found by asking each; where none is of that kind, all are named."""
    primary, replica = Psql(lambda data: marked(data, b""), replica=False), Psql(lambda data: marked(data, b"7\n"))
    assert client(primary, replica).server(Deadline(5)).in_recovery
    assert primary.closed
    assert not client(primary, replica, replica=False).server(Deadline(5)).in_recovery
    with pytest.raises(Unreachable, match="no replica answers: pod postgres-0 is a primary"):
        client(primary).server(Deadline(5))


def test_a_pod_that_may_not_be_entered_is_passed_over_and_named() -> None:
    """Where the wanted server is in another pod a refusal is passed over; where none is left, it is the reason."""

    def refuse(_command: Sequence[str], _deadline: Deadline) -> Line:
        msg = "grant create and get on pods/exec postgres-0"
        raise AccessDenied(msg)

    def enter(_command: Sequence[str], _deadline: Deadline) -> Line:
        return Psql(lambda data: marked(data, b""))

    closed, opened = Host("pod postgres-0", refuse), Host("pod postgres-1", enter)
    for hosts in ([closed, opened], [closed]):
        shells = Shells(lambda _: hosts, "exec:…", True, "apgms", "postgres")  # noqa: B023, FBT003 — used within
        one = PostgresClient(dsn=shells, recorder=Recorder(lambda text: text))
        if opened in hosts:
            assert one.server(Deadline(5)).system_id == "4711"
        else:
            with pytest.raises(AccessDenied, match="pods/exec postgres-0"):
                one.server(Deadline(5))


def test_a_malformed_row_is_no_answer() -> None:
    """A field that is not of its column's kind is told, as it is over a direct connection."""
    with pytest.raises(Unobserved, match="a whole number"):
        client(Psql(lambda data: marked(data, b"many\n"))).rows(NUMBERS, Deadline(5))
