"""Which snapshot somebody means, and where it may be restored to. Pure."""

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

from apgms_ops.environment.model import Kafka
from apgms_ops.errors import ConfigurationError
from apgms_ops.redact import printable

_SECONDS: Final = range(10**8, 10**11)
"""From 1973 to the year 5138: whoever means milliseconds by as many means a day of 1970 to 1973."""
_MILLISECONDS: Final = range(10**11 * 10, 10**14)
"""From 2001 to the year 5138."""
_TOPIC: Final = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._-]{0,199}")
_NAMED: Final = 5


def moment(text: str) -> datetime:
    """Return the moment that a number stands for: seconds since 1970, or milliseconds where nothing else can be meant.

    Raises:
        ConfigurationError: It stands for none, or could stand for two.
    """
    number = int(text) if re.fullmatch(r"[0-9]{1,16}", text) else -1
    if number in _SECONDS:
        return datetime.fromtimestamp(number, UTC)
    if number in _MILLISECONDS:
        return datetime.fromtimestamp(number // 1000, UTC)
    shown = printable(text, limit=40)
    msg = (
        f"--timestamp {shown}: expected seconds since 1970, such as 1764205200, or milliseconds, such as 1764205200000"
    )
    raise ConfigurationError(msg)


def chosen(epochs: Sequence[int], wanted: datetime, now: datetime, topic: str) -> int:
    """Return the snapshot of a moment: the newest that was taken then or before.

    Args:
        epochs: The topic's snapshots, by seconds since 1970, in order.
        wanted: The moment.
        now: The present.
        topic: The topic, for errors.

    Raises:
        ConfigurationError: There is none, or the moment is still to come.
    """
    if not epochs:
        msg = f"there is no snapshot of {topic}"
        raise ConfigurationError(msg)
    there = f"there are {_listed(epochs)}"
    if wanted > now:
        msg = f"{wanted.isoformat()} is in the future; {there}"
        raise ConfigurationError(msg)
    earlier = [epoch for epoch in epochs if epoch <= wanted.timestamp()]
    if not earlier:
        msg = f"there is no snapshot of {topic} of {wanted.isoformat()} or before; {there}"
        raise ConfigurationError(msg)
    return earlier[-1]


def _listed(epochs: Sequence[int]) -> str:
    newest = list(reversed(epochs))[:_NAMED]
    named = ", ".join(f"{epoch} ({datetime.fromtimestamp(epoch, UTC):%Y-%m-%d %H:%M:%S} UTC)" for epoch in newest)
    older = f", and {len(epochs) - _NAMED} older ones" if len(epochs) > _NAMED else ""
    return f"{named}{older}"


def known_topic(kafka: Kafka, topic: str) -> int:
    """Return how many partitions a declared topic has.

    Raises:
        ConfigurationError: It is not declared.
    """
    partitions = kafka.required_topics.get(topic)
    if partitions is None:
        msg = f"{printable(topic, limit=80)} is no declared topic; there are {', '.join(kafka.required_topics)}"
        raise ConfigurationError(msg)
    return partitions


def require_target(kafka: Kafka, target: str, into_live: str | None) -> bool:
    """Return whether a target is a live topic, which whoever wants it must have named twice.

    Args:
        kafka: What is declared.
        target: What is to be restored into.
        into_live: The name that was given to force it.

    Raises:
        ConfigurationError: It is no name of a topic; it is live, and was not forced by this name; or it is not.
    """
    if not _TOPIC.fullmatch(target) or target in (".", ".."):
        msg = f"{printable(target, limit=80)} is no name of a topic"
        raise ConfigurationError(msg)
    live = live_topics(kafka)
    if target in live and into_live != target:
        msg = f"{target} is live: what is restored there is handled a second time; repeat its name with --into-live"
        raise ConfigurationError(msg)
    if into_live is not None and (into_live != target or target not in live):
        msg = (
            f"--into-live {printable(into_live, limit=80)} is not the live topic that would be restored into, {target}"
        )
        raise ConfigurationError(msg)
    return target in live


def live_topics(kafka: Kafka) -> Collection[str]:
    """Return the topics that somebody reads or writes: all that are declared, as a topic or as what a group reads."""
    return {*kafka.required_topics, *(topic for group in kafka.groups for topic in group.topics)}
