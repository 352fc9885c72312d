"""Dead letters are counted by topic, and a topic that is not there is not one without letters."""

import pytest

from apgms_ops.clients.kafka import DeadLetters
from apgms_ops.environment.types import Limit
from apgms_ops.errors import Unobserved
from apgms_ops.probes.dead_letters import DeadLetterTopics

NONE = Limit[int](value=0, source="runbook")
QUIET = (DeadLetters("a.dlq", 0, 7, 7), DeadLetters("a.dlq", 1, 3, 3))
GROWN = (DeadLetters("a.dlq", 0, 7, 8), DeadLetters("a.dlq", 1, 3, 5))


def test_old_dead_letters_are_no_finding() -> None:
    """Letters that lay there a day ago are no news."""
    assert not DeadLetterTopics(("a.dlq",), QUIET).above(NONE)


def test_new_dead_letters_are_summed_over_the_partitions() -> None:
    """The finding names topic, number and limit."""
    found = DeadLetterTopics(("a.dlq",), GROWN).above(NONE)
    assert found == ("3 dead letters arrived on a.dlq within 24 hours; allowed are 0 (runbook)",)


def test_as_many_as_the_limit_are_well() -> None:
    """The limit itself is allowed."""
    assert not DeadLetterTopics(("a.dlq",), GROWN).above(Limit[int](value=3, source="runbook"))


def test_a_missing_topic_is_unknown() -> None:
    """A declared dead-letter topic that does not exist cannot be counted."""
    with pytest.raises(Unobserved, match=r"b\.dlq"):
        DeadLetterTopics(("a.dlq", "b.dlq"), QUIET).above(NONE)


def test_no_declared_topic_is_unknown() -> None:
    """Where nothing is counted, nothing is known to be well."""
    with pytest.raises(Unobserved, match="no dead-letter topic is declared"):
        DeadLetterTopics((), ()).above(NONE)
