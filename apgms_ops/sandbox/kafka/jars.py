"""Apache Kafka's jars: resolved by Maven from our own pom.xml, compared with our own digests, kept in the cache."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.maven import differing, fetch
from apgms_ops.sandbox import debian
from apgms_ops.sandbox.state import locked
from apgms_ops.sandbox.world import World

_STAMP: Final = "verified.json"


class Jars:
    """The jars of one Kafka version, in the cache: complete, and byte for byte those of the manifest."""

    def __init__(self, cache: Path, manifest: Mapping[str, Any] | None = None) -> None:
        """Name the folder; nothing is read or fetched yet.

        Args:
            cache: The user's cache folder of apgms-ops.
            manifest: Kafka's version and the SHA-256 of each jar; by default the packaged manifest.json.
        """
        data = json.loads(packaged("manifest.json")) if manifest is None else manifest
        self.version: str = data["kafka"]
        self._digests: dict[str, str] = data["jars"]
        self._folder = cache / f"kafka-{self.version}"

    @property
    def class_path(self) -> str:
        """What `java -cp` takes. Named one by one: a jar that somebody adds to the folder is not loaded."""
        return os.pathsep.join(str(self._folder / name) for name in sorted(self._digests))

    def ensure(self, world: World, deadline: Deadline) -> None:
        """See that every jar is there and right, fetching them all if one is not.

        Raises:
            SandboxError: Maven cannot be had or failed, or what it fetched is not what the manifest says.
        """
        # Two sandboxes that start at once fetch once; where all is well, nobody waits.
        if self._stamped():
            return
        with locked(self._folder.with_name(f"{self._folder.name}.lock")):
            if not self._stamped() and not self._verified(self._folder):
                self._fetch(world, deadline)

    def _fetch(self, world: World, deadline: Deadline) -> None:
        maven = debian.program(world, "mvn", "maven", deadline)
        world.report(f"Apache Kafka {self.version}: fetching {len(self._digests)} jars with Maven")
        draft = Path(tempfile.mkdtemp(prefix=f".{self._folder.name}.", dir=self._folder.parent))
        try:
            jars = draft / "jars"
            goal = ("dependency:copy-dependencies", f"-DoutputDirectory={jars}", "-DincludeScope=runtime")
            failure = fetch(maven, packaged("pom.xml"), goal, draft, deadline)
            if failure is not None:
                msg = f"Apache Kafka {self.version} could not be fetched: {failure}"
                raise SandboxError(msg)
            wrong = differing(jars, self._digests)
            if wrong:
                msg = f"Maven fetched jars that are not the pinned ones: {', '.join(wrong)}"
                raise SandboxError(msg)
            shutil.rmtree(self._folder, ignore_errors=True)
            jars.replace(self._folder)
            self._stamp()
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _verified(self, folder: Path) -> bool:
        if not folder.is_dir() or differing(folder, self._digests):
            return False
        self._stamp()
        return True

    # A full verification reads 45 MB. After one, size and modification time of each jar are noted down, and as long
    # as they are the same the start of a sandbox reads no jar.

    def _measure(self) -> dict[str, list[Any]]:
        measured = {}
        for name, digest in self._digests.items():
            found = (self._folder / name).stat()
            measured[name] = [digest, found.st_size, found.st_mtime_ns]
        return measured

    def _stamp(self) -> None:
        (self._folder / _STAMP).write_text(json.dumps(self._measure()), encoding="utf-8")

    def _stamped(self) -> bool:
        try:
            return bool(json.loads((self._folder / _STAMP).read_text(encoding="utf-8")) == self._measure())
        except (OSError, ValueError):
            return False


def packaged(name: str) -> bytes:
    """Return a file that is packaged beside this module."""
    return resources.files(__package__).joinpath(name).read_bytes()
