"""Where pgBackRest is run: beside the primary, which is looked for, and how it ends."""

import json
from collections.abc import Sequence

import pytest

from apgms_ops.clients.pgbackrest import Host, PgbackrestClient, Place, Ran
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, Incomplete, Unobserved, Unreachable
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor
from tests.clients.pgbackrest.test_parse import INFO
from tests.clients.pgbackrest.test_verification import GOOD


class Pod:
    """Plays a pod: says whether it is the primary, and what pgBackRest prints there."""

    def __init__(self, name: str, recovery: str, said: Ran | None = None, *, away: bool = False) -> None:
        """Take what it says."""
        self.name = name
        self.ran: list[Sequence[str]] = []
        self._recovery = recovery
        self._said = said
        self._away = away

    def host(self) -> Host:
        """Return it as a place."""
        return Host(f"pod {self.name}", self._run)

    def _run(self, command: Sequence[str], _deadline: Deadline) -> Ran:
        if self._away:
            msg = "gone"
            raise Unreachable(msg)
        self.ran.append(command)
        if command[0] == "psql":
            return Ran(f"{self._recovery}\n", "", 0, cut=False)
        assert self._said is not None, f"pgBackRest is not to be run in {self.name}"
        return self._said


def client(*pods: Pod) -> PgbackrestClient:
    """Return a client of these pods."""
    place = Place(lambda _deadline: [pod.host() for pod in pods])
    return PgbackrestClient(place=place, stanza="apgms", recorder=Recorder(Redactor()))


def printed(text: str, code: int = 0, *, cut: bool = False, complaint: str = "") -> Ran:
    """Return what came of a command."""
    return Ran(text, complaint, code, cut=cut)


def test_it_is_run_beside_the_primary_wherever_that_is() -> None:
    """The pod that says that it is no replica is asked, though it is not the first, and no other."""
    replica, primary = Pod("postgres-0", "t"), Pod("postgres-1", "f", printed(json.dumps(INFO)))
    found = client(replica, primary).info(Deadline(5))
    assert found.name == "apgms"
    assert primary.ran[-1][:2] == ("pgbackrest", "--stanza=apgms")
    assert [command[0] for command in replica.ran] == ["psql"]


def test_a_pod_that_is_away_is_not_the_primary() -> None:
    """Another pod that is one is asked all the same."""
    assert client(Pod("a", "f", away=True), Pod("b", "f", printed(GOOD))).verify(Deadline(5)).ok


@pytest.mark.parametrize("pods", [(), (Pod("a", "t"),), (Pod("a", ""),), (Pod("a", "f", away=True),)])
def test_no_primary_is_not_found_out(pods: tuple[Pod, ...]) -> None:
    """Where no server says that it is the primary, nothing is known of the backups."""
    with pytest.raises(Unreachable, match="no primary answers"):
        client(*pods).info(Deadline(5))


def test_two_primaries_are_refused() -> None:
    """Where two say so, neither is believed."""
    with pytest.raises(BadAnswer, match="more than one primary: pod a, pod b"):
        client(Pod("a", "f"), Pod("b", "f")).info(Deadline(5))


def test_a_command_that_fails_is_not_found_out() -> None:
    """What it complains of is told, printable."""
    pod = Pod("a", "f", printed("", 49, complaint="ERROR: [049]: unable to \x1b[2J connect"))
    with pytest.raises(
        Unobserved, match=r"pgbackrest info on pod a ended with 49: ERROR: \[049\]: unable to"
    ) as caught:
        client(pod).info(Deadline(5))
    assert "\x1b" not in str(caught.value)


def test_what_is_cut_is_incomplete() -> None:
    """An answer longer than is read is none."""
    with pytest.raises(Incomplete):
        client(Pod("a", "f", printed(json.dumps(INFO), cut=True))).info(Deadline(5))


def test_a_dead_repository_is_not_waited_for_by_the_minute() -> None:
    """Every command is told how long a repository may take to answer."""
    pod = Pod("a", "f", printed(GOOD))
    client(pod).verify(Deadline(5))
    assert "--io-timeout=10" in pod.ran[-1]
    assert pod.ran[-1][-3:] == ("verify", "--output=text", "--verbose")


def test_on_this_machine_no_primary_is_looked_for() -> None:
    """A command of the environment's own is run as it stands."""
    pod = Pod("here", "", printed(json.dumps(INFO)))
    place = Place(lambda _deadline: [pod.host()], ("pgbackrest", "--config=/etc/x.conf"), beside=False)
    PgbackrestClient(place=place, stanza="apgms", recorder=Recorder(Redactor())).info(Deadline(5))
    assert pod.ran[0][:3] == ("pgbackrest", "--config=/etc/x.conf", "--stanza=apgms")
