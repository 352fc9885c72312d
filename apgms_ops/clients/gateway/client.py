"""Reads of the platform's own services."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from apgms_ops.clients.gateway import exposition, parse
from apgms_ops.clients.gateway.facts import Family, Health, LookUp, Version
from apgms_ops.clients.http import HttpReader
from apgms_ops.deadline import Deadline
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Recorder

_LARGEST: Final = 16 * 1024 * 1024
"""Bytes of one answer."""


class ServiceClient:
    """One replica of one service, at its own address. Safe to use from several threads."""

    def __init__(self, service: str, url: str, recorder: Recorder) -> None:
        """Take its name and address; nothing is sent yet."""
        self.service = service
        self.url = url
        self._recorder = recorder
        self._http = HttpReader(system=service, url=url, recorder=recorder, size_limit=_LARGEST)
        self._identified = False

    def health(self, deadline: Deadline, *, route: str = "/health/ready") -> Health:
        """Return what it says of its health.

        Raises:
            Unobserved: It says nothing, or something else.
        """
        return parse.health(self._http.get(route, deadline=deadline))

    def version(self, deadline: Deadline) -> Version:
        """Return what it is, and which estate it says it belongs to.

        Raises:
            Unobserved: It says nothing, or something else.
        """
        version = parse.version(self._http.get("/version", deadline=deadline))
        self._recorder.identify("services", version.environment)
        self._identified = True
        return version

    def metrics(self, deadline: Deadline) -> dict[str, Family]:
        """Return its metrics, by name.

        Raises:
            Unobserved: It has none, or they are malformed.
        """
        self._identify(deadline)
        answer = self._http.get("/metrics", deadline=deadline)
        if answer.status != HTTPStatus.OK or answer.media_type != "text/plain":
            answer.refuse("no metrics in the text format")
        return exposition.families(answer.text)

    def abn(self, abn: str, deadline: Deadline, *, fresh: bool) -> LookUp:
        """Look a business number up.

        Args:
            abn: The number.
            deadline: For all of it.
            fresh: Whether the register itself must be asked, past every cache.

        Raises:
            Unobserved: There is no answer that says something of the number.
        """
        self._identify(deadline)
        path = f"/registries/abn/{abn}"
        return parse.look_up(self._http.get(path, [("fresh", "true")] if fresh else [], deadline=deadline))

    def _identify(self, deadline: Deadline) -> None:
        """Ask once who it is: right answers from another estate are no answers."""
        if not self._identified:
            self.version(deadline)


class Services:
    """The services of the platform, wherever the environment says that their replicas are."""

    def __init__(self, *, urls: Mapping[str, Sequence[str]], recorder: Recorder) -> None:
        """Take the addresses; nothing is sent yet.

        Args:
            urls: Service → the address of each replica.
            recorder: Where what was seen is kept.
        """
        self._urls = urls
        self._recorder = recorder

    def replicas(self, service: str) -> tuple[ServiceClient, ...]:
        """Return the replicas of a service.

        Raises:
            Unobserved: The environment names no address of it.
        """
        urls = self._urls.get(service, ())
        if not urls:
            msg = f"services.{service}.urls is not declared: no replica can be asked"
            raise Unobserved(msg)
        return tuple(ServiceClient(service, url, self._recorder) for url in urls)
