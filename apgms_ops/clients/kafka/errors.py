"""The driver's errors, made ours: who refused, who did not answer, and what was only half an answer."""

from typing import TYPE_CHECKING, Final

from apgms_ops.errors import AccessDenied, BadAnswer, DeadlineExceeded, Incomplete, Unobserved, Unreachable

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

_DENIED: Final = frozenset(
    {
        "_AUTHENTICATION",
        "TOPIC_AUTHORIZATION_FAILED",
        "GROUP_AUTHORIZATION_FAILED",
        "CLUSTER_AUTHORIZATION_FAILED",
        "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
        "SASL_AUTHENTICATION_FAILED",
        "UNSUPPORTED_SASL_MECHANISM",
        "ILLEGAL_SASL_STATE",
    },
)
_UNREACHABLE: Final = frozenset({"_TRANSPORT", "_RESOLVE", "_SSL", "_ALL_BROKERS_DOWN", "_NOENT", "NETWORK_EXCEPTION"})
_LATE: Final = frozenset({"_TIMED_OUT", "_TIMED_OUT_QUEUE", "_MSG_TIMED_OUT", "REQUEST_TIMED_OUT"})
_HALF: Final = frozenset(
    {
        "COORDINATOR_LOAD_IN_PROGRESS",
        "COORDINATOR_NOT_AVAILABLE",
        "NOT_COORDINATOR",
        "LEADER_NOT_AVAILABLE",
        "NOT_LEADER_FOR_PARTITION",
        "UNSTABLE_OFFSET_COMMIT",
        "OFFSET_NOT_AVAILABLE",
        "_UNKNOWN_PARTITION",
        "_UNKNOWN_TOPIC",
        "UNKNOWN_TOPIC_OR_PART",
        "UNKNOWN_LEADER_EPOCH",
        "FENCED_LEADER_EPOCH",
    },
)


def translated(error: "KafkaError", doing: str, seconds: float, connection: "KafkaError | None" = None) -> Unobserved:
    """Return our error for the driver's, in one line.

    Args:
        error: What the call ended with.
        doing: What was being done: "listing consumer groups".
        seconds: How long was waited, at most.
        connection: What the driver last said of its connections: a call that merely timed out had its reason there.
    """
    if error.name() in _LATE | _UNREACHABLE and connection is not None:
        error = connection
    name = error.name()
    text = " ".join(error.str().split())
    if name in _DENIED:
        return AccessDenied(f"Kafka refused us while {doing}: {text}")
    if name in _UNREACHABLE:
        return Unreachable(f"Kafka cannot be reached: {text}")
    if name in _LATE:
        return DeadlineExceeded(f"Kafka did not answer within {seconds:.3g} s while {doing}")
    if name in _HALF:
        return Incomplete(f"Kafka could not tell yet, while {doing}: {text}")
    return BadAnswer(f"Kafka answered with an error while {doing}: {text} ({name})")
