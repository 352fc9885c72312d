"""What the Allure report needs beside what allure-pytest writes: categories, environment, executor; and a last sweep.

Written into the folder of results, which allure-pytest fills while the checks run.
"""

import functools
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from apgms_ops.reports.model import CheckResult
from apgms_ops.verdict import Verdict

# The first category that fits takes a result, so the special ones come first.
CATEGORIES: tuple[dict[str, Any], ...] = (
    {"name": "Waived: known issues", "matchedStatuses": ["failed"], "messageRegex": r"(?s)^WAIVED\b.*"},
    {"name": "Failed: the promise was seen not to hold", "matchedStatuses": ["failed"]},
    {"name": "Could not be observed: never green", "matchedStatuses": ["broken"]},
    {"name": "Declared absent in this environment", "matchedStatuses": ["skipped"]},
)

CHECK_LABEL = "check"
"""The label that carries a check's id, by which its result is found again."""
RUN_LABEL = "run"
"""The label that carries the run's id: a folder given with --alluredir may hold the results of earlier runs."""
_STATUSES: Mapping[Verdict, str] = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.WAIVED: "failed",
    Verdict.UNKNOWN: "broken",
    Verdict.SKIPPED: "skipped",
}
_TRACE_LIMIT = 8000
"""Characters, from the end."""


def write_categories(folder: Path) -> None:
    """Write how results are grouped."""
    _write_json(folder / "categories.json", list(CATEGORIES))


def write_environment(folder: Path, values: Mapping[str, str]) -> None:
    """Write the report's environment box: Java properties, one harmless line a value."""
    lines = [f"{_escaped(key, key=True)}={_escaped(value, key=False)}" for key, value in values.items()]
    (folder / "environment.properties").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _escaped(text: str, *, key: bool) -> str:
    # Java reads a property file as Latin-1 with \uXXXX escapes, and a backslash or a line break as syntax.
    out = []
    for char in text:
        if char == "\\" or (key and char in " =:#!"):
            out.append(f"\\{char}")
        elif " " <= char <= "~":
            out.append(char)
        else:
            units = char.encode("utf-16-be")
            out.extend(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
    return "".join(out)


def write_executor(folder: Path, run: str, environ: Mapping[str, str]) -> None:
    """Write who ran it: the CI job that the environment variables tell of, or a local run."""
    executor: dict[str, Any] = {"name": "local run", "type": "local", "buildName": run}
    if environ.get("GITHUB_ACTIONS") == "true":
        server, repository = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_REPOSITORY", "")
        number, job = environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_WORKFLOW", "GitHub Actions")
        executor |= {"name": f"{job} ({environ.get('GITHUB_ACTOR', 'unknown')})", "type": "github"}
        if server and repository and number:
            executor["buildUrl"] = f"{server}/{repository}/actions/runs/{number}"
        if number.isdecimal():
            executor["buildOrder"] = int(number)
    _write_json(folder / "executor.json", executor)


def write_missing(folder: Path, check: CheckResult, environment: str, at_ms: int) -> None:
    """Write a result for a check that has none, because it never ran to its end, or in a process that died.

    Args:
        folder: The folder of results.
        check: The check.
        environment: The environment's name, a parameter as in the other results.
        at_ms: When the run ended, in milliseconds since the epoch.
    """
    name = hashlib.md5(f"{check.id}@{environment}".encode(), usedforsecurity=False).hexdigest()
    result = {
        "uuid": str(uuid.uuid4()),
        "historyId": name,
        "testCaseId": name,
        "fullName": check.id,
        "name": check.promise,
        "status": _STATUSES[check.verdict],
        "statusDetails": {"message": f"{check.verdict}: {check.seen}"},
        "start": at_ms,
        "stop": at_ms,
        "labels": [{"name": "feature", "value": check.section}, {"name": "story", "value": check.step_title}],
        "parameters": [{"name": "environment", "value": environment}],
    }
    _write_json(folder / f"{result['uuid']}-result.json", result)


def write_verdicts(folder: Path, run: str, checks: Iterable[CheckResult]) -> set[str]:
    """Give every result of a run the verdict of its check, in its words; return the checks that have a result.

    The status that allure-pytest wrote is its own reading of pytest's reports, which a hook or another plugin may have
    changed; the message is pytest's account of the expression, with the facts in full, which are attached anyway.
    """
    verdicts = {check.id: check for check in checks}
    there: set[str] = set()
    for path in folder.glob("*-result.json"):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            labels = {label["name"]: label["value"] for label in result["labels"]}
            if labels[RUN_LABEL] != run:
                continue
            check = verdicts[labels[CHECK_LABEL]]
        except (ValueError, KeyError, TypeError):
            continue  # not of this plan: it stays as whoever wrote it left it
        there.add(check.id)
        result["status"] = _STATUSES[check.verdict]
        details = result.pop("statusDetails", None) or {}
        if check.verdict is not Verdict.PASS:
            result["statusDetails"] = {"message": f"{check.verdict}: {check.seen}"}
            trace = details.get("trace")
            if check.verdict is Verdict.UNKNOWN and isinstance(trace, str):
                result["statusDetails"]["trace"] = trace[-_TRACE_LIMIT:]
        _write_json(path, result)
    return there


def sweep(folder: Path, redact: Callable[[str], str]) -> int:
    """Redact every text of the results once more, and return how many files changed.

    The clients redact what they read; this catches what came another way, such as the text of a driver's error. Only
    strings are touched: numbers are typed.
    """
    changed = 0
    redact = functools.cache(redact)  # what several checks look at is attached to each of them
    for path in folder.iterdir():
        before = path.read_bytes()
        if path.suffix == ".json":
            try:
                after = json.dumps(_swept(json.loads(before), redact), ensure_ascii=False).encode()
                same = json.loads(before) == json.loads(after)
            except ValueError:
                # Not JSON after all: an attachment with that name.
                after = redact(before.decode("utf-8", "replace")).encode()
                same = after == before
        elif path.suffix in (".txt", ".csv", ".svg", ".html", ".properties"):
            after = redact(before.decode("utf-8", "replace")).encode()
            same = after == before
        else:
            continue
        if not same:
            path.write_bytes(after)
            changed += 1
    return changed


def _swept(data: Any, redact: Callable[[str], str]) -> Any:  # noqa: ANN401 — JSON
    if isinstance(data, str):
        return redact(data)
    if isinstance(data, list):
        return [_swept(item, redact) for item in data]
    if isinstance(data, dict):
        return {key: _swept(value, redact) for key, value in data.items()}
    return data


def _write_json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
