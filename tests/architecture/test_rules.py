"""The rules of the house that a linter does not know."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "apgms_ops"
MODULES = sorted(PACKAGE.rglob("*.py"))
CHECKS = sorted(path for folder in ("checks", "smoke") for path in (ROOT / folder).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
HEAVY = {"kubernetes", "boto3", "botocore", "confluent_kafka", "allure", "allure_commons", "allure_pytest", "httpx"}
HEAVY |= {"rfc3161_client", "securesystemslib"}
# Programs of their own, which no run of the checks imports; and what talks to allure-pytest, which pytest has loaded.
MAY_BE_HEAVY = (
    "apgms_ops/sandbox/traffic_process/",
    "apgms_ops/sandbox/service_process/",
    "apgms_ops/sandbox/kafka/guest.py",
    "apgms_ops/plugin/labels.py",
)
# Whatever a probe raises is UNKNOWN: "could not find out" has no closed list of causes. Nor has a handler
# that fails, which is answered 500. Nor have the drivers of KMS and HSM, behind which the run must go on unsealed.
MAY_CATCH_EVERYTHING = (
    "apgms_ops/clients/objectstore/calling.py",  # hands it to the thread that waits
    "apgms_ops/plugin/scheduler.py",
    "apgms_ops/doctor/examination.py",
    "apgms_ops/evidence/signing.py",
    "apgms_ops/incidents/diagnostics/collecting.py",  # a piece that cannot be had is said to be missing
    "apgms_ops/incidents/diagnostics/gathering.py",
    "apgms_ops/sandbox/service_process/guard.py",
)
LONGEST = 300
# Spelt in pieces, so that this file does not name them.
FORBIDDEN = re.compile(
    "|".join(["/wor" + "k/", "/roo" + "t/", "pypi" + r"\.org", "files" + r"\.pythonhosted", "repo1?" + r"\.maven"])
)


def name(path: Path) -> str:
    """Return a path as it is shown."""
    return str(path.relative_to(ROOT))


def parsed(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), name(path))


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """Return the top-level packages that these nodes import."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def at_import(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes that run when a module is imported: all but bodies of functions and type-checking blocks."""
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            todo += node.orelse
            continue
        todo += ast.iter_child_nodes(node)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_module_of_the_package_asserts(path: Path) -> None:
    """An assert in the package would read as FAIL what could not be found out."""
    lines = [node.lineno for node in ast.walk(parsed(path)) if isinstance(node, ast.Assert)]
    assert not lines


@pytest.mark.parametrize("path", [p for p in MODULES if not name(p).startswith(MAY_CATCH_EVERYTHING)], ids=name)
def test_no_module_of_the_package_catches_everything(path: Path) -> None:
    """A handler names the errors that it handles; only guards, which make UNKNOWN or 500 of them, do not."""
    caught = [
        node.lineno
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception"))
    ]
    assert not caught


@pytest.mark.parametrize("path", [p for p in MODULES if not name(p).startswith("apgms_ops/plugin/")], ids=name)
def test_pytest_lives_in_the_plugin_alone(path: Path) -> None:
    """Outside the plugin nothing of the package imports pytest."""
    assert not imported(ast.walk(parsed(path))) & {"pytest", "_pytest", "xdist"}


@pytest.mark.parametrize("path", [p for p in MODULES if not name(p).startswith(MAY_BE_HEAVY)], ids=name)
def test_heavy_libraries_are_imported_where_they_are_used(path: Path) -> None:
    """Importing a module loads none of the heavy libraries."""
    assert not imported(at_import(parsed(path))) & HEAVY


@pytest.mark.parametrize("path", MODULES + CHECKS, ids=name)
def test_no_file_is_longer_than_a_noun(path: Path) -> None:
    """A file that passes 300 lines is two."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", TESTS + [p for p in CHECKS if p.name.startswith("test_")], ids=name)
def test_every_test_and_check_says_what_it_promises(path: Path) -> None:
    """Every test and check has a docstring that begins with a whole sentence."""
    silent = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            first = (ast.get_docstring(node) or "").partition("\n\n")[0]
            if not re.match(r"\S+ \S+ .*[.!?]$", first, re.DOTALL):
                silent.append(node.name)
    assert not silent


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py"], ids=name)
def test_every_package_says_what_may_enter_it(path: Path) -> None:
    """Every package has a docstring."""
    assert ast.get_docstring(parsed(path))


def test_nothing_committed_names_a_machine_or_a_registry() -> None:
    """No committed file holds a path of somebody's machine or the host of a package registry."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 — git, wherever it is
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout: what is committed cannot be listed")
    found = []
    for file in listed.stdout.decode().split("\0"):
        path = ROOT / file
        if file and path.is_file() and FORBIDDEN.search(path.read_text(encoding="utf-8", errors="replace")):
            found.append(file)
    assert not found
