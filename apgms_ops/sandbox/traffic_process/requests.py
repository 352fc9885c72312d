"""Makes the requests that the front door answers."""

import http.client
import threading
import time

_PATHS = ("/v1/registries/abn/53004085616", "/v1/registries/abn/51824753556")
_PROBE = "/health/ready"
_PROBE_PERIOD = 1.0
_IDLE = 0.1
_TIMEOUT = 5.0


class Requester:
    """A client of the front door: look-ups at a rate, and a readiness probe once a second."""

    def __init__(self, port: int, rate: float) -> None:
        """Prepare to ask the front door on 127.0.0.1, `rate` look-ups a second."""
        self._port = port
        self.rate = rate
        self.made = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="requests", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the request in hand."""
        self._stopping.set()

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT)
        lookup = probe = time.monotonic()
        while not self._stopping.is_set():
            now = time.monotonic()
            if now >= probe:
                self._get(connection, _PROBE)
                probe = now + _PROBE_PERIOD
            rate = self.rate  # an order may change it while a request is under way
            if rate <= 0:
                lookup = now
            elif now >= lookup:
                self._get(connection, _PATHS[self.made % len(_PATHS)])
                self.made += 1
                # Never more than one period behind: a rate is kept, and not caught up with after a pause.
                lookup = max(lookup + 1 / rate, now - 1 / rate)
            due = min(probe, lookup if rate > 0 else probe, now + _IDLE)
            self._stopping.wait(max(0.0, due - time.monotonic()))
        connection.close()

    def _get(self, connection: http.client.HTTPConnection, path: str) -> None:
        try:
            connection.request("GET", path)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            connection.close()  # the next request connects anew
