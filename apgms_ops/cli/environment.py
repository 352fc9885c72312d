"""`apgms-ops env list` and `apgms-ops env show NAME`: what the environment files say. Neither needs a secret."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from apgms_ops.cli import environment_backups, environment_oncall
from apgms_ops.environment.loading import find, folder_of_environments, known, load, secrets_of
from apgms_ops.environment.model import (
    SECTIONS,
    Absent,
    Archive,
    Availability,
    Backups,
    Environment,
    Evidence,
    Github,
    Kafka,
    Kubernetes,
    Latency,
    LookupLatency,
    Maintenance,
    Objective,
    Oncall,
    Persistence,
    Postgres,
    Prometheus,
    Smoke,
)
from apgms_ops.environment.snapshot import as_json
from apgms_ops.environment.types import format_duration, format_ratio
from apgms_ops.redact import printable
from apgms_ops.sandbox import location


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `env` to the command line; each command sets `run`, which takes the arguments and returns the exit code."""
    env = commands.add_parser("env", help="show what the environment files say", description=__doc__)
    actions = env.add_subparsers(metavar="COMMAND", required=True)
    listing = actions.add_parser("list", help="name every environment, with its file")
    show = actions.add_parser("show", help="print one: services, limits with their source, secrets as references")
    show.add_argument("name", metavar="NAME", help="a name of `env list`, or the path of a file")
    show.add_argument("--json", action="store_true", help="print it as a run records it")
    for parser in (listing, show):
        parser.add_argument(
            "--environments", metavar="DIR", help="folder of environment files ($APGMS_ENVIRONMENTS, ./environments)"
        )
    listing.set_defaults(run=_list)
    show.set_defaults(run=_show)


def _folder(arguments: argparse.Namespace) -> Path:
    return folder_of_environments(arguments.environments, os.environ, Path.cwd())


def _print(lines: Iterator[str]) -> int:
    # The model refuses control characters in text, so a line is harmless; what a terminal cannot encode is replaced.
    text = "".join(f"{line.rstrip()}\n" for line in lines)
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    return 0


def _list(arguments: argparse.Namespace) -> int:
    folder = _folder(arguments)
    return _print(f"{name:<20} {folder / name}.toml" for name in known(folder))


def _show(arguments: argparse.Namespace) -> int:
    path = find(arguments.name, _folder(arguments))
    # A running sandbox has written its own copy, with its addresses filled in.
    running = location.root(os.environ) / path.name
    if arguments.name == "sandbox" and running.is_file():
        path = running
    environment = load(path)
    if arguments.json:
        sys.stdout.write(json.dumps(as_json(environment), indent=2) + "\n")
        return 0
    return _print(describe(environment, str(path), datetime.now(UTC)))


def describe(environment: Environment, path: str, now: datetime) -> Iterator[str]:
    """Yield the lines that a person reads.

    Args:
        environment: What the file declares.
        path: The file.
        now: Tells acceptances and maintenance windows in force from expired ones.
    """
    yield f"environment {environment.name}    {printable(path)}"
    yield from (f"  note: {note}" for note in environment.notes)
    yield ""
    yield "services"
    for name, service in environment.services.items():
        replicas = f"{service.replicas} replica{'s' if service.replicas > 1 else ''}"
        yield f"  {name:<14} deployment {service.deployment}, {replicas}"
        yield from _columns((_objective(o), o.source) for o in service.objectives)
    yield ""
    yield "limits"
    yield from _columns(_limits(environment))
    for section in SECTIONS:
        yield ""
        yield from _section(environment, section, now)
    yield ""
    yield "maintenance"
    yield from _or((_window(window, now) for window in environment.maintenance), "  none declared")
    yield ""
    yield "secrets (read when a run starts; never shown)"
    yield from _or((f"  {reference}" for reference in secrets_of(environment)), "  none needed")


def _window(window: Maintenance, now: datetime) -> str:
    over = " (over)" if window.end <= now else ""
    return f"  {window.service} from {window.start.isoformat()} to {window.end.isoformat()}: {window.reason}{over}"


def _or(lines: Iterator[str], nothing: str) -> Iterator[str]:
    first = next(lines, None)
    yield nothing if first is None else first
    yield from lines


def _columns(rows: Iterator[tuple[str, str]]) -> Iterator[str]:
    return (f"    {left:<58} {source}" for left, source in rows)


def _objective(objective: Objective) -> str:
    match objective:
        case Latency():
            share, limit = format_ratio(objective.quantile), format_duration(objective.limit)
            return f"{share} of requests take less than {limit}, over {format_duration(objective.window)}"
        case LookupLatency():
            share, limit = format_ratio(objective.quantile), format_duration(objective.limit)
            which = f"look-ups ({', '.join(objective.sources)})"
            return f"{share} of {which} take less than {limit}, over {format_duration(objective.window)}"
        case Availability():
            return f"{format_ratio(objective.target)} of requests without 5xx, over {format_duration(objective.window)}"
        case Persistence():
            within = f"within {format_duration(objective.settling_time)}, over {format_duration(objective.window)}"
            return f"{format_ratio(objective.target)} of emitted events persisted {within}"
        case _:
            return f"nothing unreconciled for {format_duration(objective.limit)} or longer"


def _limits(environment: Environment) -> Iterator[tuple[str, str]]:
    limits = environment.limits
    lag, dead = limits.consumer_lag, limits.dead_letters_per_day
    left, coverage = limits.remaining_budget, limits.window_coverage
    yield f"consumer_lag: below {lag.value} messages a group and topic", lag.source
    yield f"dead_letters_per_day: at most {dead.value} a topic", dead.source
    yield f"remaining_budget: at least {format_ratio(left.value)} of the error budget", left.source
    yield f"window_coverage: at least {format_ratio(coverage.value)} of a window's hours", coverage.source
    outside, retention = limits.outside_disagreement, limits.audit_retention
    yield f"outside_disagreement: at most {format_ratio(outside.value)} of probes", outside.source
    yield f"audit_retention: audit rows of {format_duration(retention.value)}", retention.source
    for burn in limits.burn_rates:
        windows = f"over {format_duration(burn.long)} and {format_duration(burn.short)}"
        yield f"burn_rates: below {burn.rate:g} {windows}", "SRE workbook: multi-window burn rates"


_PINNED_AS: Final = {"smoke": "services", "oncall": "pagerduty"}
"""Sections whose system is pinned under another name; the front door says what the services say."""


def _section(environment: Environment, section: str, now: datetime) -> Iterator[str]:
    declared = getattr(environment, section)
    yield section
    if declared is None:
        none = "not declared: its runs say UNSEALED, and are no evidence"
        yield f"  {none}" if section == "evidence" else "  not declared: a check that needs it stops the run (exit 4)"
        return
    if isinstance(declared, Absent):
        yield f"  absent: {declared.absent} (its checks are SKIPPED)"
        return
    if isinstance(declared, Evidence | Archive | Backups):
        yield from _keeping(declared, now)
        return
    pinned = getattr(environment.identities, _PINNED_AS.get(section, section))
    yield f"  identity: {pinned or 'NOT PINNED: whatever answers at this address is believed'}"
    yield from _target(declared, now)


def _target(declared: object, now: datetime) -> Iterator[str]:
    if isinstance(declared, Kafka):
        yield from _kafka(declared, now)
    elif isinstance(declared, Postgres):
        yield (
            f"  dsn: {declared.dsn}"
            if declared.via is None
            else f"  via: {declared.via}, on a {declared.role or 'replica'}"
        )
    elif isinstance(declared, Prometheus):
        where = f"url: {declared.url}, token {declared.token or 'none'}" if declared.url else f"via: {declared.via}"
        yield f"  {where}, identity label {declared.identity_label}"
    elif isinstance(declared, Github):
        yield from _github(declared, now)
    elif isinstance(declared, Kubernetes):
        yield f"  {declared.where}, namespace {declared.namespace}"
    elif isinstance(declared, Smoke):
        yield from _smoke(declared, now)
    elif isinstance(declared, Oncall):
        yield from environment_oncall.described(declared)


def _keeping(declared: Evidence | Archive | Backups, now: datetime) -> Iterator[str]:
    if isinstance(declared, Backups):
        return environment_backups.described(declared)
    return _evidence(declared, now) if isinstance(declared, Evidence) else _archive(declared)


def _evidence(evidence: Evidence, now: datetime) -> Iterator[str]:
    required = ", without which a run is not green" if evidence.require_seal else ""
    yield f"  sealed by: {evidence.key or 'nobody: runs say UNSEALED, and are no evidence'}{required}"
    yield f"  dated by: {evidence.timestamp.url if evidence.timestamp else 'nobody: times are only claimed'}"
    yield f"  chain: {evidence.chain or 'beside the runs'}"
    for key in evidence.trusted_keys:
        state = "" if key.in_force(now) else " (not in force now)"
        yield f"  trusted: {key.name} from {key.start.isoformat()} to {key.end.isoformat()}{state}"
    if not evidence.trusted_keys:
        yield "  trusted: NO KEY is named, so a verifier must be told whom to believe"
    limits = [
        ("every: the daily checks run every", evidence.every),
        ("fresh: evidence of a control is at most", evidence.fresh),
    ]
    yield from _columns((f"{what} {format_duration(limit.value)}", limit.source) for what, limit in limits if limit)


def _archive(archive: Archive) -> Iterator[str]:
    where = archive.url or f"AWS, {archive.region}"
    yield f"  s3://{archive.bucket}/{archive.prefix}/ at {where}, key {archive.access_key_id}"
    yield f"  runs sealed since: {archive.since.isoformat() if archive.since else 'ever'}"
    limits = [("within: stored within", archive.within), ("retention: kept for at least", archive.retention)]
    yield from _columns((f"{what} {format_duration(limit.value)}", limit.source) for what, limit in limits)


def _smoke(smoke: Smoke, now: datetime) -> Iterator[str]:
    yield f"  front door: {smoke.base_url}, TLS {smoke.minimum_tls} or newer"
    yield f"  tenant: {smoke.organisation}, user {smoke.username}; beside it, user {smoke.other_tenant.username}"
    yield f"  employer: {smoke.legal_name}, one of {len(smoke.abns)} numbers; bank {smoke.bank}"
    limits = [
        ("abandoned_after: a walk is dead", smoke.abandoned_after),
        ("duration: the whole walk takes at most", smoke.duration),
        ("step_limit: a request takes at most", smoke.step_limit),
        *((f"step_limits: a request of {name} takes at most", limit) for name, limit in smoke.step_limits.items()),
        ("acknowledgement: of a payment, within", smoke.acknowledgement),
        ("audit: tells of every step within", smoke.audit),
        ("token_lifetime: at most", smoke.token_lifetime),
        ("clock_skew: at most", smoke.clock_skew),
    ]
    yield from _columns((f"{what} {format_duration(limit.value)}", limit.source) for what, limit in limits)
    for accepted in smoke.accepted_residue:
        state = "until" if accepted.in_force(now) else "EXPIRED"
        yield f"    accepted: {accepted.name} {state} {accepted.expires.isoformat()}: {accepted.reason}"


def _github(github: Github, now: datetime) -> Iterator[str]:
    yield f"  repository: {github.owner}/{github.repository} at {github.url}, token {github.token}"
    yield f"  a release is on {github.branch}, built by {github.workflow}, tested by {github.test_workflow}"
    yield f"  checks that must succeed: {', '.join(github.required_checks)}"
    yield f"  jobs that must succeed: {', '.join(github.required_jobs)}"
    yield f"  the scanner may find what is {github.highest_accepted_severity} or less"
    for accepted in (*github.accepted_vulnerabilities, *github.accepted_reruns):
        state = "until" if accepted.in_force(now) else "EXPIRED"
        yield f"    accepted: {accepted.name} {state} {accepted.expires.isoformat()}: {accepted.reason}"


def _kafka(kafka: Kafka, now: datetime) -> Iterator[str]:
    security = kafka.security
    yield f"  bootstrap: {', '.join(kafka.bootstrap)}"
    sasl = (
        f" {security.mechanism}, user {security.username}, password {security.password}" if security.mechanism else ""
    )
    yield f"  via: {kafka.via}" if kafka.via is not None else f"  security: {security.protocol}{sasl}"
    yield f"  offsets read twice, {format_duration(kafka.stall_window)} apart, {kafka.isolation_level}"
    yield f"  topics that must exist ({len(kafka.required_topics)}, with dead letters)"
    yield from (f"    {t.name}, {t.partitions} partitions{', dlq' if t.dlq else ''}" for t in kafka.topics)
    yield "  groups that must keep up"
    yield from (f"    {group.name} on {', '.join(group.topics)}" for group in kafka.groups)
    if kafka.ignored_groups:
        yield "  groups that are accepted"
    for accepted in kafka.ignored_groups:
        state = "until" if accepted.in_force(now) else "EXPIRED"
        yield f"    {accepted.name} {state} {accepted.expires.isoformat()}: {accepted.reason}"
