"""Keeps what came of a rehearsal: signed by the environment's key, in its archive, locked."""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.objectstore import AlreadyThere
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Archive, Environment, Evidence
from apgms_ops.errors import ConfigurationError, Unobserved
from apgms_ops.evidence import trust
from apgms_ops.evidence.files import file_digest
from apgms_ops.evidence.rehearsal import Rehearsal, signed
from apgms_ops.evidence.signing import Signer, signer_of

if TYPE_CHECKING:
    from apgms_ops.clients.objectstore import ObjectStoreClient

_TRIES: Final = 3
_BETWEEN: Final = 2.0
"""Seconds between tries."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Where an environment's rehearsals are kept, and by whom they are signed."""

    signer: Signer
    archive: "ObjectStoreClient"
    retention: timedelta
    redact: Callable[[str], str]
    """Masks what must not leave."""

    def keep(self, rehearsal: Rehearsal, deadline: Deadline) -> str:
        """Sign and store a record, locked; return its name in the archive.

        Raises:
            ConfigurationError: The key cannot be used.
            Unobserved: Whether it is stored is not known.
        """
        clean = Rehearsal(
            kind=rehearsal.kind,
            environment=rehearsal.environment,
            target=rehearsal.target,
            began=rehearsal.began,
            ended=rehearsal.ended,
            problems=tuple(map(self.redact, rehearsal.problems)),
            figures={name: self.redact(value) for name, value in rehearsal.figures.items()},
            by=rehearsal.by,
        )
        content = signed(clean, self.signer.public, lambda data: self.signer.sign(data, deadline))
        until = (datetime.now(UTC) + self.retention + timedelta(seconds=1)).replace(microsecond=0)
        with tempfile.TemporaryDirectory(prefix="apgms-ops-drill-") as made:
            file = Path(made) / "record.json"
            file.write_bytes(content)
            self._put(clean, file, until, deadline)
        return clean.key

    def _put(self, rehearsal: Rehearsal, file: Path, until: datetime, deadline: Deadline) -> None:
        """Store it; what took hours is not lost to one connection that was not made."""
        digest = file_digest(file)
        for tried in range(1, _TRIES + 1):
            try:
                self.archive.add(
                    rehearsal.key, file, deadline, sha256=digest, until=until, metadata={"kind": rehearsal.kind}
                )
            except AlreadyThere:
                return  # by an attempt whose answer was lost: the name is of this microsecond
            except Unobserved:
                if tried == _TRIES:
                    raise
                deadline.pause(_BETWEEN * tried, "storing it again")
            else:
                return


def prepare(
    environment: Environment,
    folder: Path,
    archive: "ObjectStoreClient",
    redact: Callable[[str], str],
    environ: Mapping[str, str] = os.environ,
) -> Recording:
    """Return where rehearsals are kept: asked for before one begins, so that none is for nothing.

    Args:
        environment: Whose.
        folder: Of its file, which the paths in it are relative to.
        archive: Its archive.
        redact: Masks secrets.
        environ: The process's environment variables.

    Raises:
        ConfigurationError: It has no archive, or no key that can be used.
    """
    evidence, section = environment.evidence, environment.archive
    if not isinstance(evidence, Evidence) or evidence.key is None or not isinstance(section, Archive):
        msg = f"environment {environment.name} keeps no evidence of a drill: declare [evidence] key, and [archive]"
        raise ConfigurationError(msg)
    keys = trust.declared_keys(evidence, folder)
    signer = signer_of(evidence.key, keys, datetime.now(UTC), environ)
    return Recording(signer, archive, section.retention.value, redact)
