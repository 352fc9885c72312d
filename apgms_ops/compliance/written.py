"""The checks of a site as their files are written: read, never imported, so that a probe can ask which ones there are.

`apgms-ops docs` has pytest collect them, which takes a process and seconds. A test holds the two together.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from apgms_ops.compliance.coverage import Check
from apgms_ops.environment.model import Environment
from apgms_ops.errors import Unobserved

FOLDERS: Final = ("checks", "smoke")
"""Where the checks of a site are."""
_SERVICE: Final = "service"
_READ: Final = ("runbook", "control")
"""The markers whose arguments say what a check is for."""


@dataclass(frozen=True, slots=True)
class Written:
    """A test function in one of the folders of checks."""

    id: str
    """Its node id, without parameters."""
    promise: str
    markers: tuple[tuple[str, tuple[object, ...]], ...]
    """Of the markers `runbook` and `control`, the arguments."""
    objective: str | None
    """With which objective a service must be for it to be judged, where it says so."""
    by_service: bool
    """Whether it is made once a service, and has its name in its id."""

    @property
    def check(self) -> Check | None:
        """It, as the runbook lists it; None where it names no step, and so is no check that pytest would run."""
        steps = [arguments for name, arguments in self.markers if name == "runbook"]
        if not steps:
            return None
        match steps[-1]:
            case (str(section), int(step)):
                controls = (name for kind, names in self.markers if kind == "control" for name in names)
                return Check(self.id, self.promise, section, step, tuple(dict.fromkeys(map(str, controls))))
            case other:
                msg = f"{self.id}: its marker runbook names no section and step: {other}"
                raise Unobserved(msg)

    def services(self, environment: Environment) -> Iterator[str]:
        """Yield the services of an environment that it is made for, where it is made once a service."""
        for name, service in environment.services.items():
            if self.objective is None or any(one.kind == self.objective for one in service.objectives):
                yield name


def written(root: Path) -> dict[str, Written]:
    """Return the checks below `root` by their node ids.

    Raises:
        Unobserved: There are none, or a file or a marker cannot be read.
    """
    paths = [path for folder in FOLDERS for path in sorted((root / folder).rglob("test_*.py"))]
    found = {one.id: one for path in paths for one in _of_file(path, path.relative_to(root).as_posix())}
    if not found:
        msg = f"no checks in {' or '.join(f'{name}/' for name in FOLDERS)} of the folder that this run was started in"
        raise Unobserved(msg)
    return found


def checks(found: Iterable[Written]) -> tuple[Check, ...]:
    """Return those that name their step of the runbook.

    Raises:
        Unobserved: A marker says something else than a section and a step.
    """
    return tuple(check for check in (one.check for one in found) if check is not None)


def _of_file(path: Path, name: str) -> Iterator[Written]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), name)
    except OSError as error:
        msg = f"{name} cannot be read: {error.strerror}"
        raise Unobserved(msg) from error
    except ValueError as error:
        msg = f"{name} cannot be read: {error}"
        raise Unobserved(msg) from error
    except SyntaxError as error:
        msg = f"{name}:{error.lineno}: {error.msg}"
        raise Unobserved(msg) from error
    values = _assigned(tree.body)
    yield from _Reader(values).of(tree.body, name, _marks(values))


def _assigned(body: Iterable[ast.stmt]) -> dict[str, ast.expr]:
    found: dict[str, ast.expr] = {}
    for node in body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        found |= {target.id: value for target in targets if isinstance(target, ast.Name) and value is not None}
    return found


def _marks(values: Mapping[str, ast.expr]) -> tuple[ast.expr, ...]:
    marks = values.get("pytestmark")
    if isinstance(marks, ast.List | ast.Tuple):
        return tuple(marks.elts)
    return () if marks is None else (marks,)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one file."""

    values: Mapping[str, ast.expr]
    """What its names are, at the top."""

    def of(self, body: Iterable[ast.stmt], place: str, marks: tuple[ast.expr, ...]) -> Iterator[Written]:
        for node in body:
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                own = (*marks, *_marks(_assigned(node.body)), *node.decorator_list)
                yield from self.of(node.body, f"{place}::{node.name}", own)
            elif isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                yield self._written(node, f"{place}::{node.name}", (*marks, *node.decorator_list))

    def _written(self, node: ast.FunctionDef, name: str, marks: tuple[ast.expr, ...]) -> Written:
        markers = [self._marker(mark, name) for mark in marks]
        names = {argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
        told = tuple((kind, self._arguments(kind, call, name)) for kind, call in markers if kind in _READ and call)
        narrowed = [self._objective(call) for kind, call in markers if kind == "services" and call]
        promise = (ast.get_docstring(node) or "").strip().partition("\n")[0]
        return Written(name, promise, told, narrowed[-1] if narrowed else None, _SERVICE in names)

    def _marker(self, mark: ast.expr, name: str) -> tuple[str, ast.Call | None]:
        """Return a marker's name and its call: `pytest.mark.control(…)`, or a name that stands for it."""
        if isinstance(mark, ast.Name):
            mark = self.values.get(mark.id, mark)
        call = mark if isinstance(mark, ast.Call) else None
        function = mark.func if isinstance(mark, ast.Call) else mark
        match function:
            case ast.Attribute(value=ast.Attribute(attr="mark") | ast.Name(id="mark"), attr=kind):
                return kind, call
            case _:
                # It may carry the marker of a control, which would not be asked for then.
                msg = f"{name}: whether it is a marker cannot be read: {ast.unparse(mark)[:100]}"
                raise Unobserved(msg)

    @staticmethod
    def _arguments(kind: str, call: ast.Call, name: str) -> tuple[object, ...]:
        given = {word.arg: word.value for word in call.keywords}
        try:
            both = [*call.args, *(given[word] for word in ("section", "step") if word in given)]
            return tuple(ast.literal_eval(argument) for argument in both)
        except ValueError as error:
            msg = f"{name}: the arguments of its marker {kind} are not written out, so they cannot be read"
            raise Unobserved(msg) from error

    @staticmethod
    def _objective(call: ast.Call) -> str | None:
        """Return what the marker `services` narrows to; None, which narrows nothing, where it is not written out."""
        values = [*call.args, *(word.value for word in call.keywords)]
        first = values[0] if values else None
        return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
