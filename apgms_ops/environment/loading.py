"""From a name on the command line to a validated environment, and to the secrets that it refers to."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from apgms_ops.environment.limits import Limits
from apgms_ops.environment.model import SECTIONS, Environment
from apgms_ops.environment.problems import explain, harmless
from apgms_ops.environment.types import Model
from apgms_ops.errors import EnvironmentInvalid, SecretUnreadable
from apgms_ops.secret import Secret, SecretReference

M = TypeVar("M", bound=Model)

LARGEST = 1024 * 1024
"""Bytes of an environment file that are read."""
LISTED = 10
"""Problems of one file that are listed."""
RESERVED = frozenset({"controls", "waivers"})
"""Files of an environments folder that are not environments."""
SERVICES = "services"
"""What every environment has, and need not be declared absent."""
_PLACEHOLDER = re.compile(r"\$\{(?:(?P<key>[a-z][a-z0-9_.-]*)(?::-(?P<default>[^}\"\\\n]*))?\})?")


def known(folder: Path) -> list[str]:
    """Return the names of the environments in a folder, sorted.

    Raises:
        EnvironmentInvalid: There is no such folder, or it cannot be read.
    """
    try:
        names = [path.stem for path in folder.iterdir() if path.suffix == ".toml" and path.is_file()]
    except OSError as error:
        msg = (
            f"{folder}: expected a folder of environment files ({error.strerror}); "
            "name one with --environments or APGMS_ENVIRONMENTS"
        )
        raise EnvironmentInvalid(msg) from error
    return sorted(name for name in names if name not in RESERVED)


def find(name_or_path: str, folder: Path) -> Path:
    """Return the file of an environment: a name is looked up in `folder`, anything with a slash or `.toml` is a path.

    Raises:
        EnvironmentInvalid: There is no such file; for a name the text lists those that exist.
    """
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        try:
            path.stat()
        except OSError as error:
            msg = f"{harmless(name_or_path, 300)}: expected an environment file: {error.strerror}"
            raise EnvironmentInvalid(msg) from error
        return path
    names = known(folder)
    if name_or_path not in names:
        near = difflib.get_close_matches(name_or_path, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        msg = f'no environment "{harmless(name_or_path)}" in {folder}: there are {", ".join(names) or "none"}{hint}'
        raise EnvironmentInvalid(msg)
    return folder / f"{name_or_path}.toml"


def _read(path: Path) -> str:
    try:
        if path.is_dir():
            msg = f"{path}: expected a TOML file, and it is a folder"
            raise EnvironmentInvalid(msg)
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            msg = f"{path}: expected a TOML file of at most {LARGEST // 1024} KiB, and it is larger"
            raise EnvironmentInvalid(msg)
        return data.decode("utf-8-sig")
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror or type(error).__name__}"
        raise EnvironmentInvalid(msg) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        msg = f"{path}: line {line}: expected UTF-8 text"
        raise EnvironmentInvalid(msg) from error


def _escape(value: str) -> str:
    """Return a value as it stands between the double quotes of a TOML string."""
    return "".join(
        f"\\{c}" if c in '"\\' else f"\\u{ord(c):04x}" if ord(c) < ord(" ") or c == "\x7f" else c for c in value
    )


def fill(text: str, values: Mapping[str, str], file: str) -> str:
    """Return a template's text with each `${key:-default}` replaced; comment lines stay as they are.

    A placeholder stands between double quotes. Its value is `values[key]`, else what follows `:-`.

    Args:
        text: The template.
        values: What the running sandbox published.
        file: The template's name, for the error.

    Raises:
        EnvironmentInvalid: A placeholder is malformed, or has neither value nor default; every such one is named.
    """
    problems: list[str] = []
    lines: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):

        def replacement(match: re.Match[str], where: str = f"line {number}") -> str:
            key: str | None = match["key"]
            if key is None:
                problems.append(f"{where}: expected a placeholder such as ${{kafka.bootstrap:-127.0.0.1:9}}")
                return ""
            default: str | None = match["default"]
            value = values.get(key, default)
            if value is None:
                problems.append(f"{where}: ${{{key}}} has no value: start the sandbox: apgms-ops sandbox up")
                return ""
            return _escape(value)

        lines.append(line if line.lstrip().startswith("#") else _PLACEHOLDER.sub(replacement, line))
    if problems:
        raise EnvironmentInvalid(_listed(file, problems))
    return "\n".join(lines)


def load(path: Path, values: Mapping[str, str] | None = None) -> Environment:
    """Return the environment that a file declares. No secret is read.

    Args:
        path: The file.
        values: What fills the placeholders of the sandbox's template; without, their defaults do.

    Raises:
        EnvironmentInvalid: The text names the file, each key, and what was expected there.
    """
    return _validated(_parsed(fill(_read(path), values or {}, str(path)), path), path, Environment)


def read_as(path: Path, model: type[M]) -> M:
    """Return another file beside the environments, such as the waivers, as its model.

    Raises:
        EnvironmentInvalid: The text names the file, each key, and what was expected there.
    """
    return _validated(_parsed(_read(path), path), path, model)


def _validated(data: dict[str, Any], path: Path, model: type[M]) -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise EnvironmentInvalid(_listed(str(path), explain(error, model, data))) from None


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        msg = f"{path}: expected TOML, and it is nested too deeply"
        raise EnvironmentInvalid(msg) from error
    except ValueError as error:
        # TOMLDecodeError says line and column; a number of 5,000 digits is a plain ValueError.
        msg = f"{path}: expected TOML: {harmless(str(error), 300)}"
        raise EnvironmentInvalid(msg) from error


def with_limits(environment: Environment, path: Path) -> Environment:
    """Return an environment with those limits that the table `[limits]` of a file names; the others stay.

    Raises:
        EnvironmentInvalid: The file cannot be read, has no such table, or it is malformed.
    """
    table = _parsed(_read(path), path).get("limits")
    if not isinstance(table, dict) or not table:
        msg = f"{path}: expected a table [limits] with at least one limit in it"
        raise EnvironmentInvalid(msg)
    try:
        given = Limits.model_validate(table)
    except ValidationError as error:
        raise EnvironmentInvalid(_listed(f"{path}: [limits]", explain(error, Limits, table))) from None
    named = {name: getattr(given, name) for name in given.model_fields_set}
    return environment.model_copy(update={"limits": environment.limits.model_copy(update=named)})


def _listed(subject: str, problems: list[str]) -> str:
    if len(problems) == 1:
        return f"{subject}: {problems[0]}"
    more = len(problems) - LISTED
    lines = [f"{subject}: {len(problems)} problems", *problems[:LISTED]]
    return "\n  ".join(lines if more <= 0 else [*lines, f"and {more} more"])


def _references(value: Any) -> Iterator[SecretReference]:  # noqa: ANN401 — any value of a model
    if isinstance(value, SecretReference):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _references(getattr(value, name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _references(item)


def secrets_of(environment: Environment, sections: Iterable[str] = SECTIONS) -> tuple[SecretReference, ...]:
    """Return the secrets that the named sections refer to, each once, in the order of the model.

    Those of the cluster are among them where a section is reached through it.

    Raises:
        EnvironmentInvalid: The model knows no such section.
    """
    wanted = tuple(sections)
    unknown = sorted(set(wanted) - {*SECTIONS, SERVICES})
    if unknown:
        msg = f"no section {', '.join(unknown)}: there are {', '.join(SECTIONS)}"
        raise EnvironmentInvalid(msg)
    if any(environment.via(name) is not None for name in wanted):
        wanted += ("kubernetes",)
    found = (r for name in (SERVICES, *SECTIONS) if name in wanted for r in _references(getattr(environment, name)))
    return tuple(dict.fromkeys(found))


def read_secrets(references: Iterable[SecretReference], environ: Mapping[str, str]) -> dict[SecretReference, Secret]:
    """Read every secret that a run needs, before it starts.

    Raises:
        SecretUnreadable: The text names every reference that leads nowhere, one a line.
    """
    found: dict[SecretReference, Secret] = {}
    problems: list[str] = []
    for reference in references:
        try:
            found[reference] = reference.read(environ)
        except SecretUnreadable as error:
            problems.append(str(error))
    if problems:
        raise SecretUnreadable(
            problems[0] if len(problems) == 1 else "\n  ".join([f"{len(problems)} secrets cannot be read", *problems])
        )
    return found


def folder_of_environments(option: str | None, environ: Mapping[str, str], start: Path) -> Path:
    """Return the folder of environment files: the option's, else $APGMS_ENVIRONMENTS, else the nearest above `start`.

    Args:
        option: What `--environments` says, if anything.
        environ: The process's environment variables.
        start: The current directory, or pytest's rootdir.
    """
    named = option or environ.get("APGMS_ENVIRONMENTS")
    if named:
        return Path(named)
    above = (parent / "environments" for parent in (start, *start.parents))
    return next((folder for folder in above if folder.is_dir()), start / "environments")
