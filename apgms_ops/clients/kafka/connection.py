"""A connection to the brokers through librdkafka: silent, and never waiting for longer than a deadline."""

import concurrent.futures
import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from apgms_ops.clients.kafka.errors import translated
from apgms_ops.deadline import Deadline
from apgms_ops.errors import DeadlineExceeded, Unobserved
from apgms_ops.secret import Secret

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError
    from confluent_kafka.admin import AdminClient

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

_LAST_WORD: Final = 0.3
"""Seconds kept back at the end of a deadline, so that our own error names the cause before the runner's does."""
_REFUSALS: Final = 2.0
"""Seconds for which brokers that refuse every connection are tried again."""
_CONNECTING: Final = 10.0
"""Seconds for the first answer, at most; a broker that accepts and says nothing needs no longer to be told by."""
_POLL: Final = 0.002


class Connection:
    """The driver's admin client, with errors of ours."""

    def __init__(  # noqa: PLR0913 — what a Kafka listener is configured with
        self,
        *,
        bootstrap: Sequence[str],
        protocol: str,
        mechanism: str | None,
        username: Secret | None,
        password: Secret | None,
        ca_file: str | None,
    ) -> None:
        """Keep the settings; nothing is loaded or connected yet."""
        self._settings: dict[str, Any] = {
            "bootstrap.servers": ",".join(bootstrap),
            "security.protocol": protocol,
            "client.id": "apgms-ops",
            "socket.nagle.disable": True,
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 500,
            "allow.auto.create.topics": False,
        }
        if ca_file is not None:
            self._settings["ssl.ca.location"] = ca_file
        if mechanism is not None:
            self._settings["sasl.mechanism"] = mechanism
        self._secrets = {"sasl.username": username, "sasl.password": password}
        self._admins: list[AdminClient] = []
        self._said: KafkaError | None = None

    @property
    def admin(self) -> "AdminClient":
        """The driver's client, made at first use.

        Raises:
            Unobserved: The driver refuses its settings.
        """
        return self.lanes(1)[0]

    def lanes(self, count: int) -> "list[AdminClient]":
        """Return so many of the driver's clients, each with a connection and a thread of its own.

        Raises:
            Unobserved: The driver refuses its settings.
        """
        while len(self._admins) < count:
            self._admins.append(self._made())
        return self._admins[:count]

    def _made(self) -> "AdminClient":
        from confluent_kafka import KafkaException  # noqa: PLC0415 — heavy
        from confluent_kafka.admin import AdminClient  # noqa: PLC0415 — heavy

        try:
            return AdminClient(self._all(), logger=_silent())
        except KafkaException as error:
            raise translated(error.args[0], "configuring the driver", 0.0) from error

    def _all(self) -> dict[str, Any]:
        secrets = {key: secret.reveal() for key, secret in self._secrets.items() if secret is not None}
        return self._settings | secrets | {"error_cb": self._hear}

    def consumer(self, **options: str | int | bool) -> "Consumer":
        """Return a consumer that joins no group and commits nothing.

        Args:
            options: Of this consumer, with underscores for dots.

        Raises:
            Unobserved: The driver refuses its settings.
        """
        from confluent_kafka import Consumer, KafkaException  # noqa: PLC0415 — heavy

        own = {name.replace("_", "."): value for name, value in options.items()}
        # The driver asks for a group's name even where there is no group.
        alone = {"group.id": "apgms-ops", "enable.auto.commit": False, "enable.auto.offset.store": False}
        try:
            return Consumer({**self._all(), **alone, **own}, logger=_silent())
        except KafkaException as error:
            raise translated(error.args[0], "configuring the driver", 0.0) from error

    def _hear(self, error: "KafkaError") -> None:
        # "All brokers are down" only repeats that each of them is.
        if error.name() != "_ALL_BROKERS_DOWN":
            self._said = error

    def seconds(self, deadline: Deadline, doing: str) -> float:
        """Return the timeout of a call that is about to be made, in seconds.

        Raises:
            DeadlineExceeded: Nothing is left.
        """
        return max(_POLL, deadline.require(doing) - _LAST_WORD)

    def connect(self, deadline: Deadline) -> str:
        """Return the cluster's id: the first call, which tells at once whether anybody is there.

        Raises:
            Unreachable: Nobody listens, no such host, or TLS is broken.
            AccessDenied: The credentials were refused.
            DeadlineExceeded: Somebody listens and says nothing.
        """
        doing = "connecting"
        patience = deadline.within(_CONNECTING)
        seconds = self.seconds(patience, doing)
        future = self.admin.describe_cluster(request_timeout=seconds)
        refusals = patience.within(_REFUSALS)
        while not concurrent.futures.wait((future,), timeout=min(_POLL, patience.remaining)).done:
            self.admin.poll(0)
            if self._said is not None and (refusals.expired or self._said.name() != "_TRANSPORT"):
                raise translated(self._said, doing, seconds)
            if patience.expired:
                break
        return str(self.result(future, patience, doing).cluster_id)

    def result(self, future: "concurrent.futures.Future[T]", deadline: Deadline, doing: str) -> T:
        """Wait for one answer.

        Raises:
            Unobserved: There is none, or it is an error.
        """
        from confluent_kafka import KafkaException  # noqa: PLC0415 — heavy

        left = deadline.require(doing)
        try:
            return future.result(timeout=left)
        except KafkaException as error:
            raise self.translated(error, doing, deadline.seconds) from error
        except concurrent.futures.TimeoutError as error:
            msg = f"Kafka did not answer within {deadline.seconds:g} s while {doing}"
            raise DeadlineExceeded(msg) from error

    def results(
        self,
        futures: Mapping[K, "concurrent.futures.Future[T]"],
        deadline: Deadline,
        doing: str,
    ) -> tuple[dict[K, T], dict[K, Unobserved]]:
        """Wait for many answers that are all under way; return those that came, and why the others did not."""
        answers: dict[K, T] = {}
        failures: dict[K, Unobserved] = {}
        for key, future in futures.items():
            try:
                answers[key] = self.result(future, deadline, doing)
            except Unobserved as failure:
                failures[key] = failure
        return answers, failures

    def call(self, function: Callable[[], T], deadline: Deadline, doing: str) -> T:
        """Make a call that blocks until its own timeout, and translate its error.

        Raises:
            Unobserved: It failed.
        """
        from confluent_kafka import KafkaException  # noqa: PLC0415 — heavy

        try:
            return function()
        except KafkaException as error:
            raise self.translated(error, doing, deadline.seconds) from error

    def translated(self, error: Any, doing: str, seconds: float) -> Unobserved:  # noqa: ANN401 — two types of the driver
        """Return our error for one of the driver's, with what it last said of its connections."""
        self._said = None
        for admin in self._admins:
            admin.poll(0)
        return translated(getattr(error, "args", [error])[0], doing, seconds, self._said)


def _silent() -> logging.Logger:
    """Return a logger that says nothing: librdkafka writes to stderr otherwise, what it also says to error_cb."""
    quiet = logging.getLogger(__name__)
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    return quiet
