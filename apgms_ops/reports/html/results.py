"""What Allure is given: a result for each check, made of the run's verified ledger and observations alone.

What allure-pytest wrote while the checks ran is not read: no digest of the ledger covers it, and a report that is
greener than the ledger would be a false green.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import md5
from pathlib import Path
from typing import Any, Final

from apgms_ops.environment import snapshot
from apgms_ops.environment.model import Environment, Smoke
from apgms_ops.errors import EvidenceInvalid, ReportError
from apgms_ops.evidence.run import RecordedRun
from apgms_ops.observation import digest
from apgms_ops.reports.html.description import Evidence, describe
from apgms_ops.reports.html.limits import limits_of
from apgms_ops.reports.pictures import picture
from apgms_ops.reports.tables import tables
from apgms_ops.reports.told import Told, began, told
from apgms_ops.verdict import Verdict

GROUP_LABEL: Final = "group"
"""By its values the report groups: each check stands under its step, its service and its controls."""
VERDICT_LABEL: Final = "verdict"
_STATUSES: Final[Mapping[Verdict, str]] = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.WAIVED: "failed",
    Verdict.UNKNOWN: "broken",
    Verdict.SKIPPED: "skipped",
}


def write_results(run: RecordedRun, folder: Path) -> int:
    """Write the results of a run into `folder`, and return how many there are.

    Raises:
        EvidenceInvalid: The run contradicts itself.
        ReportError: It planned no check.
    """
    checks = told(run)
    if not checks:
        msg = f"{run.path.name} planned no check: there is nothing to show"
        raise ReportError(msg)
    environment = environment_of(run)
    evidence = {probe: _evidence(run, probe) for check in checks for probe in check.probes}
    pictures = {probe: _picture(one, environment) for probe, one in evidence.items()}
    shown = {probe: tuple(_attachments(one)) for probe, one in evidence.items()}
    for number, check in enumerate(checks):
        seen = [evidence[probe] for probe in check.probes]
        drawn = [(probe, drawing) for probe in check.probes if (drawing := pictures[probe]) is not None]
        limits = () if environment is None else tuple(limits_of(check, environment))
        attached = _attach(folder, number, [one for probe in check.probes for one in shown[probe]])
        result = _result(check, number, at=_at(seen, began(run)))
        result |= {"descriptionHtml": describe(check, limits, seen, drawn), "attachments": attached}
        _write(folder / f"{number:05d}-result.json", result)
    return len(checks)


def write_history(earlier: Iterable[RecordedRun], file: Path) -> int:
    """Write the verdicts of earlier runs, the newest first, as Allure's history; return how many could be told."""
    points = []
    for run in earlier:
        try:
            points.append(_point(run))
        except EvidenceInvalid:
            continue  # the front page says so
    points.reverse()
    file.write_text("".join(f"{json.dumps(point, ensure_ascii=False)}\n" for point in points), encoding="utf-8")
    return len(points)


def environment_of(run: RecordedRun) -> Environment | None:
    """Return the environment as it was in force; None where the run recorded none.

    Raises:
        EvidenceInvalid: What lies there is not what the ledger names.
    """
    expected = run.plan.get("environment_sha256")
    if expected is None:
        return None
    file = run.path / "environment.json"
    try:
        data = file.read_bytes().rstrip(b"\n")
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}"
        raise EvidenceInvalid(msg) from error
    if digest(data) != expected:
        msg = f"{file}: its content is not what the ledger recorded (it was altered)"
        raise EvidenceInvalid(msg)
    return snapshot.from_json(json.loads(data))


def _evidence(run: RecordedRun, probe: str) -> Evidence:
    name = run.observations.get(probe)
    if name is None:
        return Evidence(probe, None, None, "not made in this run")
    try:
        return Evidence(probe, name, run.observation(probe))
    except EvidenceInvalid as error:
        return Evidence(probe, name, None, str(error))


def _picture(one: Evidence, environment: Environment | None) -> str | None:
    if one.observation is None or environment is None:
        return None
    smoke = environment.smoke if isinstance(environment.smoke, Smoke) else None
    return picture(one.observation, environment.limits, environment.deployment, smoke)


def _attachments(one: Evidence) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the media type and the text of what shows an observation: its records, and all of it."""
    if one.observation is not None:
        for name, table in tables(one.observation.facts):
            yield f"{one.probe}: {name}", "text/csv", table
        text = json.dumps(one.observation.to_json(), indent=1, ensure_ascii=False)
        yield f"{one.probe}: observation", "application/json", text


def _attach(folder: Path, number: int, shown: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    """Write what is attached; Allure lets one result alone have a file, so that each check has its own."""
    attached = []
    for count, (name, kind, text) in enumerate(shown):
        source = f"{number:05d}-{count:03d}-attachment.{'csv' if kind == 'text/csv' else 'json'}"
        (folder / source).write_text(text, encoding="utf-8")
        attached.append({"name": name, "source": source, "type": kind})
    return attached


def title(check: Told) -> str:
    """Return what a check is called: its verdict first, unless it PASSED; Allure has other words for verdicts."""
    name = check.promise if check.service is None else f"{check.promise} ({check.service})"
    return name if check.verdict is Verdict.PASS else f"{check.verdict} · {name}"


def _result(check: Told, number: int, at: datetime) -> dict[str, Any]:
    start = round(at.timestamp() * 1000)
    groups = [
        f"Runbook · {check.section} {check.step}. {check.step_title}",
        f"Service · {check.service or 'of the whole platform'}",
        *(f"Control · {control}" for control in check.controls or ("none",)),
    ]
    tags = [str(check.verdict), *(f"control: {control}" for control in check.controls)]
    tags += [] if check.service is None else [f"service: {check.service}"]
    told_labels = [(GROUP_LABEL, group) for group in groups] + [("tag", tag) for tag in tags]
    told_labels += [(VERDICT_LABEL, str(check.verdict))]
    result: dict[str, Any] = {
        "uuid": f"{number}-{check.id}",
        "fullName": check.id,
        "name": title(check),
        "status": _STATUSES[check.verdict],
        "start": start,
        "stop": start + round(check.took * 1000),
        "labels": [{"name": name, "value": value} for name, value in told_labels],
    }
    if check.verdict is not Verdict.PASS:
        waived = "" if check.waiver is None else f" (waived: {check.waiver.get('reason')})"
        result["statusDetails"] = {"message": f"{check.verdict}: {check.seen}{waived}"}
    return result


def _at(seen: Iterable[Evidence], planned: datetime) -> datetime:
    """Return when a check could be judged: once the last of its observations was made."""
    return max((one.observation.observed_at for one in seen if one.observation is not None), default=planned)


def _point(run: RecordedRun) -> dict[str, Any]:
    at = began(run)
    start = round(at.timestamp() * 1000)
    results = {}
    for number, check in enumerate(told(run)):
        key = _history_id(check.id)
        results[key] = {
            "id": _md5(f"{run.path.name} {number}"),
            "name": title(check),
            "fullName": check.id,
            "status": _STATUSES[check.verdict],
            "start": start,
            "stop": start + round(check.took * 1000),
            "duration": round(check.took * 1000),
            "message": f"{check.verdict}: {check.seen}" if check.verdict is not Verdict.PASS else "",
            "labels": [],
            "url": "",
            "historyId": key,
        }
    known = [key.partition(".")[0] for key in results]
    shown = {"name": f"{at:%Y-%m-%d %H:%M} UTC", "timestamp": start, "knownTestCaseIds": known}
    return {"uuid": _md5(run.path.name), **shown, "testResults": results, "metrics": {}, "url": ""}


def _history_id(check: str) -> str:
    """Return the name under which Allure finds a check again: of its full name, and of its parameters, here none."""
    return f"{_md5(check)}.{_md5('')}"


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def _write(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
