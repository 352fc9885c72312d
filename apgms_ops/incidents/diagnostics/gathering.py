"""Collects from a cluster in a thread of its own, whatever of it still answers."""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Kubernetes
from apgms_ops.errors import WrongTarget
from apgms_ops.estate import Estate
from apgms_ops.incidents.diagnostics.cluster import pieces_of
from apgms_ops.incidents.diagnostics.collecting import collect
from apgms_ops.incidents.diagnostics.material import Taken
from apgms_ops.redact import Redactor, printable


class Gathering(threading.Thread):
    """One collection. `taken` is what became of it, once the thread is over."""

    def __init__(  # noqa: PLR0913, PLR0917 — what is collected, and whereto
        self,
        estate: Estate,
        since: datetime,
        redactor: Redactor,
        folder: Path,
        deadline: Deadline,
        say: Callable[[Taken], None],
    ) -> None:
        """Collect nothing yet.

        Args:
            estate: Whose cluster.
            since: When the incident began.
            redactor: Masks what is secret.
            folder: An empty one; each piece lies in it by its number.
            deadline: For all of it.
            say: Told of each piece.
        """
        super().__init__(daemon=True, name="diagnose")
        self.taken: tuple[Taken, ...] = ()
        self._estate = estate
        self._since = since
        self._redactor = redactor
        self._folder = folder
        self._deadline = deadline
        self._say = say

    def run(self) -> None:
        """Collect, whatever answers."""
        section = self._estate.environment.kubernetes
        if not isinstance(section, Kubernetes):
            reason = self._estate.environment.absence("kubernetes") or "it is not declared"
            self.taken = (Taken("logs", "the cluster", 0, missing=f"this environment has none: {reason}"),)
            return
        redact = self._redactor
        try:
            self._require_pinned()
            pieces = pieces_of(self._estate.kubernetes, section.namespace, self._since, redact, self._deadline)
        except Exception as error:  # noqa: BLE001 — whatever it is, the rest of the bundle is wanted all the same
            cause = f"{type(error).__name__}: {printable(redact(str(error)), limit=400)}"
            self.taken = (Taken("logs", "the cluster's pods, events and logs", 0, missing=cause),)
            self._say(self.taken[0])
            return
        self.taken = collect(pieces, self._folder, redact, self._deadline, self._say)

    def _require_pinned(self) -> None:
        """See that it is the cluster that the environment pins: logs of another would pass for those of this incident.

        Raises:
            WrongTarget: It is another.
        """
        pinned = self._estate.environment.identities.kubernetes
        found = self._estate.kubernetes.identity(self._deadline)
        if pinned is not None and found != pinned:
            msg = f"{self._estate.kubernetes.source} is cluster {found}, not the pinned {pinned}"
            raise WrongTarget(msg)
