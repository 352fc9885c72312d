"""Where Node.js is found, and what is said where there is none."""

from pathlib import Path

import pytest

from apgms_ops.errors import ReportError
from apgms_ops.reports.html import node


def program(path: Path, says: str) -> None:
    """Write a program that says one thing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)


def wheel(folder: Path) -> Path:
    """Write the files of the wheel that are looked for."""
    program(folder / "bin" / "node", "v24.0.0")
    program(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js", "11")
    return folder


def test_the_systems_is_taken_where_it_is_new_enough(tmp_path: Path) -> None:
    """Node.js 20 with npm beside it is enough."""
    program(tmp_path / "bin" / "node", "v20.1.0")
    program(tmp_path / "bin" / "npm", "10")
    found = node.find({"PATH": f"{tmp_path}/bin"}, wheel(tmp_path / "wheel"))
    assert found == node.Node(tmp_path / "bin" / "node", (f"{tmp_path}/bin/npm",))


@pytest.mark.parametrize(("version", "npm"), [("v18.19.0", True), ("v20.1.0", False), ("nonsense", True)])
def test_the_wheels_is_taken_where_the_systems_will_not_do(tmp_path: Path, version: str, npm: bool) -> None:  # noqa: FBT001 — a parameter
    """One that is too old, has no npm, or does not run is passed over."""
    program(tmp_path / "bin" / "node", version)
    if npm:
        program(tmp_path / "bin" / "npm", "10")
    found = node.find({"PATH": f"{tmp_path}/bin"}, wheel(tmp_path / "wheel"))
    assert found.program == tmp_path / "wheel" / "bin" / "node"
    assert found.environ({"PATH": "/bin"})["PATH"] == f"{tmp_path}/wheel/bin:/bin"


def test_without_any_the_two_ways_to_get_one_are_named(tmp_path: Path) -> None:
    """One line, with what to type."""
    with pytest.raises(ReportError, match=r"there is none: `pip install 'apgms-ops\[report\]'`, or `apt-get install"):
        node.find({"PATH": str(tmp_path)}, tmp_path / "no wheel")
    program(tmp_path / "node", "v18.19.0")
    program(tmp_path / "npm", "9")
    with pytest.raises(ReportError, match="there is 18: "):
        node.find({"PATH": str(tmp_path)}, tmp_path / "no wheel")
