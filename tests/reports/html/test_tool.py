"""The renderer that is pinned: which one, from where, and how it is known again."""

import json
import os
from importlib import resources
from pathlib import Path

from apgms_ops.reports.html.tool import VERSION, tree_digest

PACKAGE = "apgms_ops.reports.html"


def test_every_package_is_pinned_by_digest_and_none_by_address() -> None:
    """The lock file names the version of each package and its SHA-512, and no place that it comes from."""
    text = resources.files(PACKAGE).joinpath("package-lock.json").read_text()
    assert "://" not in text
    assert '"resolved"' not in text
    packages = json.loads(text)["packages"]
    assert packages["node_modules/allure"]["version"] == VERSION
    assert [name for name, one in packages.items() if name and not one["integrity"].startswith("sha512-")] == []
    wanted = json.loads(resources.files(PACKAGE).joinpath("package.json").read_text())
    assert wanted["dependencies"] == {"allure": VERSION}


def test_no_package_has_a_script_that_must_run() -> None:
    """Nothing is built when they are installed, so that scripts can be forbidden."""
    packages = json.loads(resources.files(PACKAGE).joinpath("package-lock.json").read_text())["packages"]
    assert [name for name, one in packages.items() if one.get("hasInstallScript")] == []


def test_a_tree_is_known_by_the_names_and_contents_of_its_files(tmp_path: Path) -> None:
    """A byte, a name, a file more or less: another digest; npm's own notes, links and times: the same."""
    modules = tmp_path / "node_modules"
    (modules / "a").mkdir(parents=True)
    (modules / "a" / "cli.js").write_text("draw()")
    (modules / "a" / "b.js").write_text("")
    whole = tree_digest(tmp_path)
    (modules / ".package-lock.json").write_text("{}")
    (modules / ".bin").symlink_to(modules / "a")
    os.utime(modules / "a" / "cli.js", (0, 0))
    assert tree_digest(tmp_path) == whole
    digests = {whole}
    (modules / "a" / "cli.js").write_text("draw( )")
    digests.add(tree_digest(tmp_path))
    (modules / "a" / "b.js").rename(modules / "a" / "c.js")
    digests.add(tree_digest(tmp_path))
    (modules / "a" / "d.js").write_text("")
    digests.add(tree_digest(tmp_path))
    assert len(digests) == 4
    assert tree_digest(tmp_path / "nothing") not in digests
