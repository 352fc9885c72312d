"""Numbers for one walk alone: taken, given back, and cleaned up after those that died."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apgms_ops.errors import Unobserved, WrongTarget
from apgms_ops.evidence.journal import Journal
from apgms_ops.observation import Failure, Observation, timestamp
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.journey.guide import Guide
from apgms_ops.probes.planned import Planned
from apgms_ops.probes.rollouts import rollouts
from tests.probes.journey.conftest import Walker, environment
from tests.probes.journey.platform import ABNS, Answer, Platform


def occupied(platform: Platform, name: str, age: timedelta, abns: tuple[str, ...] = ABNS) -> None:
    """Register employers as another walk would have."""
    for abn in abns:
        platform.office.register(abn, name)
        platform.office.employers[abn]["registeredAt"] = timestamp(datetime.now(UTC) - age)


def test_a_number_that_is_taken_is_left_alone(walker: Walker, platform: Platform) -> None:
    """A number that a living walk has is not touched: the next one is taken."""
    occupied(platform, "Smoke test aaaaaaaaaaaa", timedelta(minutes=1), ABNS[:2])
    seen = walker.walk()
    assert seen.written is not None
    assert seen.written.abn == ABNS[2]
    assert sorted(platform.office.employers) == sorted(ABNS[:2])
    assert not seen.leftovers.residue(walker.rules)


def test_where_all_are_taken_nothing_is_known(walker: Walker, platform: Platform) -> None:
    """Where every number is taken for as long as there is time, the walk is UNKNOWN, and says what to do."""
    occupied(platform, "Smoke test aaaaaaaaaaaa", timedelta(minutes=1))
    seen = walker.walk()
    with pytest.raises(Unobserved, match=r"all 3 synthetic numbers are taken.*apgms-ops smoke clean"):
        seen.books.employer_wrong()
    with pytest.raises(Unobserved):
        seen.leftovers.residue(walker.rules)
    assert len(platform.office.employers) == 3


def test_an_abandoned_number_is_cleaned_up(walker: Walker, platform: Platform) -> None:
    """What a walk of another machine left is removed once it is older than any walk can be."""
    occupied(platform, "Smoke test aaaaaaaaaaaa", timedelta(minutes=11))
    seen = walker.walk()
    assert seen.stopped is None
    assert platform.office.employers == {}
    assert set(seen.cleaned) == set(ABNS)


def test_money_that_moved_lately_is_somebodys(walker: Walker, platform: Platform) -> None:
    """However old an employer is, one whose ledger moved lately is somebody's walk."""
    occupied(platform, "Smoke test aaaaaaaaaaaa", timedelta(hours=1), ABNS[:1])
    platform.office.append(ABNS[0], "PAYGW", "2026-Q4", 100)
    walker.walk()
    assert list(platform.office.employers) == [ABNS[0]]


def test_an_employer_of_another_name_is_nobodys_walk(walker: Walker, platform: Platform) -> None:
    """An employer that no walk has named is never removed, however old."""
    occupied(platform, "Somebody else's", timedelta(days=9), ABNS[:1])
    walker.walk()
    assert list(platform.office.employers) == [ABNS[0]]


def test_what_a_killed_walk_left_is_cleaned_up_by_the_next(
    walker: Walker, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies in mid-walk leaves its journal; the next run removes exactly what that one had taken."""

    class Killed(BaseException):
        pass

    def kill(self: Guide, step: str, name: str) -> Any:  # noqa: ANN401
        if name == "close":
            raise Killed
        return self.label_anyway(step, name)

    with monkeypatch.context() as patch:
        patch.setattr(Guide, "label", kill)
        # The kernel drops the lock of a process that is gone, and nothing else is done any more.
        patch.setattr("apgms_ops.probes.journey.probe._Tour._clean_up", lambda *_: False)
        with pytest.raises(Killed):
            walker.walk()
    (left,) = platform.office.employers
    occupied(platform, "Smoke test aaaaaaaaaaaa", timedelta(minutes=1), tuple(abn for abn in ABNS if abn != left)[:1])
    assert len(walker.journals()) == 1
    seen = walker.walk()
    assert seen.cleaned == (left,)
    assert left not in platform.office.employers
    assert len(platform.office.employers) == 1
    assert walker.journals() == []
    assert platform.office.out_of_balance == []


def test_a_journal_of_a_living_walk_is_not_touched(walker: Walker, platform: Platform) -> None:
    """A walk whose process lives, and holds its journal's lock, is left alone."""
    (walker.runs / "other").mkdir(parents=True)
    platform.office.register(ABNS[0], "Smoke test 0123456789ab")
    journal = Journal.begin(walker.runs / "other", "0123456789ab", "toy")
    journal.note(holding=ABNS[0])
    walker.walk()
    assert list(platform.office.employers) == [ABNS[0]]
    journal.close()
    walker.walk()
    assert platform.office.employers == {}


def test_an_interrupted_walk_cleans_up(walker: Walker, platform: Platform) -> None:
    """Interrupted in its middle, the walk ends there, removes its employer, and says where it ended."""

    def interrupt(status: int, body: dict[str, Any]) -> Answer:
        walker.interrupted.set()
        return status, body

    platform.alter["period.close"] = interrupt
    seen = walker.walk()
    assert seen.stopped is not None
    assert seen.stopped.why == "the run was interrupted"
    assert platform.office.employers == {}
    assert walker.journals() == []


def test_a_lost_answer_leaves_nothing(walker: Walker, platform: Platform) -> None:
    """An employer whose registration had no answer is looked for, and removed, all the same."""
    register = platform.office.register
    tries: list[str] = []

    def lost(abn: str, name: str) -> Any:  # noqa: ANN401
        tries.append(abn)
        answer = register(abn, name)
        if len(tries) == 1:
            msg = "the connection breaks"
            raise ConnectionAbortedError(msg)
        return answer

    platform.office.register = lost  # type: ignore[method-assign]
    seen = walker.walk()
    assert seen.stopped is not None
    assert platform.office.employers == {}


def test_nothing_is_written_in_the_wrong_place(walker: Walker, platform: Platform) -> None:
    """Where the front door names another environment, nothing is asked for but its version."""
    platform.environment = "staging"
    with pytest.raises(WrongTarget, match="'staging', not the pinned 'toy'"):
        walker.walk()
    assert platform.seen == []


def test_without_a_pin_nothing_is_written(walker: Walker, platform: Platform) -> None:
    """Where nobody has said what the environment is called, the walk does not begin."""
    walker.environment = environment(platform).model_copy(update={"identities": type(walker.environment.identities)()})
    with pytest.raises(Unobserved, match=r"identities\.services is not pinned"):
        walker.walk()
    assert platform.seen == []


def test_a_rollout_that_failed_to_be_read_stops_the_walk(walker: Walker, platform: Platform) -> None:
    """In a run that judges the rollout, the walk does not begin unless the rollout is known to be complete."""
    now = datetime.now(UTC)
    failed = Observation("rollouts", "x", now, now, 0.0, failure=Failure("Unreachable", "no cluster"))
    with pytest.raises(Unobserved, match="no cluster"):
        walker.walk(Planned({"rollouts": (failed, FactsCodec(rollouts))}))
    assert platform.seen == []


def test_what_others_take_and_give_back_meanwhile_is_no_residue(walker: Walker, platform: Platform) -> None:
    """A number that another walk takes, and gives back, while this one looks whether anything is left, is clean."""
    rows, looks = platform.office.rows, list[str]()

    def taken_meanwhile(abn: str, tax_type: str) -> Any:  # noqa: ANN401
        if abn not in platform.office.employers and len(looks) < 2:
            looks.append(abn)
            return []  # it is another walk's for as long as this answer takes
        return rows(abn, tax_type)

    platform.office.rows = taken_meanwhile  # type: ignore[method-assign]
    seen = walker.walk()
    assert len(looks) == 2
    assert not seen.leftovers.residue(walker.rules)
    assert platform.office.employers == {}
    assert walker.journals() == []


def test_what_another_walk_has_taken_since_is_no_residue(walker: Walker, platform: Platform) -> None:
    """A number that another walk has taken by then is that walk's, and is left alone."""
    remove = platform.office.remove

    def taken(abn: str) -> None:
        remove(abn)
        platform.office.register(abn, "Smoke test bbbbbbbbbbbb")

    platform.office.remove = taken  # type: ignore[method-assign]
    seen = walker.walk()
    assert not seen.leftovers.residue(walker.rules)
    assert [one["legalName"] for one in platform.office.employers.values()] == ["Smoke test bbbbbbbbbbbb"]


def test_what_stays_readable_is_residue_and_tried_again(walker: Walker, platform: Platform) -> None:
    """An employer that was removed and can be read all the same is residue; the next run on the machine tries again."""
    remove = platform.office.remove

    def kept(abn: str) -> None:
        """Say that it was removed."""

    platform.office.remove = kept  # type: ignore[method-assign]
    seen = walker.walk()
    assert "after the employer was removed, not 404" in repr(seen.leftovers.residue(walker.rules))
    assert len(walker.journals()) == 1
    platform.office.remove = remove  # type: ignore[method-assign]
    again = walker.walk()
    assert seen.written is not None
    assert again.cleaned == (seen.written.abn,)
    assert platform.office.employers == {}
    assert walker.journals() == []
