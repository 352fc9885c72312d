"""What the body of a check must be like for its silence to mean something. Reads source, runs nothing."""

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator
from textwrap import dedent
from typing import Any

from apgms_ops.errors import ConfigurationError

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def require_assertion(function: Callable[..., Any], probes: Iterable[str]) -> None:
    """Refuse a check that could end without having looked.

    Args:
        function: The check.
        probes: Those of its parameters that are probes.

    Raises:
        ConfigurationError: Its body has no assertion that is always reached, or one that always holds, or it never
            reads one of its probes.
    """
    definition = _definition(function)
    asserted = list(_always_reached(definition.body))
    if not asserted:
        msg = (
            "a check asserts something on every path: an assertion that only a branch, a loop or a try reaches may "
            "never be made; let the facts return Findings, and write: assert not facts.method()"
        )
        raise ConfigurationError(msg)
    probes = list(probes)
    for statement in asserted:
        if _always_holds(statement.test, probes):
            msg = f"its assertion always comes to the same: assert {ast.unparse(statement.test):.80}"
            raise ConfigurationError(msg)
    read = {n.id for s in definition.body for n in ast.walk(s) if isinstance(n, ast.Name)}
    unread = [name for name in probes if name in inspect.signature(function).parameters and name not in read]
    if unread:
        msg = f"it takes the probe {unread[0]!r} and never looks at it"
        raise ConfigurationError(msg)


def _definition(function: Callable[..., Any]) -> ast.FunctionDef:
    try:
        tree = ast.parse(dedent(inspect.getsource(inspect.unwrap(function))))
    except (OSError, TypeError, SyntaxError, ValueError) as error:
        msg = f"its source cannot be read, so nobody can tell what it asserts ({type(error).__name__})"
        raise ConfigurationError(msg) from error
    first = tree.body[0] if tree.body else None
    if not isinstance(first, ast.FunctionDef):
        msg = "a check is a plain function: def test_…, neither async nor a lambda"
        raise ConfigurationError(msg)
    return first


def _always_reached(body: Iterable[ast.stmt]) -> Iterator[ast.Assert]:
    """Yield the assertions on the straight path, up to where it may end early."""
    for statement in body:
        if isinstance(statement, ast.Assert):
            yield statement
        elif isinstance(statement, ast.With) and not any(_swallows(item) for item in statement.items):
            yield from _always_reached(statement.body)
        if _may_return(statement):
            return


def _swallows(item: ast.withitem) -> bool:
    names = {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(item.context_expr)}
    return not names.isdisjoint({"raises", "suppress", "warns"})


def _may_return(node: ast.AST) -> bool:
    if isinstance(node, _SCOPES):
        return False
    return isinstance(node, ast.Return) or any(_may_return(child) for child in ast.iter_child_nodes(node))


def _always_holds(test: ast.expr, probes: Iterable[str]) -> bool:
    # assert (seen, "words") holds whatever was seen, and so do a constant and facts without a question to them.
    if isinstance(test, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.JoinedStr):
        return True
    if isinstance(test, ast.Name):
        return test.id in probes
    return not any(isinstance(node, ast.Name) for node in ast.walk(test))
