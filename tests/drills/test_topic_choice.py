"""Which snapshot is meant, and where it may go: what could mean two things is refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from apgms_ops.drills.topic_choice import chosen, known_topic, moment, require_target
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Kafka
from apgms_ops.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 27, 6, tzinfo=UTC)
EPOCHS = [1_795_485_600, 1_795_572_000, 1_795_658_400]
"""02:00 UTC of three days."""


@pytest.fixture(scope="module")
def kafka() -> Kafka:
    """The sandbox's topics and groups."""
    found = load(ROOT / "environments" / "sandbox.toml").kafka
    assert isinstance(found, Kafka)
    return found


@pytest.mark.parametrize("text", ["1795658400", "1795658400000", "1795658400999"])
def test_seconds_and_milliseconds_are_the_same_moment(text: str) -> None:
    """Where nothing else can be meant."""
    assert moment(text) == datetime(2026, 11, 26, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "-1", "1", "99999999", "100000000000", "999999999999", "1795658400000000", "1795658400.5", "1e9"),
        *("now", "١٧٩٥٦٥٨٤٠٠", "0x6B0", " 1795658400", "1795658400\n", "2026-11-26T02:00:00Z"),
    ],
)
def test_what_could_mean_two_moments_or_none_is_refused(text: str) -> None:
    """Rather than restored as of 1970, or of a year that nobody lives to see."""
    with pytest.raises(ConfigurationError, match="expected seconds since 1970"):
        moment(text)


def test_the_newest_snapshot_of_then_or_before_is_chosen() -> None:
    """At the second at which it was taken, and until the next one."""
    for wanted, epoch in ((EPOCHS[1], EPOCHS[1]), (EPOCHS[2] - 1, EPOCHS[1]), (EPOCHS[2] + 5, EPOCHS[2])):
        assert chosen(EPOCHS, datetime.fromtimestamp(wanted, UTC), NOW, "audit.log") == epoch


def test_a_moment_without_a_snapshot_is_refused_with_what_there_is() -> None:
    """Before the first one, in the future, or where there is none."""
    with pytest.raises(ConfigurationError, match="or before; there are 1795658400"):
        chosen(EPOCHS, datetime.fromtimestamp(EPOCHS[0] - 1, UTC), NOW, "audit.log")
    with pytest.raises(ConfigurationError, match="in the future; there are 1795658400"):
        chosen(EPOCHS, datetime(2026, 11, 27, 6, 0, 1, tzinfo=UTC), NOW, "audit.log")
    with pytest.raises(ConfigurationError, match=r"no snapshot of audit\.log"):
        chosen([], NOW, NOW, "audit.log")


@pytest.mark.parametrize("target", ["sbr.submit", "sbr.submit.dlq", "audit.log"])
def test_a_live_target_must_be_named_twice(kafka: Kafka, target: str) -> None:
    """And by its own name."""
    for forced in (None, "connectors.sync.request"):
        with pytest.raises(ConfigurationError):
            require_target(kafka, target, forced)
    assert require_target(kafka, target, target) is True


def test_a_target_beside_the_live_ones_needs_no_force(kafka: Kafka) -> None:
    """And gets none: whoever forces another name has made a mistake."""
    assert require_target(kafka, "sbr.submit.restored-1795658400", None) is False
    with pytest.raises(ConfigurationError, match="not the live topic"):
        require_target(kafka, "sbr.submit.restored-1795658400", "sbr.submit.restored-1795658400")


@pytest.mark.parametrize("target", ["", ".", "..", "a b", "a/b", "a" * 201, "--into-live", "-a", "ä"])
def test_what_is_no_name_of_a_topic_is_refused(kafka: Kafka, target: str) -> None:
    """Before it reaches a command line."""
    with pytest.raises(ConfigurationError, match="no name of a topic"):
        require_target(kafka, target, None)


def test_a_topic_that_is_not_declared_is_refused(kafka: Kafka) -> None:
    """With those that are."""
    assert known_topic(kafka, "audit.log.dlq") == 3
    with pytest.raises(ConfigurationError, match="no declared topic; there are connectors"):
        known_topic(kafka, "audit")
