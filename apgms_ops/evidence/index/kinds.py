"""What an artifact is, by its content and never by its name: bill of materials, scan, load test, audit events. Pure."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid

SBOM, SCAN, LOAD, AUDIT = "sbom", "scan", "load-test", "audit-sample"
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_COMMIT_NAMES: Final = {
    "commit",
    "git.commit",
    "git.sha",
    "github.sha",
    "org.opencontainers.image.revision",
    "revision",
    "sha",
    "vcs.revision",
}
_RISKS: Final = {"0": "INFO", "1": "LOW", "2": "MEDIUM", "3": "HIGH"}
"""ZAP's `riskcode`."""
_LEVELS: Final = {"none": "INFO", "note": "LOW", "warning": "MEDIUM", "error": "HIGH"}
"""SARIF's `level`, where no rule gives a severity."""
_CRITICAL: Final = 9.0
_HIGH: Final = 7.0
_MEDIUM: Final = 4.0
_TRIVYS: Final = (("Vulnerabilities", "VulnerabilityID"), ("Misconfigurations", "ID"), ("Secrets", "RuleID"))
"""Kind of finding in Trivy's output → what names it."""
_OSF: Final = ("event_id", "org_id", "actor_id", "action", "at", "prev_hash", "hash")
"""What makes an event attributable, in its order and unaltered."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a scanner."""

    id: str
    severity: str
    """INFO, LOW, MEDIUM, HIGH, CRITICAL, or UNKNOWN."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What an artifact says."""

    kind: str
    form: str
    """CycloneDX, SPDX, Trivy, …"""
    summary: str
    """In a few words: `212 components`."""
    at: datetime | None
    """When it was made, by its own content; None where that does not say."""
    commits: tuple[str, ...]
    """Commits that its content names."""
    findings: tuple[Finding, ...] = ()
    faults: tuple[str, ...] = field(default=())
    """Why it is no good evidence."""


def understand(data: bytes) -> Understood:
    """Say what an artifact is.

    Raises:
        EvidenceInvalid: It is empty, damaged, or of no kind that is known; the text says which.
    """
    if not data.strip():
        msg = "empty"
        raise EvidenceInvalid(msg)
    try:
        body = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return _of_lines(data)
    try:
        return _of_json(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"malformed ({type(error).__name__}: {str(error)[:80]})"
        raise EvidenceInvalid(msg) from error


def _of_json(body: Any) -> Understood:  # noqa: ANN401 — JSON
    if isinstance(body, dict):
        for known, read in _KINDS:
            if known(body):
                return read(body)
        if "event_id" in body and "action" in body:
            return _audit([body])
    if isinstance(body, list) and body and all(isinstance(one, dict) and "action" in one for one in body):
        return _audit(body)
    what = "an empty document" if not body else "of no kind that evidences a control"
    raise EvidenceInvalid(what)


def _of_lines(data: bytes) -> Understood:
    """Read JSON lines, which is how audit events are exported."""
    try:
        events = [json.loads(line) for line in data.decode().splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        msg = "damaged, or not JSON"
        raise EvidenceInvalid(msg) from error
    if not all(isinstance(event, dict) and "action" in event for event in events):
        msg = "of no kind that evidences a control"
        raise EvidenceInvalid(msg)
    return _audit(events)


def _cyclonedx(body: Mapping[str, Any]) -> Understood:
    components = body.get("components") or []
    metadata = body.get("metadata") or {}
    component = metadata.get("component") or {}
    named = [*(metadata.get("properties") or []), *(component.get("properties") or [])]
    commits = [p.get("value") for p in named if str(p.get("name", "")).lower() in _COMMIT_NAMES]
    faults = () if components else ("it names no component",)
    summary = f"{len(components)} components"
    return Understood(SBOM, "CycloneDX", summary, _time(metadata.get("timestamp")), _commits(commits), faults=faults)


def _spdx(body: Mapping[str, Any]) -> Understood:
    packages = body.get("packages") or []
    created = (body.get("creationInfo") or {}).get("created")
    versions = [package.get("versionInfo") for package in packages]
    faults = () if packages else ("it names no package",)
    return Understood(SBOM, "SPDX", f"{len(packages)} packages", _time(created), _commits(versions), faults=faults)


def _trivy(body: Mapping[str, Any]) -> Understood:
    results = body.get("Results") or []
    found = tuple(
        Finding(str(one[name]), _severity(one.get("Severity")))
        for result in results
        for kind, name in _TRIVYS
        for one in result.get(kind) or []
        if one.get("Status") != "PASS"  # a misconfiguration that was looked for, and is none
    )
    config = ((body.get("Metadata") or {}).get("ImageConfig") or {}).get("config") or {}
    labels = config.get("Labels") or {}
    commits = [value for name, value in labels.items() if name.lower() in _COMMIT_NAMES]
    faults = () if results else ("nothing was looked through",)
    return Understood(SCAN, "Trivy", _counts(found), _time(body.get("CreatedAt")), _commits(commits), found, faults)


def _grype(body: Mapping[str, Any]) -> Understood:
    found = tuple(
        Finding(str(match["vulnerability"]["id"]), _severity(match["vulnerability"].get("severity")))
        for match in body["matches"]
    )
    described = body["descriptor"]
    labels = ((body.get("source") or {}).get("target") or {}).get("labels") or {}
    commits = [value for name, value in labels.items() if name.lower() in _COMMIT_NAMES]
    return Understood(SCAN, "Grype", _counts(found), _time(described.get("timestamp")), _commits(commits), found)


def _sarif(body: Mapping[str, Any]) -> Understood:
    found: list[Finding] = []
    times: list[datetime] = []
    commits: list[object] = []
    for run in body["runs"]:
        rules = {rule["id"]: rule for rule in run["tool"]["driver"].get("rules") or []}
        for result in run.get("results") or []:
            rule = rules.get(result.get("ruleId"), {})
            score = (rule.get("properties") or {}).get("security-severity")
            level = result.get("level") or (rule.get("defaultConfiguration") or {}).get("level") or "warning"
            severity = _LEVELS.get(str(level), "UNKNOWN") if score is None else _scored(float(score))
            found.append(Finding(str(result.get("ruleId", "?")), severity))
        ended = [_time(call.get("endTimeUtc")) for call in run.get("invocations") or []]
        times += [at for at in ended if at is not None]
        commits += [origin.get("revisionId") for origin in run.get("versionControlProvenance") or []]
    faults = () if body["runs"] else ("no tool was run",)
    return Understood(SCAN, "SARIF", _counts(found), max(times, default=None), _commits(commits), tuple(found), faults)


def _zap(body: Mapping[str, Any]) -> Understood:
    found = tuple(
        Finding(str(alert.get("pluginid", "?")), _RISKS.get(str(alert.get("riskcode")), "UNKNOWN"))
        for site in body["site"]
        for alert in site.get("alerts") or []
    )
    faults = () if body["site"] else ("no site was looked at",)
    return Understood(SCAN, "ZAP", _counts(found), _time(body.get("created")), (), found, faults)


def _k6(body: Mapping[str, Any]) -> Understood:
    crossed: list[str] = []
    count = 0
    for name, metric in body["metrics"].items():
        for expression, held in (metric.get("thresholds") or {}).items():
            count += 1
            # handleSummary says `{"ok": true}`; --summary-export says true where the threshold was crossed.
            ok = held["ok"] if isinstance(held, dict) else held is False
            if ok is not True:
                crossed.append(f"{name} {expression}")
    requests = (body["metrics"].get("http_reqs") or {}).get("count")
    if requests is None:
        requests = ((body["metrics"].get("http_reqs") or {}).get("values") or {}).get("count", 0)
    faults = [f"threshold crossed: {one}" for one in crossed]
    if not count:
        faults.append("it has no thresholds: nothing was required of it")
    if not requests:
        faults.append("no request was made")
    at = _time((body.get("state") or {}).get("endedAt") or body.get("timestamp"))
    summary = f"{count - len(crossed)} of {count} thresholds met, {requests} requests"
    return Understood(LOAD, "k6", summary, at, (), faults=tuple(faults))


def _audit(events: Sequence[Mapping[str, Any]]) -> Understood:
    missing = sorted({name for event in events for name in _OSF if not event.get(name)})
    faults = [f"events lack {', '.join(missing)}"] if missing else []
    if not events:
        faults.append("it holds no event")
    newest = max((at for at in (_time(event.get("at")) for event in events) if at is not None), default=None)
    return Understood(AUDIT, "audit events", f"{len(events)} events", newest, (), faults=tuple(faults))


_KINDS: Final[tuple[tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], Understood]], ...]] = (
    (lambda b: b.get("bomFormat") == "CycloneDX", _cyclonedx),
    (lambda b: str(b.get("spdxVersion", "")).startswith("SPDX-"), _spdx),
    (lambda b: b.get("SchemaVersion") == 2 and "ArtifactName" in b, _trivy),  # noqa: PLR2004 — Trivy's own
    (lambda b: isinstance(b.get("matches"), list) and "descriptor" in b, _grype),
    (lambda b: str(b.get("version", "")).startswith("2.1") and isinstance(b.get("runs"), list), _sarif),
    (lambda b: isinstance(b.get("site"), list) and "@programName" in b, _zap),
    (lambda b: isinstance(b.get("metrics"), dict) and ("root_group" in b or "http_reqs" in b["metrics"]), _k6),
)


def _counts(found: Sequence[Finding]) -> str:
    order = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO", "UNKNOWN")
    counted = [(name, sum(one.severity == name for one in found)) for name in order]
    return ", ".join(f"{number} {name}" for name, number in counted if number) or "no findings"


def _severity(said: object) -> str:
    name = str(said or "").upper()
    return {"NEGLIGIBLE": "INFO"}.get(name, name if name in ("LOW", "MEDIUM", "HIGH", "CRITICAL") else "UNKNOWN")


def _scored(score: float) -> str:
    return "CRITICAL" if score >= _CRITICAL else "HIGH" if score >= _HIGH else "MEDIUM" if score >= _MEDIUM else "LOW"


def _commits(found: Sequence[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in found if isinstance(one, str) and _COMMIT.fullmatch(one)))


def _time(said: object) -> datetime | None:
    if not isinstance(said, str):
        return None
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def strings(body: Any, where: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 — JSON
    """Yield every text in decoded JSON with its place; numbers are never looked at as text."""
    if isinstance(body, str):
        yield where or "the document", body
    elif isinstance(body, Mapping):
        for key, value in body.items():
            # A name may say what its value is: `"password": "…"` is found together alone.
            yield f"{where}.{key}".lstrip("."), f"{key}: {value}" if isinstance(value, str) else str(key)
            yield from strings(value, f"{where}.{key}".lstrip(".")) if not isinstance(value, str) else ()
    elif isinstance(body, list):
        for number, value in enumerate(body):
            yield from strings(value, f"{where}[{number}]")
