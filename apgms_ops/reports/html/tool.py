"""Allure's command line: installed once by npm from our lock file, compared with our own digest before every use."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ReportError
from apgms_ops.redact import printable
from apgms_ops.reports.html import node
from apgms_ops.reports.html.results import GROUP_LABEL, VERDICT_LABEL
from apgms_ops.verdict import Verdict

VERSION: Final = "3.18.0"
TREE: Final = "6107933c8192b3a7458a774ad05fd7975ca81481072f85d501ef366f0c9ecd08"
"""Digest of every file that the lock file installs."""
_FILES: Final = ("package.json", "package-lock.json")
# No script of a package runs, and nobody is asked about anything but the packages themselves.
_INSTALL: Final = ("ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--no-update-notifier")
_CATEGORIES: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "WAIVED: seen not to hold, and a known issue",
        "matchers": [{"labels": {VERDICT_LABEL: f"^{Verdict.WAIVED}$"}}],
    },
    {"name": "FAIL: the promise was seen not to hold", "matchers": [{"statuses": ["failed"]}]},
    {"name": "UNKNOWN: could not be observed, never green", "matchers": [{"statuses": ["broken", "unknown"]}]},
    {"name": "SKIPPED: declared absent in this environment", "matchers": [{"statuses": ["skipped"]}]},
)
_HISTORY: Final = 10_000
"""Runs in a chart: as many as it is given."""
_CHARTS: Final[tuple[dict[str, Any], ...]] = (
    {"type": "statusDynamics", "title": "Checks by status, run by run", "limit": _HISTORY},
    {"type": "statusTransitions", "title": "Checks that changed, run by run", "limit": _HISTORY},
    {"type": "currentStatus", "title": "Checks of this run by status"},
)


class AllureTool:
    """Allure's command line, in the user's cache."""

    def __init__(self, cache: Path, environ: Mapping[str, str], say: Callable[[str], None]) -> None:
        """Name the places; nothing is read or fetched yet.

        Args:
            cache: The user's cache folder of apgms-ops.
            environ: The environment variables: PATH, to find `node` and `npm`, and npm's own.
            say: Hears of a download.
        """
        self._folder = cache / "allure" / f"{VERSION}-{TREE[:12]}"
        self._environ = environ
        self._say = say

    def generate(self, staged: Path, output: Path, name: str, deadline: Deadline) -> None:
        """Draw the report as one HTML file, `output/index.html`.

        Args:
            staged: A folder with `results/` and `history.jsonl`; the configuration is written beside them.
            output: A folder that does not exist yet.
            name: The report's name.
            deadline: For all of it; the first report on a machine installs the renderer.

        Raises:
            ReportError: There is no Node.js; or Allure is not in the cache and npm cannot get it, or got something
                else than what is pinned; or Allure itself failed.
        """
        found = node.find(self._environ)
        self._ensure(found, deadline)
        configuration = staged / "allurerc.json"
        configuration.write_text(json.dumps(_configuration(name, output)), encoding="utf-8")
        command = [str(found.program), str(self._folder / "node_modules" / "allure" / "cli.js"), "generate"]
        options = ["--config", str(configuration), "--cwd", str(staged), "results"]
        # Nothing of this machine's environment: it would put the CI job that draws into the page of another's run.
        environ = {"PATH": str(found.program.parent), "HOME": str(staged), "LANG": "C.UTF-8", "TZ": "UTC"}
        said = _run([*command, *options], environ, staged, "drawing the report", deadline)
        if not (output / "index.html").is_file():
            msg = f"Allure {VERSION} drew no report: {printable(said, limit=300) or 'it said nothing'}"
            raise ReportError(msg)

    def _ensure(self, found: node.Node, deadline: Deadline) -> None:
        if tree_digest(self._folder) == TREE:
            return
        self._say(f"Allure {VERSION}: installing it with npm, once")
        parent = self._folder.parent
        try:
            parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".draft-", dir=parent) as folder:
                self._install(found, Path(folder) / VERSION, deadline)
        except OSError as error:
            msg = f"{parent} cannot be written: {error.strerror or error}"
            raise ReportError(msg) from error

    def _install(self, found: node.Node, draft: Path, deadline: Deadline) -> None:
        draft.mkdir()
        for file in _FILES:
            (draft / file).write_bytes(resources.files(__package__).joinpath(file).read_bytes())
        _run([*found.npm, *_INSTALL], found.environ(self._environ), draft, "fetching Allure with npm", deadline)
        if tree_digest(draft) != TREE:
            msg = f"what npm installed as Allure {VERSION} is not what is pinned; it was thrown away"
            raise ReportError(msg)
        shutil.rmtree(self._folder, ignore_errors=True)
        try:
            draft.rename(self._folder)
        except OSError:
            # Somebody else was first; what they put there is compared like everything else.
            if tree_digest(self._folder) != TREE:
                raise


def tree_digest(folder: Path) -> str:
    """Return the SHA-256 over names and contents of all installed files, npm's own notes and links left out."""
    modules = folder / "node_modules"
    found = hashlib.sha256()
    files = {path.relative_to(modules).as_posix(): path for path in modules.rglob("*")}
    for name, path in sorted(files.items()):
        if path.is_symlink() or not path.is_file() or name == ".package-lock.json":
            continue
        with path.open("rb") as file:
            found.update(name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def _configuration(name: str, output: Path) -> dict[str, Any]:
    # No timeline: a check judges in milliseconds what its probe took seconds to see.
    view = {"groupBy": [GROUP_LABEL], "sections": ["charts"], "charts": list(_CHARTS)}
    awesome = {"reportName": name, "singleFile": True, "reportLanguage": "en", **view}
    return {
        "name": name,
        "output": str(output),
        "historyPath": "history.jsonl",
        "appendHistory": False,
        "categories": {"rules": list(_CATEGORIES)},
        "plugins": {"awesome": {"options": awesome}},
    }


def _run(command: Sequence[str], environ: Mapping[str, str], folder: Path, doing: str, deadline: Deadline) -> str:
    left = deadline.require(doing)
    with subprocess.Popen(  # noqa: S603 — a fixed command; the names are ours
        command,
        cwd=folder,
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
        except BaseException as error:  # an interrupted runner must not leave Node.js behind either
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                msg = f"{doing} did not end within {deadline.seconds:g} s"
                raise ReportError(msg) from error
            raise
    if process.returncode != 0:
        said = output[max(0, output.lower().find("error")) :][:300]
        msg = f"{doing} failed (exit {process.returncode}): {printable(said)}"
        raise ReportError(msg)
    return output
