"""Allure's command line: fetched once by Maven, compared with our own digest every time, run in a JVM."""

import os
import shutil
import signal
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ReportError
from apgms_ops.maven import differing, fetch
from apgms_ops.redact import printable

VERSION: Final = "2.34.1"
ARCHIVE: Final = f"allure-commandline-{VERSION}.zip"
SHA256: Final = "6eb2e037604744d4ba1f9cad3676cf286974aca48f7839d9b2f7688e1efd79f2"
_CONFIGURATION: Final = "plugins:\n  - behaviors-plugin\n"
"""Of its plugins, the one that groups by runbook section and step. The others read foreign formats or call out."""
_JVM: Final = ("-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


class AllureTool:
    """Allure's command line, in the user's cache."""

    def __init__(self, cache: Path, environ: Mapping[str, str], say: Callable[[str], None]) -> None:
        """Name the places; nothing is read or fetched yet.

        Args:
            cache: The user's cache folder of apgms-ops.
            environ: The environment variables: PATH, to find `java` and `mvn`.
            say: Hears of a download.
        """
        self._folder = cache / "allure"
        self._environ = environ
        self._say = say

    def generate(self, results: Path, output: Path, name: str, deadline: Deadline) -> None:
        """Draw the report as one HTML file, `output/index.html`.

        Raises:
            ReportError: There is no JVM; or Allure is not in the cache and Maven cannot be had, failed, or fetched
                another archive than the pinned one; or Allure itself failed.
        """
        java = self._program("java", "openjdk-17-jre-headless", "Allure's renderer runs in a Java virtual machine")
        self._ensure(deadline)
        with tempfile.TemporaryDirectory(prefix="apgms-allure-") as folder:
            home = self._unpacked(Path(folder))
            libraries = os.pathsep.join((f"{home}/lib/*", f"{home}/lib/config"))
            command = [
                java,
                *_JVM,
                f"-Djava.io.tmpdir={folder}",
                "-classpath",
                libraries,
                "io.qameta.allure.CommandLine",
            ]
            options = ["--clean", "--single-file", "--name", name, "--output", str(output)]
            # Without this variable it reports to its makers that a report was drawn.
            environ = {**self._environ, "APP_HOME": str(home), "ALLURE_NO_ANALYTICS": "1"}
            said = _run([*command, "generate", *options, str(results)], environ, deadline)
        if not (output / "index.html").is_file():
            msg = f"Allure {VERSION} drew no report: {printable(said, limit=300) or 'it said nothing'}"
            raise ReportError(msg)

    def _program(self, name: str, package: str, why: str) -> str:
        found = shutil.which(name, path=self._environ.get("PATH", os.defpath))
        if found is None:
            msg = f"{why}, and there is no `{name}`; install it with `apt-get install {package}`"
            raise ReportError(msg)
        return found

    def _ensure(self, deadline: Deadline) -> None:
        if not differing(self._folder, {ARCHIVE: SHA256}):
            return
        maven = self._program("mvn", "maven", f"Allure {VERSION} is fetched by Maven")
        self._say(f"Allure {VERSION}: fetching its renderer with Maven")
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".draft-", dir=self._folder) as folder:
            draft = Path(folder)
            pom = resources.files(__package__).joinpath("pom.xml").read_bytes()
            goal = ("dependency:copy-dependencies", f"-DoutputDirectory={draft}")
            failure = fetch(Path(maven), pom, goal, draft, deadline)
            if failure is not None:
                msg = f"Allure {VERSION} could not be fetched: {failure}"
                raise ReportError(msg)
            if differing(draft, {ARCHIVE: SHA256}):
                msg = f"what Maven fetched as {ARCHIVE} is not the pinned archive"
                raise ReportError(msg)
            (draft / ARCHIVE).replace(self._folder / ARCHIVE)

    def _unpacked(self, folder: Path) -> Path:
        """Unpack the archive, whose digest was compared, and say which of its plugins are used."""
        with zipfile.ZipFile(self._folder / ARCHIVE) as archive:
            archive.extractall(folder)
        home = folder / f"allure-{VERSION}"
        (home / "config" / "allure.yml").write_text(_CONFIGURATION, encoding="utf-8")
        return home


def _run(command: list[str], environ: Mapping[str, str], deadline: Deadline) -> str:
    left = deadline.require("drawing the report")
    with subprocess.Popen(  # noqa: S603 — a fixed command; the names are ours
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=left)
        except BaseException as error:  # an interrupted runner must not leave the JVM behind either
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                msg = f"Allure {VERSION} did not draw the report within {deadline.seconds:g} s"
                raise ReportError(msg) from error
            raise
    if process.returncode != 0:
        msg = f"Allure {VERSION} failed (exit {process.returncode}): {printable(output[-600:], limit=300)}"
        raise ReportError(msg)
    return output
