"""Rules, alerts, targets, build and configuration of Prometheus → facts. Pure."""

from collections.abc import Mapping

from apgms_ops.clients.http.shape import field, list_field, mapping, rfc3339, text_field, texts, wrong
from apgms_ops.clients.prometheus.facts import (
    Alert,
    AlertState,
    Build,
    Rule,
    RuleHealth,
    RuleKind,
    Target,
    TargetHealth,
)
from apgms_ops.clients.prometheus.parse import never_or, state
from apgms_ops.errors import BadAnswer, Incomplete


def rules(data: object) -> tuple[Rule, ...]:
    """Return the rules of every group.

    Raises:
        Incomplete: More groups follow on another page, which was not asked for.
        BadAnswer: The answer is not of the promised shape.
    """
    body = mapping(data, "data")
    groups = list_field(body, "groups", "data")
    if body.get("groupNextToken"):
        msg = f"rules: Prometheus answered {len(groups)} groups and says that more follow"
        raise Incomplete(msg)
    found: list[Rule] = []
    for i, item in enumerate(groups):
        where = f"groups[{i}]"
        group = mapping(item, where)
        name, file = text_field(group, "name", where), text_field(group, "file", where)
        found += (
            _rule(name, file, mapping(rule, f"{where}.rules[{j}]"), f"{where}.rules[{j}]")
            for j, rule in enumerate(list_field(group, "rules", where))
        )
    return tuple(found)


def _rule(group: str, file: str, data: Mapping[str, object], where: str) -> Rule:
    word = text_field(data, "type", where)
    if word not in {kind.value for kind in RuleKind}:
        wrong(f"{where}.type", "alerting or recording", word)
    kind = RuleKind(word)
    evaluated = never_or(data, "lastEvaluation", where)
    return Rule(
        group=group,
        file=file,
        name=text_field(data, "name", where),
        kind=kind,
        query=text_field(data, "query", where),
        health=state(RuleHealth, field(data, "health", where), f"{where}.health"),
        state=state(AlertState, field(data, "state", where), f"{where}.state") if kind is RuleKind.ALERTING else None,
        last_error=text_field(data, "lastError", where) if "lastError" in data else "",
        last_evaluation=None if evaluated is None else rfc3339(evaluated, f"{where}.lastEvaluation"),
    )


def alerts(data: object) -> tuple[Alert, ...]:
    """Return the alerts that are pending or firing; none at all is also what a server without rules answers."""
    return tuple(
        _alert(mapping(item, f"alerts[{i}]"), f"alerts[{i}]")
        for i, item in enumerate(list_field(mapping(data, "data"), "alerts", "data"))
    )


def _alert(data: Mapping[str, object], where: str) -> Alert:
    return Alert(
        labels=texts(field(data, "labels", where), f"{where}.labels"),
        annotations=texts(field(data, "annotations", where), f"{where}.annotations"),
        state=state(AlertState, field(data, "state", where), f"{where}.state"),
        active_at=rfc3339(data["activeAt"], f"{where}.activeAt") if data.get("activeAt") is not None else None,
    )


def targets(data: object) -> tuple[Target, ...]:
    """Return the active targets."""
    return tuple(
        _target(mapping(item, f"activeTargets[{i}]"), f"activeTargets[{i}]")
        for i, item in enumerate(list_field(mapping(data, "data"), "activeTargets", "data"))
    )


def _target(data: Mapping[str, object], where: str) -> Target:
    scraped = never_or(data, "lastScrape", where)
    return Target(
        pool=text_field(data, "scrapePool", where),
        labels=texts(field(data, "labels", where), f"{where}.labels"),
        health=state(TargetHealth, field(data, "health", where), f"{where}.health"),
        last_error=text_field(data, "lastError", where),
        last_scrape=None if scraped is None else rfc3339(scraped, f"{where}.lastScrape"),
    )


def build(data: object) -> Build:
    """Return the build of the server."""
    body = mapping(data, "data")
    return Build(text_field(body, "version", "data"), text_field(body, "revision", "data"))


def external_labels(data: object) -> dict[str, str]:
    """Return the external labels of the configuration that the server runs; none where it has none.

    Raises:
        BadAnswer: The configuration is not what Prometheus writes.
    """
    section = _global_section(text_field(mapping(data, "data"), "yaml", "data"))
    import yaml  # noqa: PLC0415 — heavy

    try:
        parsed = yaml.safe_load(section)
    except (yaml.YAMLError, RecursionError, ValueError):
        # Not quoted: a configuration may hold credentials.
        msg = "the configuration that Prometheus runs is not YAML"
        raise BadAnswer(msg) from None
    body = mapping(parsed or {}, "configuration")
    return texts(mapping(body.get("global") or {}, "global").get("external_labels") or {}, "external_labels")


def _global_section(configuration: str) -> str:
    """Return the lines of the top-level key `global`: parsing the scrape jobs of a large estate takes seconds."""
    kept: list[str] = []
    for line in configuration.splitlines():
        if kept and line and not line.startswith((" ", "#")):
            break
        if kept or line.rstrip() == "global:":
            kept.append(line)
    return "\n".join(kept)
