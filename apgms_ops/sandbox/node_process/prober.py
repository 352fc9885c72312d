"""Asks containers whether they are ready and alive: a thread a container, which says only what changed."""

import http.client
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from apgms_ops.sandbox.node_process.pod import Probe

_EAGER: Final = 0.15
"""Seconds between two tries until the first success: whoever starts a sandbox waits for it."""
_GOOD: Final = range(200, 400)
_SHOWN: Final = 120


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe has to say."""

    holds: bool
    changed: bool
    """Whether it has just become so."""
    trouble: str
    """What was wrong this time; empty if nothing was."""


class Prober:
    """One probe of one run."""

    def __init__(
        self, probe: Probe, address: str, said: Callable[[Finding], None], *, holds: bool, eager: bool
    ) -> None:
        """Prepare to probe.

        Args:
            probe: How.
            address: The pod's.
            said: Hears of each change, and of each failure.
            holds: What is taken to be so before the first answer: a container is alive, and not ready.
            eager: Whether to ask more often than the probe says until it holds for the first time.
        """
        self._probe = probe
        self._address = address
        self._said = said
        self._holds = holds
        self._eager = eager
        self._in_a_row = 0
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, name="prober", daemon=True).start()

    def stop(self) -> None:
        """Ask no more, and say no more."""
        self._stopping.set()

    def _run(self) -> None:
        self._stopping.wait(self._probe.delay)
        while not self._stopping.is_set():
            trouble = ask(self._probe, self._address)
            if self._stopping.is_set():
                return
            self.take(trouble)
            self._stopping.wait(min(_EAGER, self._probe.period) if self._eager else self._probe.period)

    def take(self, trouble: str) -> None:
        """Take one answer, empty if it was good, and say what it changes."""
        good = not trouble
        self._in_a_row = 0 if good == self._holds else self._in_a_row + 1
        changed = self._in_a_row >= (self._probe.successes if good else self._probe.failures)
        if changed:
            self._holds, self._in_a_row, self._eager = good, 0, False
        if changed or (not good and not self._eager):
            self._said(Finding(self._holds, changed, trouble))


def ask(probe: Probe, address: str) -> str:
    """Ask once and return what is wrong, in a kubelet's words; nothing if all is well."""
    try:
        if probe.path is None:
            with socket.create_connection((address, probe.port), probe.timeout):
                return ""
        connection = http.client.HTTPConnection(address, probe.port, timeout=probe.timeout)
        try:
            connection.request("GET", probe.path, headers={"User-Agent": "kube-probe/sandbox", "Connection": "close"})
            response = connection.getresponse()
            response.read(_SHOWN)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        return f'Get "http://{address}:{probe.port}{probe.path or ""}": {str(error) or type(error).__name__}'
    return "" if response.status in _GOOD else f"HTTP probe failed with statuscode: {response.status}"
