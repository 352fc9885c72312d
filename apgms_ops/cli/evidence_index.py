"""`apgms-ops evidence index`: refreshes the platform's evidence index from a release's artifacts."""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from apgms_ops.environment.github import Github
from apgms_ops.environment.loading import find, folder_of_environments, load
from apgms_ops.environment.types import parse_duration
from apgms_ops.errors import ConfigurationError
from apgms_ops.evidence.index.artifacts import found
from apgms_ops.evidence.index.rows import Rules, rows, strays
from apgms_ops.evidence.index.update import Place, check, update
from apgms_ops.redact import printable

EXIT_NOT_OK = 1
_INDEX = Path("docs") / "dsp-osf" / "evidence-index.md"
_SHA = 40
_EPILOG = """The call is that of docs/dsp-osf/update_evidence_index.py: `--artifacts-dir DIR` alone refreshes the table.
Beside an artifact that does not say of which commit or of when it is, ARTIFACT.provenance.json may: {"sha256",
"commit", "created", "expires"}."""


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `evidence index`."""
    text = (
        "refresh the evidence index: artifacts opened, understood, hashed, dated by their content, tied to the release"
    )
    parser = commands.add_parser("index", help=text, description=f"{text}.", epilog=_EPILOG)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--artifacts-dir", metavar="DIR", type=Path, help="where the release's artifacts were put")
    what.add_argument("--check", action="store_true", help="write nothing; exit 1 where the index is not sound")
    parser.add_argument("--index", metavar="FILE", type=Path, help=f"the document (default: {_INDEX})")
    parser.add_argument("--release", metavar="TAG", help="the release (default: $GITHUB_REF_NAME)")
    parser.add_argument("--sha", metavar="COMMIT", help="its commit, 40 digits (default: $GITHUB_SHA)")
    parser.add_argument("--max-age", metavar="DURATION", default="30d", help="how old one may be (default: 30d)")
    parser.add_argument("--env", metavar="NAME", help="whose accepted findings count, as its [github] has them")
    parser.add_argument("--environments", metavar="DIR", help="folder of environment files")
    parser.add_argument("--strict", action="store_true", help="exit 1 on anything pending, empty, red, foreign or old")
    parser.set_defaults(run=_index)


def _index(arguments: argparse.Namespace) -> int:
    place = _place(arguments.index, Path.cwd())
    try:
        return _check(place) if arguments.check else _update(arguments, place)
    except OSError as error:
        msg = f"{error.filename or place.index}: {error.strerror}"
        raise ConfigurationError(msg) from error


def _check(place: Place) -> int:
    wrong = list(check(place))
    for line in wrong:
        sys.stdout.write(f"{printable(line, limit=500)}\n")
    sys.stdout.write(f"{place.index.name}: {f'{len(wrong)} problems' if wrong else 'sound'}\n")
    return EXIT_NOT_OK if wrong else 0


def _update(arguments: argparse.Namespace, place: Place) -> int:
    commit = arguments.sha or os.environ.get("GITHUB_SHA") or None
    if commit is not None and (len(commit) != _SHA or set(commit) - set("0123456789abcdef")):
        msg = "--sha: expected the 40 hexadecimal digits of a commit"
        raise ConfigurationError(msg)
    if commit is None and arguments.strict:
        msg = "--strict: nothing can be tied to a release without --sha COMMIT"
        raise ConfigurationError(msg)
    release = arguments.release or os.environ.get("GITHUB_REF_NAME") or "not told"
    now = datetime.now(UTC)
    artifacts = list(found(arguments.artifacts_dir))
    made = rows(artifacts, _rules(arguments, now, commit))
    changed = update(place, made, release, commit, now)
    wrong = [f"{row.asks.title}: {problem}" for row in made for problem in row.problems] + list(strays(artifacts))
    if commit is None:
        wrong.append("not tied to a release: say --sha COMMIT")
    for line in wrong:
        sys.stderr.write(f"{printable(line, limit=500)}\n")
    linked = sum(row.artifact is not None for row in made)
    state = "refreshed" if changed else "unchanged"
    sys.stdout.write(f"{printable(str(place.index))}: {state}, {linked} of {len(made)} linked, {len(wrong)} problems\n")
    return EXIT_NOT_OK if arguments.strict and wrong else 0


def _rules(arguments: argparse.Namespace, now: datetime, commit: str | None) -> Rules:
    try:
        oldest = parse_duration(arguments.max_age)
    except ValueError as error:
        msg = f"--max-age: {error}"
        raise ConfigurationError(msg) from error
    github = None
    if arguments.env is not None:
        folder = folder_of_environments(arguments.environments, os.environ, Path.cwd())
        declared = load(find(arguments.env, folder)).github
        github = declared if isinstance(declared, Github) else None
    return Rules.of(github, now, commit, oldest)


def _place(index: Path | None, start: Path) -> Place:
    """Return where the index lies; its repository is the nearest folder above it that holds one, or `docs`' own."""
    if index is None:
        above = next((p / _INDEX for p in (start, *start.parents) if (p / _INDEX).is_file()), None)
        if above is None:
            msg = f"there is no {_INDEX} here or above; name it with --index"
            raise ConfigurationError(msg)
        return Place(above, above.parents[2])
    if not index.is_file():
        msg = f"--index {index}: no such file; it needs the markers <!-- evidence-start --> and <!-- evidence-end -->"
        raise ConfigurationError(msg)
    full = index.resolve()
    root = next((p for p in full.parents if (p / ".git").exists()), full.parent)
    return Place(full, root)
