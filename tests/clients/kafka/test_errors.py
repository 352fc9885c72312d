"""Every way in which the driver fails reads as what it is: refused, away, late, or half an answer."""

import pytest
from confluent_kafka import KafkaError

from apgms_ops.clients.kafka.errors import translated
from apgms_ops.errors import AccessDenied, BadAnswer, DeadlineExceeded, Incomplete, Unobserved, Unreachable


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (KafkaError.GROUP_AUTHORIZATION_FAILED, AccessDenied),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, AccessDenied),
        (KafkaError.CLUSTER_AUTHORIZATION_FAILED, AccessDenied),
        (KafkaError.SASL_AUTHENTICATION_FAILED, AccessDenied),
        (KafkaError._AUTHENTICATION, AccessDenied),
        (KafkaError._TRANSPORT, Unreachable),
        (KafkaError._RESOLVE, Unreachable),
        (KafkaError._SSL, Unreachable),
        (KafkaError._TIMED_OUT, DeadlineExceeded),
        (KafkaError.COORDINATOR_LOAD_IN_PROGRESS, Incomplete),
        (KafkaError.NOT_COORDINATOR, Incomplete),
        (KafkaError.LEADER_NOT_AVAILABLE, Incomplete),
        (KafkaError.UNSUPPORTED_VERSION, BadAnswer),
    ],
)
def test_an_error_of_the_driver_is_one_of_ours(code: int, kind: type[Unobserved]) -> None:
    """Each error of the driver becomes the error that says what is wrong, in one line."""
    error = translated(KafkaError(code, "some\n  text"), "listing consumer groups", 5.0)
    assert type(error) is kind
    assert "\n" not in str(error)


def test_a_time_out_has_its_reason_in_the_connection() -> None:
    """Where the connection said why, a call that merely timed out says so too."""
    timed_out, refused = KafkaError(KafkaError._TIMED_OUT), KafkaError(KafkaError._TRANSPORT, "Connection refused")
    error = translated(timed_out, "connecting", 5.0, refused)
    assert isinstance(error, Unreachable)
    assert "Connection refused" in str(error)
