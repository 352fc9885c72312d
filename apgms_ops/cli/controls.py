"""`apgms-ops controls`: how each of the ATO's controls stands; and `controls register`, for what people supply."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from apgms_ops.cli import docs, report
from apgms_ops.cli.evidence_period import ZONE, moment
from apgms_ops.compliance import load_controls
from apgms_ops.compliance.supplied import FILE, load_supplied
from apgms_ops.compliance.supplied import register as register_document
from apgms_ops.environment.evidence import Evidence
from apgms_ops.environment.loading import find, folder_of_environments, load
from apgms_ops.evidence.standing import Standing, last_seen, standings
from apgms_ops.redact import printable

EXIT_GAPS = 1
_SHOWN = 4
"""Gaps of one control that are listed."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `controls`."""
    text = "per control: the checks that evidence it, what they last came to, documents, and gaps as gaps"
    parser = subparsers.add_parser("controls", help=text, description=f"{text}.")
    parser.add_argument("--env", metavar="NAME", default="production", help="whose runs (default: production)")
    parser.add_argument("--environments", metavar="DIR", help="folder of environment files")
    parser.add_argument("--runs", metavar="DIR", type=Path, help=f"folder of runs (default: {report.RUNS})")
    parser.add_argument("--strict", action="store_true", help="exit 1 where there is a gap")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.set_defaults(run=_controls)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    text = f"register a document as evidence of a control, in environments/{FILE}"
    add = commands.add_parser("register", help=text, description=f"{text}; its digest tells if it is changed later.")
    add.add_argument("document", metavar="FILE", type=Path)
    add.add_argument("--control", metavar="NAME", required=True)
    add.add_argument("--title", required=True)
    add.add_argument("--owner", required=True, help="who answers for it")
    add.add_argument("--expires", metavar="DATE", required=True, help=f"its last day is the one before, in {ZONE.key}")
    add.set_defaults(run=_register)


def _folder(arguments: argparse.Namespace) -> Path:
    return folder_of_environments(arguments.environments, os.environ, Path.cwd())


def _register(arguments: argparse.Namespace) -> int:
    expires = moment(arguments.expires, "--expires").astimezone(ZONE)
    told = {"control": arguments.control, "title": arguments.title, "owner": arguments.owner}
    now = datetime.now(UTC).replace(microsecond=0)
    added = register_document(_folder(arguments), arguments.document, told, now, expires)
    words = f"{added.control}: {added.title}, owner {added.owner}, until {expires.isoformat()}"
    sys.stdout.write(f"registered {printable(words, limit=500)}\nsha256 {added.sha256}\n")
    return 0


def _controls(arguments: argparse.Namespace) -> int:
    folder, now = _folder(arguments), datetime.now(UTC)
    environment = load(find(arguments.env, folder))
    evidence = environment.evidence
    fresh = evidence.fresh.value if isinstance(evidence, Evidence) and evidence.fresh else None
    start = Path.cwd()
    runs = arguments.runs or report.folder_of_runs(start)
    checks = docs.collected(start)
    supplied = [(document, document.trouble(folder, now)) for document in load_supplied(folder)]
    seen = last_seen(runs, environment.name, checks, now)
    found = standings(load_controls().controls, checks, seen, supplied, now=now, fresh=fresh)
    gaps = sum(bool(one.gaps) for one in found)
    if arguments.json:
        sys.stdout.write(json.dumps([_as_json(one) for one in found], indent=1) + "\n")
    else:
        for one in found:
            sys.stdout.writelines(f"{printable(line, limit=500)}\n" for line in _lines(one, now))
        sys.stdout.write(f"{len(found)} controls in {environment.name}, {gaps} of them with gaps\n")
    return EXIT_GAPS if arguments.strict and gaps else 0


def _lines(one: Standing, now: datetime) -> Iterator[str]:
    control = one.control
    state = "GAP" if one.gaps else "supported" if control.supporting else "evidenced"
    yield f"{state}: {control.name}. {control.asks}"
    seen = [evidenced.seen for evidenced in one.checks if evidenced.seen is not None]
    if one.checks:
        newest = max((found.at for found in seen), default=None)
        age = "" if newest is None else f", the newest {_age(now - newest)} ago"
        yield f"- checks: {len(one.checks)}, {len(seen)} of them seen{age}"
    for document, trouble in one.supplied:
        yield f"- {document.title}, owner {document.owner}, until {document.expires:%Y-%m-%d}: {trouble or 'holds'}"
    if control.supporting:
        yield "- supports the control, and does not meet it alone"
    for gap in one.gaps[:_SHOWN]:
        yield f"- GAP {gap}"
    if len(one.gaps) > _SHOWN:
        yield f"- GAP and {len(one.gaps) - _SHOWN} more"


def _age(span: timedelta) -> str:
    hours, minutes = divmod(max(0, int(span.total_seconds()) // 60), 60)
    days, rest = divmod(hours, 24)
    return f"{days} d {rest} h" if days else f"{hours} h {minutes} min"


def _as_json(one: Standing) -> dict[str, Any]:
    return {
        "control": one.control.name,
        "asks": one.control.asks,
        "supporting": one.control.supporting,
        "checks": [
            {
                "check": evidenced.check.id,
                "promise": evidenced.check.promise,
                "verdict": None if evidenced.seen is None else str(evidenced.seen.verdict),
                "at": None if evidenced.seen is None else evidenced.seen.at.isoformat(),
                "run": None if evidenced.seen is None else evidenced.seen.run,
            }
            for evidenced in one.checks
        ],
        "supplied": [
            {"title": document.title, "owner": document.owner, "sha256": document.sha256, "trouble": trouble or None}
            for document, trouble in one.supplied
        ],
        "gaps": list(one.gaps),
    }
